"""The catalogue: unique names, known sections and sources, texts that can be filled in."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
from sympy import Eq, Symbol

import taskalign.derive
from taskalign.derive import Equation, bibtex, catalogue, sections
from taskalign.derive.bibliography import SOURCES, bibliography, citation, cited
from taskalign.derive.document import symbols_of
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
    listed = {e.name for module in modules for e in getattr(module, "EQUATIONS", ())}
    named = {e.name for module in modules for e in vars(module).values() if isinstance(e, Equation)}
    assert listed == set(catalogue())
    assert named <= listed


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
