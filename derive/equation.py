r"""Equations, the sections that make and keep them, and the catalogue of all.

A topic's module is written like a section of a paper: `section = Section(...)` with a heading and an introduction, then
its equations, each made by calling the section, in the order of the document, with prose between them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from itertools import chain
from typing import Any

from sympy import Basic, Eq, Expr

from .latex import display, inline

#: section -> the module that makes it, in the order of the document
_MODULES = {
    **dict.fromkeys(("resolvent", "ridge"), "resolvent"),
    "alignment": "error",
    **dict.fromkeys(("scalar", "iteration"), "scalar"),
    "stable": "stable",
    **dict.fromkeys(("ordering", "corollaries"), "ordering"),
    **dict.fromkeys(("metrics", "training_tasks"), "error"),
    **dict.fromkeys(("prediction", "budget", "implicit_ridge"), "prediction"),
    "closed_forms": "closed_forms",
    **dict.fromkeys(("low_rank", "lu_isotropic"), "low_rank"),
    "limits": "limits",
    **dict.fromkeys(("long_context", "thresholds"), "long_context"),
}
#: the module of statements that are slow to derive, written by `generate`
_DERIVED = "derived"

_sections: dict[str, Section] = {}
#: the equations whose statement takes long to derive, by name, in the order in which they are made
derivations: dict[str, Equation] = {}
_afresh = False


def derive_afresh() -> None:
    """From now on every statement is derived; none is read from the generated module."""
    global _afresh
    _afresh = True


def derived(lhs: Expr, rhs: Callable[..., Expr], *args: Any) -> Callable[[], Basic]:
    """The equality of `lhs` and `rhs(*args)`, derived only when it is wanted."""
    return lambda: Eq(lhs, rhs(*args), evaluate=False)


@dataclass(frozen=True, eq=False)
class Equation:
    """A named SymPy statement.

    Attributes:
        name: key in the catalogue.
        title: what it states, in a few words.
        given: the statement, or a function that derives it where that takes long: then it is read from the generated
            module `derived`.
        source: where it comes from, with the equation or section number.
        section: section of the document that it belongs to.
        condition: when it holds, LaTeX text with `@name` for symbols (`latex.text`); empty when always.
        remark: a sentence printed after it, LaTeX text with `@name` for symbols; may be empty.
        place: file and line that make it.
    """

    name: str
    title: str
    given: Basic | Callable[[], Basic]
    source: str
    section: str
    condition: str = ""
    remark: str = ""
    place: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.given, Basic):
            derivations[self.name] = self

    @cached_property
    def statement(self) -> Basic:
        """The statement, a SymPy equality or other relation."""
        if isinstance(self.given, Basic):
            return self.given
        return self.given() if _afresh else getattr(import_module(f".{_DERIVED}", __package__), self.name)()

    @property
    def label(self) -> str:
        """LaTeX label, `eq:` followed by the name with dashes."""
        return "eq:" + self.name.replace("_", "-")

    @property
    def lhs(self) -> Expr:
        """Left-hand side.

        Raises:
            TypeError: the statement is not an equality.
        """
        return self._equality().lhs

    @property
    def rhs(self) -> Expr:
        """Right-hand side.

        Raises:
            TypeError: the statement is not an equality.
        """
        return self._equality().rhs

    def _equality(self) -> Eq:
        if not isinstance(self.statement, Eq):
            raise TypeError(f"{self.name} is not an equality: {self.statement}")
        return self.statement

    def latex(self, notation: Mapping[str, str] | None = None, *, numbered: bool = False) -> str:
        r"""LaTeX of the statement.

        Args:
            notation: LaTeX to use for some symbols, by name, for instance `{"effective_ridge": r"\xi"}`.
            numbered: wrap it in a numbered, labelled display environment, broken where it is long.

        Raises:
            ValueError: `notation` names an unknown symbol.
        """
        if numbered:
            return display(self.statement, label=self.label, notation=notation)
        return inline(self.statement, notation=notation)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __str__(self) -> str:
        plain = self.condition.replace("$", "").replace("@", "").replace("\\", "")
        condition = f"   [{plain}]" if plain else ""
        return f"{self.name}: {self.statement}{condition}   ({self.source})"


class Section:
    """A section of the document: called to make an equation, it keeps it and gives it back.

    Args:
        name: how it is chosen, and `section` of its equations.
        title: its heading.
        introduction: LaTeX text before its equations, with `@name` for symbols and `[[name]]` for a reference to the
            equation of that name.
        source: source of its equations where they give none.
    """

    def __init__(self, name: str, title: str, introduction: str, *, source: str) -> None:
        self.name, self.title, self.introduction = name, title, introduction
        self.equations: dict[str, Equation] = {}
        #: LaTeX text before some of the equations, by their names
        self.before: dict[str, str] = {}
        self._source, self._prose = source, ""
        _sections[name] = self

    def prose(self, text: str) -> None:
        """Put LaTeX text, as in `introduction`, before the next equation."""
        self._prose = text

    def __call__(
        self,
        name: str,
        title: str,
        statement: Basic | Callable[[], Basic],
        source: str = "",
        *,
        condition: str = "",
        remark: str = "",
    ) -> Equation:
        """Make the next equation of the section; the arguments are the attributes of `Equation`.

        Raises:
            ValueError: the name is taken.
        """
        if name in self.equations:
            raise ValueError(f"name: {name!r} is already an equation of the section {self.name}")
        equation = Equation(name, title, statement, source or self._source, self.name, condition, remark, _place())
        self.equations[name] = equation
        if self._prose:
            self.before[name], self._prose = self._prose, ""
        return equation


def _place() -> str:
    """File, relative to the package, and line of the module-level statement that is being executed."""
    frame = sys._getframe(2)
    while frame.f_code.co_name != "<module>" and frame.f_back:
        frame = frame.f_back
    module = frame.f_globals["__name__"].partition(".")[2]
    return f"{module.replace('.', '/')}.py:{frame.f_lineno}"


class _Sections(Mapping[str, Section]):
    def __getitem__(self, name: str) -> Section:
        import_module(f".{_MODULES[name]}", __package__)
        return _sections[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


@cache
def sections() -> Mapping[str, Section]:
    """The sections of the document by name, in order. A section is made when it is asked for."""
    return _Sections()


class Catalogue(Mapping[str, Equation]):
    """All equations by name. A section is made when the first of its equations is asked for."""

    def __getitem__(self, name: str) -> Equation:
        for section in sections().values():
            if name in section.equations:
                return section.equations[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(section.equations for section in sections().values())

    def __len__(self) -> int:
        return sum(len(section.equations) for section in sections().values())

    def __repr__(self) -> str:
        return f"<{len(self)} equations>"


@cache
def catalogue() -> Mapping[str, Equation]:
    """Every equation by name, read-only.

    Examples:
        >>> print(catalogue()["sigma"])
        sigma: Eq(sigma, effective_ridge + s)   (LZLP; THEORY 0)
    """
    return Catalogue()
