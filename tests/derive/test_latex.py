"""Printed formulas are read back and computed; names, order and breaking of lines."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from sympy import Eq, Expr, Float, Indexed, MatrixExpr, Sum, Symbol, Trace
from sympy.core.function import AppliedUndef

from taskalign.derive import Equation, catalogue
from taskalign.derive import notation as n
from taskalign.derive.latex import display, inline, names, text
from taskalign.derive.layout import LINE, width
from taskalign.derive.notation import TABLE

from .latex_reader import displayed_sides, sides

#: eigenvalues in the sums
TERMS = 3
MARKERS = {name: rf"\mathsf{{N{k}}}" for k, name in enumerate(TABLE)}
SCALAR = [e for e in catalogue().values() if not e.statement.has(MatrixExpr, Trace)]


def sample(seed: int) -> dict[str, Any]:
    """Random values by name; indexed ones as lists from 1."""
    draw = random.Random(seed)
    values: dict[str, Any] = {name: draw.uniform(0.2, 1.8) for name in TABLE}
    for name in ("eigenvalues", "weights", "test", "K_sorted", "test_sorted"):
        values[name] = [None] + [draw.uniform(0.2, 1.8) for _ in range(TERMS)]
    return values | {"d": TERMS, "m": TERMS, "P0": draw.uniform(-1, 1)}


def alignment(c: float) -> float:
    """Stands for K as a function of the eigenvalue."""
    return 1 / (1 + c + c * c)


def number(expression: Expr, values: dict[str, Any]) -> float:
    """Value of an expression, by SymPy."""

    def written_out(total: Sum) -> Expr:
        index = total.limits[0][0]
        return sum(total.function.subs({n.d: TERMS}).subs(index, k) for k in range(1, TERMS + 1))

    expression = expression.replace(lambda e: isinstance(e, Sum), written_out)
    entries = {x: Float(values[str(x.base)][int(x.indices[0])]) for x in expression.atoms(Indexed)}
    expression = expression.xreplace(entries)
    expression = expression.xreplace({x: Float(values[x.name]) for x in expression.atoms(Symbol)})
    expression = expression.replace(lambda e: isinstance(e, AppliedUndef), lambda e: alignment(e.args[0]))
    return float(expression)


def check(printed: tuple[float, str, float], equation: Equation, values: dict[str, Any]) -> None:
    left, sign, right = printed
    assert sign == {"==": "=", ">=": r"\ge", "<=": r"\le"}[equation.statement.rel_op]
    # a term may stand on the other side
    expected = number(equation.statement.lhs, values) - number(equation.statement.rhs, values)
    assert left - right == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("equation", SCALAR, ids=lambda e: e.name)
def test_printed_formula_has_the_value_of_the_statement(equation: Equation, seed: int) -> None:
    values = sample(seed)
    by_marker = {MARKERS[name]: value for name, value in values.items() if name in MARKERS} | {"d": TERMS, "m": TERMS}
    if equation.statement.has(AppliedUndef):
        by_marker[MARKERS["K"]] = alignment
    check(sides(inline(equation.statement, MARKERS), by_marker, TERMS), equation, values)
    check(displayed_sides(display(equation.statement, label="x", notation=MARKERS), by_marker, TERMS), equation, values)


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        (n.kappa - n.D, r"\kappa - \mathcal{D}"),
        (1 - n.tau, r"1 - \tau"),
        (n.tau - 1, r"\tau - 1"),
        (n.s + n.effective_ridge, r"s + \tilde\lambda"),
        (1 / (n.a * n.c + n.z), r"\frac{1}{a c + z}"),
        (n.q * n.F - n.sigma**2 * n.dF, r"q F_{\kappa} - \sigma^{2} F_{\kappa}'"),
        ((n.a - 1) * -n.q, r"q (1 - a)"),
        ((n.M + n.z * n.dM) / n.kappa, r"\frac{\mathcal{M}_{\kappa} + z \mathcal{M}_{\kappa}'}{\kappa}"),
        (n.K_of(n.eigenvalues[n.i]), r"\mathcal{K}(c_{i})"),
        (n.dM**2, r"(\mathcal{M}_{\kappa}')^{2}"),
    ],
)
def test_order_is_that_of_the_papers(expression: Expr, latex: str) -> None:
    assert inline(expression) == latex


def test_symbols_are_renamed_inside_others() -> None:
    renamed = names({"kappa": "K", "M": "m"})
    assert renamed["F"] == "F_{K}"
    assert renamed["dM"] == "m'"
    assert renamed["gap_kappa"] == r"\delta_{K}"


def test_renamed_symbols_with_scripts_stay_valid() -> None:
    assert names({"sigma": r"\sigma_{x}"})["sigma_upper"] == r"{\sigma_{x}}_{\mathrm{up}}"
    assert names({"M": r"M^*"})["dM"] == "{M^*}'"
    assert inline(n.sigma**2, {"sigma": "s^*"}) == "(s^*)^{2}"
    assert inline(n.eigenvalues[n.i], {"eigenvalues": "c_x"}) == "{c_x}_{i}"


def test_unknown_symbol_is_refused_with_near_ones() -> None:
    with pytest.raises(ValueError, match=r"'efective_ridge' is no symbol.*effective_ridge"):
        names({"efective_ridge": "x"})


@pytest.mark.parametrize("latex", ["", " ", "$x$", "a%", "{", "}{", "a\nb", "a & b", r"a \\ b"])
def test_latex_that_cannot_stand_in_a_formula_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match=r"notation\['tau'\]"):
        names({"tau": latex})


def test_text_with_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="@nothing"):
        text("$@nothing$")


def test_control_words_do_not_swallow_the_next_letter() -> None:
    assert text("$@tau@t@kappa$") == r"$\tau t\kappa$"
    assert text("$@{tau}x$") == r"$\tau x$"


def lines(printed: str) -> list[str]:
    body = printed.split("\n", 1)[1].rsplit("\n", 1)[0]
    body = body.replace("\\begin{aligned}\n", "").replace("\n\\end{aligned}", "").replace("{dcases}", "{cases}")
    return body.split(" \\\\\n")


@pytest.mark.parametrize("equation", catalogue().values(), ids=lambda e: e.name)
def test_no_line_of_a_display_is_too_wide(equation: Equation) -> None:
    printed = equation.latex(numbered=True)
    assert printed.startswith(rf"\begin{{equation}}\label{{{equation.label}}}")
    assert max(width(line.replace("&", "", 1)) for line in lines(printed)) <= 1.05 * LINE


def test_long_sums_are_broken_at_their_terms() -> None:
    long = sum(n.q**k * n.sigma for k in range(1, 30))
    printed = display(Eq(n.K, long), label="x")
    assert len(lines(printed)) > 2
    fraction = display(Eq(n.K, long / (n.a + n.b)), label="x")
    assert r"\Bigl(" in fraction
    assert r"\Bigr)" in fraction
    assert len(lines(fraction)) > 2


def test_equation_shows_itself() -> None:
    equation = catalogue()["effective_ridge_below"]
    assert equation._repr_latex_() == r"$\displaystyle \tilde\lambda \mathcal{M}_{\kappa} = 1 - \tau$"
    assert equation.latex({"effective_ridge": r"\xi"}) == r"\xi \mathcal{M}_{\kappa} = 1 - \tau"
    assert "[ridge to 0, tau < 1, M at sigma]" in str(equation)


PRINT_ALL = """
from taskalign.derive import document
import hashlib
print(hashlib.sha256(document().encode()).hexdigest())
"""


def test_output_does_not_depend_on_the_hash_seed() -> None:
    runs = [
        subprocess.Popen([sys.executable, "-c", PRINT_ALL], env={"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE)
        for seed in ("1", "2")
    ]
    assert len({run.communicate()[0] for run in runs}) == 1
    assert all(run.returncode == 0 for run in runs)
