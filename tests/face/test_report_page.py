"""The report on the example covariances: its page, its pictures, its document."""

import html.parser
import math
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import taskalign as ta
from taskalign import tex
from taskalign.inputs import tasks
from taskalign.mathml import formula, text
from taskalign.plots import figures
from taskalign.report import Parameters, report_data
from taskalign.run_section import number, run_section

from .example import PICTURES, POINT


# --- page -----------------------------------------------------------------------------------------------------
class Page(html.parser.HTMLParser):
    """Tags with their attributes, text, and whether tags close in order."""

    VOID = frozenset({"meta", "img"})

    def __init__(self, source):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.fixture(scope="module")
def parsed(written):
    return Page((written / "report.html").read_text(encoding="utf-8"))


def test_page_is_well_formed(parsed):
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_page_loads_nothing(parsed, written):
    source = (written / "report.html").read_text(encoding="utf-8")
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "iframe", "object", "embed"}
    for _, attributes in parsed.tags:
        assert attributes.get("src", "data:").startswith("data:")
        assert not {"href", "srcset", "style"} & set(attributes)
    style = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in re.sub(r'src="[^"]*"', "", source)


def test_page_holds_the_numbers(parsed, values):
    for name in ("sigma", "M", "dM", "q", "e_scalar", "e_misalign", "e_icl"):
        assert f"{values['quantities'][name]:.12g}" in parsed.text
    for value in values["metrics"].values():
        assert f"{value:.12g}" in parsed.text
    for choice in values["test_choices"].values():
        assert f"{choice['total']:.7f}" in parsed.text


def test_page_renders_the_formulas(parsed):
    labels = {attributes.get("id") for tag, attributes in parsed.tags if tag == "div"}
    shown = {"alignment", "corollaries", "metrics", "ordering", "resolvent", "ridge"}
    assert {equation.label for equation in ta.derive.catalogue().values() if equation.section in shown} <= labels
    assert "\\" not in parsed.text
    assert "$" not in parsed.text
    assert "@" not in parsed.text


def test_every_equation_becomes_mathml():
    for equation in ta.derive.catalogue().values():
        markup = formula(equation.latex(), block=True)
        assert "\\" not in markup, equation.name
        assert "merror" not in markup, equation.name
        assert "1ex" not in markup, equation.name


def test_text_with_formulas():
    assert text("a -- b") == "a – b"
    assert text(r"<$\tau$>") == f"&lt;{formula(chr(92) + 'tau')}&gt;"


# --- pictures -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_not_blank(written, name):
    picture = Image.open(written / f"{name}.png").convert("L")
    assert picture.width > 1000
    levels = np.asarray(picture)
    inked = (levels < 200).mean()
    assert 0.003 < inked < 0.3
    # lines reach both halves
    assert all((half < 200).any() for half in np.array_split(levels, 2, axis=1))


def test_same_numbers_give_the_same_picture(digits):
    assert figures(digits, "svg") == figures(digits, "svg")


def test_branches_are_not_joined_across_the_divergence(digits):
    from matplotlib.figure import Figure

    from taskalign.plots import _draw_curve

    axes = Figure().add_subplot()
    _draw_curve(axes, digits, digits.curves[1])
    total, rounded = [], []
    for line in axes.lines:
        x = np.asarray(line.get_xdata())
        if len(x) > 2:
            (rounded if (x == 1).any() else total).append(x)
    assert len(total) == 6  # three parts, two branches
    assert all((x < 1).all() or (x > 1).all() for x in total)
    assert len(rounded) == 1
    top = axes.get_ylim()[1]
    assert digits.curves[1].branches[0].total.max() > 10 * top
    assert top < 10 * float(digits.error.total)


# --- document -------------------------------------------------------------------------------------------------
def test_document_holds_the_numbers(written, values):
    source = (written / "theory.tex").read_text()
    assert r"\section{This run}" in source
    for name in ("sigma", "q", "e_scalar", "e_misalign", "e_icl"):
        assert f"{values['quantities'][name]:.12g}" in source
    assert r"\frac{0.01 + 1}{2}" in source  # the noise of the context summary


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("changes", [{}, {"tau": 0.5}, {"tau": 1.0, "ridge": 1e-5}], ids=str)
def test_document_compiles(tmp_path, changes):
    odd = tmp_path / "50%_of #1 & ~more^ \u00e9\u00d7\u6f22\u5b57\u2215\u03b1\U0001f600.csv"
    odd.write_text("1\n2\n3\n")
    data = report_data(tasks(str(odd), "iso"), Parameters(**(POINT | changes)))
    result = tex.compiled(ta.derive.compose(run_section=run_section(data)))
    assert result.problem == ""
    assert (result.pdf or b"").startswith(b"%PDF")
    assert b"undefined" not in result.log
    assert result.pdf == tex.compiled(ta.derive.compose(run_section=run_section(data))).pdf


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_document_compiles_without_scalable_fonts():
    """Latin Modern is a package of its own; without it microtype must not stretch the bitmap fonts."""
    source = ta.derive.document(sections=["resolvent"])
    assert source.count("lmodern.sty") == 1
    assert tex.compiled(source.replace("lmodern.sty", "not-installed.sty")).problem == ""


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_broken_document_is_reported_in_one_line():
    result = tex.compiled(r"\documentclass{article}\begin{document}\nonsense\end{document}")
    assert result.pdf is None
    assert result.problem == "pdflatex failed: Undefined control sequence."
    assert b"nonsense" in result.log


def test_number_in_mathematics():
    assert [number(x) for x in (0.5, 1e-7, math.inf, -2.0)] == ["0.5", r"1 \cdot 10^{-7}", r"\infty", "-2"]
