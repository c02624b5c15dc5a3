r"""The order of K: at most one peak, the criterion of the two smallest eigenvalues, and what suffices for it.

All statements about two values of K rest on one identity: $\mathcal K(c_1) - \mathcal K(c_2)$ is $c_2 - c_1$ times
the order of the pair, a polynomial that grows with both eigenvalues, over squares.
"""

from __future__ import annotations

from sympy import Derivative, Expr

from ..derive import notation as n
from ..derive import ordering, stable
from .foundation_proof import REGIMES, STABLE
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, identity, implication, sign
from .symbols import c3, c4

PEAK, ABOVE, BELOW, NEIGHBOURS = "A3.1", "A3.2", "A3.3", "A3.4"

#: what all signs here need
PARTS = ("A_positive", "B_positive")


def K_at(c: Expr) -> Expr:
    """K at an eigenvalue, as a function."""
    return n.K_of(c)


def values(*points: Expr) -> tuple:
    """What K is at these eigenvalues."""
    return tuple(eq(K_at(c), stable.K.rhs.subs(n.c, c)) for c in points)


def weight(left: Expr, right: Expr) -> Expr:
    """The positive factor between a difference of K and the order of the pair."""
    return 1 / ((n.a * left + n.sigma) * (n.a * right + n.sigma)) ** 2


def pair_at(left: Expr, right: Expr) -> Expr:
    """Order of a pair."""
    return ordering.pair.rhs.subs({n.c1: left, n.c2: right}, simultaneous=True)


def _basics() -> list[ProofStep]:
    at_zero = ordering.P.rhs.subs(n.c, 0)
    return [
        identity(
            "slope_of_K",
            PEAK,
            eq(Derivative(K_at(n.c), n.c), n.P / (n.a * n.c + n.sigma) ** 3),
            "Differentiate the form with positive terms.",
            assuming=values(n.c),
            using=(*values(n.c), ordering.P.statement),
        ),
        identity(
            "P_linear",
            PEAK,
            eq(n.P, n.P0 - n.a * n.B * n.c),
            "$@P$ is linear in $@c$ and falls, so that it changes its sign at most once.",
            assuming=(eq(n.P0, at_zero),),
            using=(ordering.P.statement, eq(n.P0, at_zero)),
        ),
        identity(
            "pair_identity",
            PEAK,
            eq(K_at(n.c1) - K_at(n.c2), (n.c2 - n.c1) * n.pair * weight(n.c1, n.c2)),
            "Everything about two values of $@K$ follows from this factorisation.",
            assuming=values(n.c1, n.c2),
            using=(*values(n.c1, n.c2), ordering.pair.statement),
        ),
        identity(
            "P0_form",
            PEAK,
            eq(at_zero, ordering.P_at_zero.rhs),
            "Written out in the spectral sums.",
            using=(stable.A.statement, stable.B.statement, ordering.beta.statement, *STABLE),
        ),
        identity(
            "beta_form",
            PEAK,
            eq(ordering.beta.rhs, n.E / n.den),
            "By the form of $@b$.",
            using=STABLE,
        ),
        sign(
            "beta_below_one",
            PEAK,
            lt(n.beta, 1),
            "Hence $@beta$ is a proper fraction.",
            n.gap_kappa / n.den,
            using=(ordering.beta.statement, *STABLE[5:]),
            premises=("gap_kappa_positive", "den_positive"),
        ),
        sign(
            "beta_positive",
            PEAK,
            gt(n.beta, 0),
            "Positive factors.",
            ordering.beta.rhs,
            using=(ordering.beta.statement,),
            premises=("b_positive",),
        ),
    ]


_ORDERED = (gt(n.c2 - n.c1, 0),)


def _peak() -> list[ProofStep]:
    """K falls; or rises to the peak and falls after it."""
    at_zero = eq(n.P0, ordering.P.rhs.subs(n.c, 0))
    inside = eq(n.peak, n.sigma / n.a - 2 * n.A / n.B)
    at_peak = (*values(n.c1, n.c2), inside, gt(n.peak, 0))
    solved = (*values(n.c1, n.c2), eq(n.sigma, n.a * (n.peak + 2 * n.A / n.B)))
    scale = (n.c2 - n.c1) * weight(n.c1, n.c2)
    a_sq, ab_sq = n.A * n.a**2, n.B * n.a**2
    falling = [scale * x for x in (-n.sigma * n.P0, a_sq * (n.c2 - n.c1), 2 * a_sq * n.c1, ab_sq * n.c1 * n.c2)]
    step = n.c2 - n.c1
    rise = [
        scale * x
        for x in (
            2 * a_sq * (n.peak - n.c2),
            a_sq * step,
            ab_sq * (n.peak + n.c2) * (n.peak - n.c2),
            ab_sq * n.c2 * step,
        )
    ]
    fall = [
        scale * x
        for x in (
            2 * a_sq * (n.c1 - n.peak),
            a_sq * step,
            ab_sq * (n.c1 + n.peak) * (n.c1 - n.peak),
            ab_sq * n.c1 * step,
        )
    ]
    return [
        sign(
            "K_falls",
            PEAK,
            gt(K_at(n.c1), K_at(n.c2)),
            "The order of a pair is least at zero, where it is $-@sigma @P0$.",
            *falling,
            assuming=(*values(n.c1, n.c2), at_zero, le(n.P0, 0), *_ORDERED),
            using=(*values(n.c1, n.c2), at_zero),
            premises=PARTS,
        ),
        identity(
            "peak_position",
            PEAK,
            eq(n.a * n.B * n.peak, n.P0),
            "$@P$ vanishes at the peak; the peak is positive exactly when $@P0$ is.",
            assuming=(at_zero, inside),
            using=(at_zero, inside),
        ),
        sign(
            "K_rises_to_the_peak",
            PEAK,
            lt(K_at(n.c1), K_at(n.c2)),
            "The order of a pair grows with both eigenvalues, and is zero at the peak.",
            *rise,
            assuming=(*at_peak, *_ORDERED, ge(n.peak - n.c2, 0)),
            using=solved,
            premises=PARTS,
        ),
        sign(
            "K_falls_after_the_peak",
            PEAK,
            gt(K_at(n.c1), K_at(n.c2)),
            "Likewise.",
            *fall,
            assuming=(*at_peak, *_ORDERED, ge(n.c1 - n.peak, 0)),
            using=solved,
            premises=PARTS,
        ),
    ]


# --- what suffices ------------------------------------------------------------------------------------------
def _sufficient() -> list[ProofStep]:
    at_zero = eq(n.P0, ordering.P.rhs.subs(n.c, 0))
    form = ordering.P_at_zero.statement
    needs = ("q_positive", "beta_below_one")
    no_ridge = REGIMES["above"][1]
    bias = (-n.a * n.sigma**2, -n.a * n.sigma**2 * (1 - n.beta))
    ordered = gt(K_at(n.c1), K_at(n.c2))
    scene = (*values(n.c1, n.c2), at_zero, *_ORDERED)
    return [
        sign(
            "P0_negative_above",
            ABOVE,
            lt(n.P0, 0),
            "Without an effective ridge every term of $@P0$ is negative.",
            n.a * n.q * n.s,
            *(-x for x in bias),
            assuming=REGIMES["above"],
            using=(form, no_ridge),
            premises=(*needs, "noise_positive"),
        ),
        implication(
            "ordering_above",
            ABOVE,
            ordered,
            "$@P0 < 0$, and $@K$ falls. This is the ordering theorem, for every spectrum.",
            "chain",
            "K_falls",
            "P0_negative_above",
            assuming=(*scene, *REGIMES["above"]),
        ),
        sign(
            "P0_negative_at_small_ridge",
            BELOW,
            lt(n.P0, 0),
            "The only positive term is outweighed.",
            n.a * n.q * (n.s - n.effective_ridge),
            n.a * n.q * n.effective_ridge * n.beta,
            *(-x for x in bias),
            assuming=(ge(n.s - n.effective_ridge, 0),),
            using=(form,),
            premises=(*needs, "beta_positive"),
        ),
        implication(
            "ordering_at_small_ridge",
            BELOW,
            ordered,
            "$@P0 < 0$, and $@K$ falls.",
            "chain",
            "K_falls",
            "P0_negative_at_small_ridge",
            assuming=(*scene, ge(n.s - n.effective_ridge, 0)),
        ),
    ]


# --- the two smallest eigenvalues -----------------------------------------------------------------------------
def neighbours() -> list[ProofStep]:
    """Why the two smallest eigenvalues decide."""
    a_sq, ab_sq = n.A * n.a**2, n.B * n.a**2
    grow = (a_sq * (c3 - n.c1), a_sq * (c4 - n.c2), ab_sq * c3 * (c4 - n.c2), ab_sq * n.c2 * (c3 - n.c1))
    known = values(n.c1, n.c2, c3, c4)
    later = (ge(c3 - n.c1, 0), ge(c4 - n.c2, 0), gt(c4 - c3, 0))
    scale = (c4 - c3) * weight(c3, c4)
    between = (K_at(n.c1) - K_at(n.c2)) / ((n.c2 - n.c1) * weight(n.c1, n.c2))
    return [
        sign(
            "pair_grows",
            NEIGHBOURS,
            ge(pair_at(c3, c4), pair_at(n.c1, n.c2)),
            "The order of a pair grows with both eigenvalues.",
            *grow,
            assuming=later[:2],
            premises=PARTS,
        ),
        sign(
            "two_smallest_suffice",
            NEIGHBOURS,
            ge(K_at(c3), K_at(c4)),
            "If the two smallest eigenvalues are in order, so is every other pair. The converse is trivial: the two"
            " smallest are a pair.",
            scale * between,
            *(scale * x for x in grow),
            assuming=(*known, *_ORDERED, *later, ge(K_at(n.c1) - K_at(n.c2), 0)),
            using=known,
            premises=PARTS,
        ),
    ]


def steps() -> list[ProofStep]:
    """The peak, and what suffices for the ordering."""
    return [*_basics(), *_peak(), *_sufficient()]
