"""The unit of a proof: a statement, why it holds, and the evidence that a machine can check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Add, Eq, Expr, Mul
from sympy.core.relational import Relational

from ..derive.latex import text
from .relations import eq, excess, plain
from .symbols import ProofPrinter

Kind = Literal["identity", "sign", "implication", "cited"]
Status = Literal["proved", "cited", "open", "failed"]


@dataclass(frozen=True)
class ProofStep:
    """One step of a proof.

    Attributes:
        name: by which later steps call it.
        claim: the claim that it serves, a key of `proving.CLAIMS`.
        statement: an equation or inequality. It holds for all values of its symbols that satisfy `assuming`.
        reason: why it holds; LaTeX text with `@name` for symbols (`derive.latex.text`).
        kind: what is checked. `identity`: both sides are the same after `using`. `sign`: the difference of the
            sides is the sum of `terms`, each of which has the required sign. `implication`: the statement is what
            `rule` makes of the premises. `cited`: it is an equation of the theory that the proofs start from.
        status: outcome of the check; `open` before it and where a premise is open.
        premises: names of earlier steps that this one rests on.
        assuming: what else is supposed; equations among it are put in like those of `using`.
        using: equations put in, left for right, one after the other.
        terms: for a sign, the summands.
        rule: for an implication, its name in `rules.RULES`.
        why: if the status is `failed` or `open`, what is wrong.
    """

    name: str
    claim: str
    statement: Relational
    reason: str
    kind: Kind
    status: Status = "open"
    premises: tuple[str, ...] = ()
    assuming: tuple[Relational, ...] = ()
    using: tuple[Eq, ...] = ()
    terms: tuple[Expr, ...] = ()
    rule: str = ""
    why: str = "not checked yet"

    @property
    def decomposition(self) -> Eq | None:
        """For a sign: what is positive, as the sum of its terms; None where that would say nothing new."""
        if self.kind != "sign":
            return None
        total = _sum(self.terms)
        difference = excess(self.statement)[0]
        return None if difference == total else eq(difference, total)

    def latex(self, notation: Mapping[str, str] | None = None) -> str:
        r"""LaTeX of the statement, in one line, with what it assumes.

        Args:
            notation: LaTeX to use for some symbols, by name, for instance `{"effective_ridge": r"\xi"}`.

        Raises:
            ValueError: `notation` names an unknown symbol.
        """
        printer = ProofPrinter(notation)
        statement = printer.doprint(self.statement)
        if not self.assuming:
            return statement
        return statement + r" \quad\text{if } " + r",\; ".join(printer.doprint(x) for x in self.assuming)

    def reason_latex(self, notation: Mapping[str, str] | None = None) -> str:
        """LaTeX of the reason.

        Raises:
            ValueError: `notation` names an unknown symbol.
        """
        return text(self.reason, notation)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __str__(self) -> str:
        given = "  if " + ", ".join(map(plain, self.assuming)) if self.assuming else ""
        return f"[{self.status}] {self.name}: {plain(self.statement)}{given}"


def _sum(terms: tuple[Expr, ...]) -> Expr:
    """The sum as it stands, with the factors that all terms share in front."""
    if len(terms) == 1:
        return terms[0]
    factors = [term.as_powers_dict() for term in terms]
    shared = {base: power for base, power in factors[0].items() if all(f.get(base) == power for f in factors)}
    common = Mul(*(base**power for base, power in shared.items()))
    if common.is_number:
        return Add(*terms, evaluate=False)
    rest = [Mul(*(base**power for base, power in f.items() if base not in shared)) for f in factors]
    return Mul(common, Add(*rest, evaluate=False), evaluate=False)


def identity(name: str, claim: str, statement: Eq, reason: str, **evidence: Any) -> ProofStep:
    """A step whose two sides are the same."""
    return ProofStep(name, claim, statement, reason, "identity", **evidence)


def sign(name: str, claim: str, statement: Relational, reason: str, *terms: Expr, **evidence: Any) -> ProofStep:
    """A step whose sign shows in the terms of a sum."""
    return ProofStep(name, claim, statement, reason, "sign", terms=terms, **evidence)


def implication(
    name: str, claim: str, statement: Relational, reason: str, rule: str, *premises: str, **evidence: Any
) -> ProofStep:
    """A step that a rule makes of earlier ones."""
    return ProofStep(name, claim, statement, reason, "implication", rule=rule, premises=premises, **evidence)


def cited(name: str, claim: str, statement: Eq, reason: str) -> ProofStep:
    """An equation of the theory that is taken as given."""
    return ProofStep(name, claim, statement, reason, "cited")
