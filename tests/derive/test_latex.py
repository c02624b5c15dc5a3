"""Printed formulas are read back and computed; names, order and breaking of lines."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from sympy import Eq, Expr, Float, Indexed, MatrixExpr, Sum, Symbol, Trace
from sympy.core.function import AppliedUndef

from taskalign.derive import Equation, catalogue, document
from taskalign.derive import notation as n
from taskalign.derive.latex import LINE, display, inline, names, text, width
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


# --- notation that would mislead --------------------------------------------------------------------------------------
@pytest.mark.parametrize("latex", names().values())
def test_the_symbols_of_the_papers_are_allowed_as_notation(latex: str) -> None:
    assert names({"e_icl": latex} if "(" not in latex else {"density": latex})


ALLOWED = (
    r"\mathrm{MSE} \tilde{\lambda}_{\mathrm{eff}}^{(1)} x' x''_1 x'^{2} \sigma_\star \bm{x} \hat\xi \mine{x}{y} \mine"
)
ALLOWED += r" {x_a}_b \bar{x_1} s^* x_{a,b} \text{err} E_{-}"
#: signs, sums, products and fractions would change meaning; numbers and blanks are no symbols
MISLEADING = (
    r"-\tau \tau+1 ab \ell/d \frac{a}{b} {a+b} {ab} \mathrm{a-b} 2 \mathrm{2} \mathbf{1} {} \mathrm{} \, \quad \sum"
)
MISLEADING += r" \cdot + (x) f(x) x, x! \{x\} \sqrt{x}"
#: what TeX would not take
BROKEN = (
    r"q_1_2 x^2^3 x^2' x_{a_b_c} x_ x^ _x ' \hat x_{} \lambda_{x x} \left(x x% x~y \begin{x} x_{\def} x@y \mathrm ξ"
)


@pytest.mark.parametrize("latex", [*ALLOWED.split(), r"\langle x \rangle"])
def test_symbols_that_are_allowed(latex: str) -> None:
    assert names({"tau": latex})["tau"] == latex


@pytest.mark.parametrize("latex", [*MISLEADING.split(), *BROKEN.split(), r"\lambda M", "x\ty"])
def test_what_no_symbol_can_be_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match=r"^notation\['tau'\]: .* is no LaTeX for a symbol: ") as caught:
        names({"tau": latex})
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no LaTeX for a symbol"):
        catalogue()["sigma"].latex({"tau": latex})


@pytest.mark.parametrize(
    ("equation", "notation", "one", "other"),
    [
        ("q", {"sigma": r"\tilde\lambda"}, "'effective_ridge'", "'sigma'"),
        ("q", {"sigma": r"\tilde{\lambda }"}, "'effective_ridge'", "'sigma'"),
        ("q", {"sigma": r"{\widetilde\lambda}"}, "'effective_ridge'", "'sigma'"),
        ("sigma", {"sigma": "x", "s": "x"}, "'s'", "'sigma'"),
        # within another symbol, F_kappa
        ("metric_resolvent", {"kappa": r"\gamma"}, "'kappa'", "'test'"),
        # indexed: without and with the index; the index itself
        ("metric_resolvent", {"sigma": r"\gamma"}, "'sigma'", "'test'"),
        ("metric_resolvent", {"sigma": r"\gamma_i"}, "'sigma'", r"test\[i\]"),
        ("metric_resolvent", {"sigma": r"c_{i}"}, "'sigma'", r"eigenvalues\[i\]"),
        ("metric_resolvent", {"sigma": "i"}, "'sigma'", "the letter i"),
        ("metric_resolvent", {"weights": r"\gamma"}, "'test'", "'weights'"),
        # the square of another
        ("q", {"rho": r"\sigma^2"}, "'rho'", "'sigma'"),
        ("q", {"rho": r"\sigma^{2}"}, "'rho'", "'sigma'"),
    ],
)
def test_symbols_that_would_look_alike_are_refused(
    equation: str, notation: dict[str, str], one: str, other: str
) -> None:
    for numbered in (False, True):
        with pytest.raises(ValueError, match=f"^notation: ({one} .*{other}|{other} .*{one})") as caught:
            catalogue()[equation].latex(notation, numbered=numbered)
        assert "give one of them another LaTeX" in str(caught.value)
    with pytest.raises(ValueError, match=r"^notation: "):
        document(notation=notation)


@pytest.mark.parametrize(
    ("equation", "notation", "printed"),
    [
        # what is not printed does not count; nor what looked alike before
        ("sigma", {"kappa": "s"}, r"\sigma = s + \tilde\lambda"),
        ("sigma", {"sigma": "s", "s": r"\sigma"}, r"s = \sigma + \tilde\lambda"),
        ("summary_noise", {"rho": "c"}, r"s = \frac{c + c_{\mathrm{train}}}{\alpha}"),
        ("summary_noise", {"rho": r"\sigma^2"}, r"s = \frac{\sigma^2 + c_{\mathrm{train}}}{\alpha}"),
        ("resolvent", {"c": "x", "eigenvalues": "x"}, r"F_{\kappa} = \frac{1}{a x + z}"),
    ],
)
def test_symbols_that_are_not_printed_may_look_alike(equation: str, notation: dict[str, str], printed: str) -> None:
    assert catalogue()[equation].latex(notation) == printed


def test_letters_of_the_text_count_in_a_document() -> None:
    for letter in ("k", r"\ell", r"\Gamma"):
        with pytest.raises(ValueError, match="'kappa' and the letter"):
            document(["ridge"], {"kappa": letter})
    assert document(["ridge"], {"kappa": r"\vartheta"})


def test_a_symbol_of_ones_own_counts() -> None:
    with pytest.raises(ValueError, match="'sigma' and the letter x would look alike"):
        inline(n.sigma + Symbol("x"), {"sigma": "x"})
