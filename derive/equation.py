"""The unit of the catalogue: a named statement with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Basic, Eq, Expr

from .latex import display, inline


@dataclass(frozen=True)
class Equation:
    """A named SymPy statement.

    Attributes:
        name: key in the catalogue.
        title: what it states, in a few words.
        statement: the statement, a SymPy equality or other relation.
        source: where it comes from, with the equation or section number.
        section: section of the document that it belongs to.
        condition: when it holds, LaTeX text with `@name` for symbols (`latex.text`); empty when always.
        remark: a sentence printed after it, LaTeX text with `@name` for symbols; may be empty.
    """

    name: str
    title: str
    statement: Basic
    source: str
    section: str
    condition: str = ""
    remark: str = ""

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
