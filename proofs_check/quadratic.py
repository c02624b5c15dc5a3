"""A quadratic whose larger zero is a bound: a zero by both branches of its formula, where it does not fall."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Eq, Expr, Poly, Pow, Rational, Symbol, diff, factor

from .branches import branches_of
from .relations import eq, ge
from .step import ProofStep, identity, implication, sign
from .symbols import Q_of, dQ_of

CLAIM = "bounds"


@dataclass(frozen=True)
class Quadratic:
    """A quadratic and its larger zero.

    Attributes:
        name: of the steps about it.
        of: the quadratic.
        x: its variable.
        bound: its larger zero.
        given: what the formula of the bound is.
        beyond_bound: `x - bound`, in the form in which the proofs know its sign.
    """

    name: str
    of: Expr
    x: Symbol
    bound: Expr
    given: Eq
    beyond_bound: Expr

    @property
    def value(self) -> Expr:
        """The quadratic at the bound."""
        return Q_of(self.bound)

    @property
    def slope(self) -> Expr:
        """Its slope there."""
        return dQ_of(self.bound)

    @property
    def definitions(self) -> tuple[Eq, Eq]:
        """What these two are."""
        two, one, none = (factor(x) for x in Poly(self.of, self.x).all_coeffs())
        return (
            eq(self.value, two * self.bound**2 + one * self.bound + none),
            eq(self.slope, 2 * two * self.bound + one),
        )

    @property
    def scene(self) -> tuple[Eq, ...]:
        """What the steps about the bound assume."""
        return (self.given, *self.definitions)

    def beyond(self) -> tuple[Expr, ...]:
        """The quadratic as a sum of what is not negative at and beyond the bound."""
        step = self.beyond_bound
        return diff(self.of, self.x, 2) / 2 * step**2, self.slope * step, self.value

    @property
    def facts(self) -> tuple[str, str]:
        """Steps that say what the bound is."""
        return f"bound_{self.name}_zero", f"bound_{self.name}_larger"


def larger_root(quadratic: Quadratic) -> list[ProofStep]:
    """The bound is a zero of its quadratic, where that does not fall: the larger one."""
    pair = branches_of(quadratic.given.rhs)
    assert pair is not None, quadratic.name
    steps, names = [], ("first", "second")
    zero, larger = eq(quadratic.value, 0), ge(quadratic.slope, 0)
    value, slope = quadratic.definitions
    for branch, name in zip(pair, names, strict=True):
        (discriminant,) = (x for x in branch.value.atoms(Pow) if x.exp == Rational(1, 2))
        given = (eq(quadratic.given.lhs, branch.value), *branch.moduli)
        steps += [
            identity(
                f"{quadratic.facts[0]}_{name}",
                CLAIM,
                zero,
                "The bound is a zero of the quadratic.",
                assuming=(*given, value),
                using=(value, *given),
            ),
            sign(
                f"{quadratic.facts[1]}_{name}",
                CLAIM,
                larger,
                "The slope there is the root of the discriminant, a sum of terms that are not negative.",
                discriminant,
                assuming=(*given, slope),
                using=(slope, *given),
                premises=("noise_positive",),
            ),
        ]
    words = "In both branches.", "In both branches: the bound is the larger zero."
    for statement, fact, reason, definition in zip(
        (zero, larger), quadratic.facts, words, quadratic.definitions, strict=True
    ):
        cases = [f"{fact}_{name}" for name in names]
        assuming = (quadratic.given, definition)
        steps.append(implication(fact, CLAIM, statement, reason, "branches", *cases, assuming=assuming))
    return steps
