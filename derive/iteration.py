r"""How the root is found: four sums a pass, Halley's step, and the sums carried along with it.

A pass over the spectrum takes $\mathcal T_k = \sum_i w_i c_i^k/(c_i + t)^3$ for $k = 0..3$. The learned and the
unlearned share add up to one, so by the binomial theorem these give every spectral sum, and the slope of each; all
terms are positive. With the curvature of g, a step is of third order.
"""

from __future__ import annotations

from math import comb

from sympy import Eq, Expr, Integer, Min, Poly, Rational

from . import notation as n
from .equation import Equation
from .root import REGIMES, dg
from .spectral import MIXED, mean, slope
from .spectral import SUMMANDS as SHARES

SECTION = "iteration"

_MOMENTS = (n.T0, n.T1, n.T2, n.T3)
#: degree in the shares to which all sums are raised
_DEGREE = 3


def _equation(name: str, title: str, statement: Eq, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source="THEORY A1", section=SECTION, **more)


def _in_moments(summand: Expr) -> Expr:
    r"""A product of shares, as cubic moments: times a power of $\theta + \bar\theta = 1$ that makes it cubic.

    Args:
        summand: monomial in `learned` and `unlearned`, of degree three at most.
    """
    ((j, k),) = Poly(summand, n.learned, n.unlearned).monoms()
    rest = _DEGREE - j - k
    # theta^p bar-theta^(3-p) = t^(3-p) c^p / (c + t)^3
    powers = ((j + m, comb(rest, m)) for m in range(rest + 1))
    return sum((count * n.t ** (_DEGREE - p) * _MOMENTS[p] for p, count in powers), Integer(0))


#: moment -> what it averages
SUMMANDS = {symbol: n.c**k / (n.c + n.t) ** _DEGREE for k, symbol in enumerate(_MOMENTS)}
cubic_moments = tuple(
    _equation(symbol.name, "Cubic moment", Eq(symbol, mean(summand))) for symbol, summand in SUMMANDS.items()
)
#: spectral sum -> the sum from the cubic moments
sums_in_moments = {
    symbol: _equation(f"{symbol.name}_in_moments", "Spectral sum from the moments", Eq(symbol, _in_moments(summand)))
    for symbol, summand in (SHARES | MIXED).items()
}

#: for the solvers alone: nothing is learnt from reading the longest of them
d2g = {
    regime: _equation(
        f"d2g_{regime}",
        "Curvature of the scalar equation",
        Eq(n.d2g, slope(dg[regime].rhs)),
        condition=REGIMES[regime],
    )
    for regime in REGIMES
}
bend = _equation(
    "bend",
    "Bend of the scalar equation over a step",
    Eq(n.bend, n.g * n.d2g / (2 * n.dg**2)),
    remark=r"At most $\tfrac14$ for a quadratic with real roots; Newton's step times it is what Newton's step leaves.",
)
halley = _equation(
    "halley_step",
    "Halley's step",
    Eq(n.step, n.g / n.dg / (1 - Min(n.bend, Rational(1, 2)))),
    remark="The next $@t$ is $@t - @step$; the error of a step is of third order.",
)

_NEXT = {n.D: n.D_next, n.U: n.U_next, n.E: n.E_next, n.D2: n.D2_next, n.U2: n.U2_next}
#: spectral sum -> the sum after a step, to first order in the step
next_sums = {
    symbol: _equation(after.name, "Spectral sum after a step", Eq(after, symbol - n.step * slope(symbol)))
    for symbol, after in _NEXT.items()
}

EQUATIONS = (
    *cubic_moments,
    *sums_in_moments.values(),
    bend,
    halley,
    *next_sums.values(),
)
