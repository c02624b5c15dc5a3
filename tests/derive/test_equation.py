"""The catalogue: unique names, known sections and sources, texts that can be filled in; statements derived afresh."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sympy
from sympy import Abs, Eq, Ge, Max, Mul, Piecewise, Rational, Symbol, sqrt, srepr

import taskalign.derive
from taskalign.derive import Equation, Section, bibtex, catalogue, derived, equation, generate, sections
from taskalign.derive import notation as n
from taskalign.derive.document import SOURCES, bibliography, citation, cited, symbols_of
from taskalign.derive.latex import text
from taskalign.derive.notation import TABLE

EQUATIONS = list(catalogue().values())
EACH = pytest.mark.parametrize("equation", EQUATIONS, ids=lambda e: e.name)


def test_names_and_labels_are_unique() -> None:
    assert len({equation.label for equation in EQUATIONS}) == len(EQUATIONS)
    assert all(name == equation.name for name, equation in catalogue().items())


def test_read_only_and_made_once() -> None:
    assert catalogue() is catalogue()
    with pytest.raises(TypeError):
        catalogue()["new"] = EQUATIONS[0]  # type: ignore[index]


def test_sections_are_in_order_and_none_is_empty() -> None:
    order = list(dict.fromkeys(equation.section for equation in EQUATIONS))
    assert order == list(sections())


def test_introductions_name_equations_of_their_section() -> None:
    for section in sections().values():
        for name in section.before:
            assert catalogue()[name].section == section.name
        for part in (section.introduction, *section.before.values()):
            assert all(name in catalogue() for name in re.findall(r"\[\[(\w+)\]\]", part))


def test_every_equation_of_a_module_is_in_the_catalogue() -> None:
    found = pkgutil.iter_modules(taskalign.derive.__path__)
    modules = [importlib.import_module(f"taskalign.derive.{module.name}") for module in found]
    named = {e.name for module in modules for e in vars(module).values() if isinstance(e, Equation)}
    made = {name for section in equation._sections.values() for name in section.equations}
    assert named <= made == set(catalogue())
    assert list(sections()) == list(equation._MODULES)


def test_a_section_keeps_its_equations_in_order() -> None:
    section = Section("test_section", "Title", "Introduction", source="THEORY 0")
    try:
        first = section("first", "First", Eq(n.a, 1))
        section.prose("Between")
        second = section("second", "Second", Eq(n.b, 2), "THEORY 1", condition="$@a$")
        assert list(section.equations.values()) == [first, second]
        assert section.before == {"second": "Between"}
        assert (first.source, second.source, second.section) == ("THEORY 0", "THEORY 1", "test_section")
        with pytest.raises(ValueError, match="'first' is already an equation of the section test_section"):
            section("first", "Again", Eq(n.a, 1))
    finally:
        del equation._sections["test_section"]


@EACH
def test_place_is_where_the_equation_is_made(equation: Equation) -> None:
    file, _, line = equation.place.partition(":")
    text = (Path(taskalign.derive.__path__[0]).parent / file).read_text()
    statement = next(
        ast.get_source_segment(text, node)
        for node in ast.parse(text).body
        if node.lineno <= int(line) <= (node.end_lineno or 0)
    )
    assert any(maker in (statement or "") for maker in ("section(", "_each_regime(", "_equation(", "_isotropic("))


# --- statements that are slow to derive ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", equation.derivations)
def test_derived_afresh(name: str) -> None:
    """By induction over what a derivation uses, the generated module holds what a derivation from nothing gives."""
    slow = equation.derivations[name]
    assert callable(slow.given)
    assert slow.given() == slow.statement
    assert srepr(slow.given()) == srepr(slow.statement)


def test_generated_module_holds_these_alone() -> None:
    functions = {name for name, value in vars(derived).items() if getattr(value, "__module__", "") == derived.__name__}
    assert functions == set(equation.derivations)


def test_modules_load_and_derive_without_the_generated_one() -> None:
    code = (
        "import sys; sys.modules['taskalign.derive.derived'] = None\n"
        "from taskalign.derive import equation\n"
        "equation.derive_afresh()\n"
        "print(equation.catalogue()['memorisation_gap'].statement)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(catalogue()["memorisation_gap"].statement)


@pytest.mark.parametrize(
    "expression",
    [
        Mul(2, n.a + n.b, evaluate=False),
        -n.c * Rational(2, 3) / sqrt(n.t),
        Piecewise((n.a, n.a <= n.b), (Max(0, n.b), True)),
        Eq(n.K_of(0), 1 / (n.a + 1) ** 2),
        Ge(n.a ** Rational(3, 2) - Abs(n.b - 1), 0),
        n.test[n.i] * n.K_sorted[n.d + 1 - n.j],
    ],
    ids=str,
)
def test_printed_code_makes_the_very_expression(expression) -> None:
    code = generate.code(expression)
    assert srepr(eval(code, {**vars(sympy), "n": n})) == srepr(expression)


@EACH
def test_texts_can_be_filled_in(equation: Equation) -> None:
    for template in (equation.condition, equation.remark):
        filled = text(template)
        assert "@" not in filled
        assert filled.count("$") % 2 == 0
    assert not re.search(r"[$@\\]", equation.title)


@EACH
def test_sources_are_in_the_bibliography(equation: Equation) -> None:
    assert all(name in SOURCES for name in cited(equation.source))
    assert r"\cite" in citation(equation.source)


@EACH
def test_every_symbol_is_in_the_notation_table(equation: Equation) -> None:
    indices = {"i", "j", "m"}
    assert {symbol.name for symbol in equation.statement.atoms(Symbol)} - indices <= set(TABLE)
    assert set(symbols_of(equation.statement)) <= set(TABLE)


@EACH
def test_statement_did_not_evaluate(equation: Equation) -> None:
    assert equation.statement.args, equation.statement
    if isinstance(equation.statement, Eq):
        assert (equation.lhs, equation.rhs) == equation.statement.args


def test_sides_of_an_inequality_are_refused() -> None:
    with pytest.raises(TypeError, match="corollary_4_2 is not an equality"):
        _ = catalogue()["corollary_4_2"].rhs


def test_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match="'XYZ 3' does not begin with one of LZLP"):
        citation("XYZ 3")


def test_bibtex_has_every_source() -> None:
    entries = bibtex()
    for entry in SOURCES.values():
        assert f"@{entry.kind}{{{entry.key}," in entries
    assert entries.count("{") == entries.count("}")
    assert "Letey, Mary I. and Zavatone-Veth, Jacob A." in entries
    assert r"\bibitem{lu2024} Yue M.~Lu" in bibliography(["LLZMP"])
