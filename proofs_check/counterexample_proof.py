r"""The ordering fails in general for $\tau < 1$: exact rational counterexamples.

The explicit parametrisation by t needs no root finding: for rational t, spectrum, $\kappa$, $\tau$ and $\rho$ the
context length that makes t the solution is rational, and so is every value of K.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sympy import Eq, Expr, Rational

from ..derive import notation as n
from ..derive import resolvent, scalar, spectral, stable
from .canonical import unfolded
from .ordering_proof import K_at, values
from .relations import eq, gt
from .step import ProofStep, identity, sign

CLAIM = "A3.6"


@dataclass(frozen=True)
class _Example:
    name: str
    eigenvalues: tuple[Rational, ...]
    shares: tuple[int, ...]
    tau: Rational
    kappa: Rational
    rho: Rational
    t: Rational
    low: Rational
    high: Rational
    reason: str

    def sums(self) -> tuple[Eq, ...]:
        """The spectral sums at t, and the mean eigenvalue."""
        total = sum(self.shares)

        def mean(f: Expr) -> Expr:
            at = [f.subs({n.c: c, n.t: self.t}) for c in self.eigenvalues]
            return sum((share * x for share, x in zip(self.shares, at, strict=True)), Rational(0)) / total

        shares = {n.learned: spectral.LEARNED, n.unlearned: spectral.UNLEARNED}
        averaged = {symbol: mean(f.subs(shares)) for symbol, f in spectral.SUMMANDS.items()}
        return (*(eq(symbol, value) for symbol, value in averaged.items()), eq(n.c_train, mean(n.c)))

    def given(self) -> tuple[Eq, ...]:
        """What is chosen, and the sums of the spectrum."""
        chosen = {n.t: self.t, n.tau: self.tau, n.kappa: self.kappa, n.rho: self.rho, n.ridge_share: 0}
        return (*(eq(symbol, value) for symbol, value in chosen.items()), *self.sums())


_EXAMPLES = (
    _Example(
        "counterexample",
        (Rational(0), Rational(2)),
        (1, 1),
        tau=Rational(3, 10),
        kappa=Rational(1),
        rho=Rational(1),
        t=Rational(8, 5),
        low=Rational(0),
        high=Rational(2),
        reason="Eigenvalues 0 and 2 in equal shares.",
    ),
    _Example(
        "counterexample_without_noise",
        (Rational(0), Rational(1), Rational(197)),
        (1, 1, 198),
        tau=Rational(99, 100),
        kappa=Rational(1),
        rho=Rational(0),
        t=Rational(1),
        low=Rational(0),
        high=Rational(1),
        reason="Eigenvalues 0, 1 and 197 with weights 1 : 1 : 198. The ordering fails without label noise, too.",
    ),
)

#: outputs one after the other, down to the sums
_CHAIN = tuple(
    equation.statement
    for equation in (
        stable.A,
        stable.B,
        stable.q,
        stable.N,
        stable.slack,
        stable.R2,
        stable.A2,
        stable.a_less,
        stable.dM,
        stable.b,
        stable.den,
    )
)
_NOISE = (
    eq(n.effective_ridge, n.sigma - n.s),
    resolvent.summary_noise.statement,
    scalar.alpha_of_t["below"].statement,
    scalar.sigma_of_t.statement,
    scalar.a_of_t.statement,
    scalar.gap_tau.statement,
    scalar.gap_kappa.statement,
)


def _value(expression: Expr, using: tuple[Eq, ...]) -> Expr:
    return unfolded(expression, using)


def _steps(example: _Example) -> list[ProofStep]:
    given = example.given()
    low, high = K_at(example.low), K_at(example.high)
    points = values(example.low, example.high)
    length = scalar.alpha_of_t["below"].statement
    down = (*points, *_CHAIN, *_NOISE, *given)
    gaps = [(f"gap_{name}", symbol) for name, symbol in (("kappa", n.gap_kappa), ("tau", n.gap_tau))]
    alpha = Fraction(str(_value(n.alpha, (*_NOISE[2:], *given))))
    return [
        *(
            sign(
                f"{example.name}_{name}",
                CLAIM,
                gt(symbol, 0),
                "The given $@t$ is in the range of solutions.",
                _value(symbol, (*_NOISE[5:], *given)),
                assuming=given,
                using=(*_NOISE[5:], *given),
            )
            for name, symbol in gaps
        ),
        identity(
            f"{example.name}_root",
            CLAIM,
            eq(scalar.g["below"].rhs, 0),
            f"It is the solution for the context length of $@alpha = {alpha}$.",
            assuming=(*given, length),
            using=(*_NOISE[1:], *given),
        ),
        sign(
            example.name,
            CLAIM,
            gt(high - low, 0),
            example.reason + f" Here $@alpha = {alpha}$.",
            _value(high - low, down),
            assuming=(*given, length, *points),
            using=down,
        ),
    ]


def steps() -> list[ProofStep]:
    """The steps, in order."""
    return [step for example in _EXAMPLES for step in _steps(example)]
