r"""How many contexts suffice for the ordering: $\tau \ge \tau_{\mathrm{order}}$ is $\tilde\lambda \le s$."""

from __future__ import annotations

from sympy import Derivative

from ..derive import notation as n
from ..derive import ordering, resolvent, stable
from .foundation_proof import REGIMES
from .ordering_proof import BELOW, K_at, values
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, identity, implication, sign
from .symbols import f_of

#: residual of the equation of the effective ridge, as a function of the noise z
_RESIDUAL = (resolvent.effective_ridge_fixed_point.lhs - resolvent.effective_ridge_fixed_point.rhs).subs(
    {n.effective_ridge: n.z - n.s, n.M: resolvent.M_z}, simultaneous=True
)
_F = eq(f_of(n.z), _RESIDUAL)
_AT_TWICE = f_of(2 * n.s)
_AT_ROOT = f_of(n.s + n.effective_ridge)
_SCENE = (_F, gt(n.z - n.s, 0))
_ORDER = eq(n.tau_order, ordering.tau_order.rhs.args[0][0])
#: what the function is at twice the noise, and at the solution
_KNOWN = (
    eq(_AT_TWICE, _RESIDUAL.subs(n.z, 2 * n.s)),
    eq(resolvent.M_z.func(2 * n.s), n.M),
    _ORDER,
    eq(_AT_ROOT, 0),
    gt(n.s - n.ridge, 0),
)


def _slope() -> list[ProofStep]:
    return [
        sign(
            "residual_rises",
            BELOW,
            gt(Derivative(f_of(n.z), n.z), 0),
            "The residual of the equation of the effective ridge, as a function of the noise: every term of its slope"
            " is positive or zero. Hence the effective ridge is unique.",
            n.kappa * n.b,
            -n.s * n.dM,
            n.tau * n.ridge / (n.z - n.s) ** 2,
            assuming=_SCENE,
            using=(_F, eq(Derivative(resolvent.M_z, n.z), n.dM), eq(resolvent.M_z, n.M), resolvent.da.statement),
            premises=("b_positive", "dM_negative", "noise_positive"),
        ),
        sign(
            "effective_ridge_above_ridge",
            BELOW,
            gt(n.effective_ridge, n.ridge),
            "Finitely many contexts inflate the explicit ridge.",
            n.effective_ridge * n.s * n.M / n.tau,
            n.effective_ridge * n.D / n.tau,
            assuming=REGIMES["ridge"],
            using=(
                eq(n.ridge, n.ridge_share * n.effective_ridge / n.tau),
                eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
                eq(n.s, n.sigma - n.effective_ridge),
                stable.M.statement,
            ),
            premises=("noise_positive", "M_positive", "D_positive"),
        ),
    ]


def _equivalence() -> list[ProofStep]:
    factor = n.s / (n.s - n.ridge)
    put_in = (eq(_AT_ROOT, 0), eq(_AT_TWICE, (1 - n.ridge / n.s) * (n.tau - n.tau_order)))
    more, less = gt(n.effective_ridge - n.s, 0), ge(n.s - n.effective_ridge, 0)
    return [
        identity(
            "residual_at_twice_the_noise",
            BELOW,
            eq(_AT_TWICE, (1 - n.ridge / n.s) * (n.tau - n.tau_order)),
            "The residual where the effective ridge would be $@s$.",
            assuming=_KNOWN[:3],
            using=_KNOWN[:3],
        ),
        implication(
            "residual_beyond",
            BELOW,
            gt(_AT_ROOT - _AT_TWICE, 0),
            "The residual increases.",
            "increasing",
            "residual_rises",
            assuming=(*_SCENE, more),
        ),
        implication(
            "residual_before",
            BELOW,
            ge(_AT_TWICE - _AT_ROOT, 0),
            "The residual increases.",
            "increasing",
            "residual_rises",
            assuming=(*_SCENE, less),
        ),
        sign(
            "few_contexts",
            BELOW,
            lt(n.tau - n.tau_order, 0),
            "The residual vanishes at the effective ridge, so that it is negative at the smaller $@s$.",
            (_AT_ROOT - _AT_TWICE) * factor,
            assuming=(*_SCENE, *_KNOWN, more),
            using=put_in,
            premises=("residual_beyond", "residual_at_twice_the_noise", "noise_positive"),
        ),
        sign(
            "many_contexts",
            BELOW,
            ge(n.tau, n.tau_order),
            "Likewise it is not negative at a larger $@s$. With the step before, $@tau \\ge @tau_order$ is the same as"
            " $@effective_ridge \\le @s$.",
            (_AT_TWICE - _AT_ROOT) * factor,
            assuming=(*_SCENE, *_KNOWN, less),
            using=put_in,
            premises=("residual_before", "residual_at_twice_the_noise", "noise_positive"),
        ),
        implication(
            "small_effective_ridge",
            BELOW,
            le(n.effective_ridge - n.s, 0),
            "Otherwise there would be fewer contexts.",
            "contrapositive",
            "few_contexts",
            assuming=(*_SCENE, *_KNOWN, ge(n.tau - n.tau_order, 0)),
        ),
    ]


def _ordering() -> list[ProofStep]:
    zero = eq(n.P0, ordering.P.rhs.subs(n.c, 0))
    pair = (*values(n.c1, n.c2), zero, gt(n.c2 - n.c1, 0))
    return [
        implication(
            "ordering_with_many_contexts",
            BELOW,
            gt(K_at(n.c1), K_at(n.c2)),
            "The effective ridge is at most $@s$, and $@K$ falls, for every spectrum.",
            "chain",
            "ordering_at_small_ridge",
            "small_effective_ridge",
            assuming=(*pair, *_SCENE, *_KNOWN, ge(n.tau - n.tau_order, 0)),
        ),
        sign(
            "large_ridge_never_small",
            BELOW,
            gt(n.effective_ridge - n.s, 0),
            "With an explicit ridge of at least $@s$ no number of contexts makes the effective ridge so small:"
            " $@tau_order$ is infinite.",
            n.effective_ridge - n.ridge,
            n.ridge - n.s,
            assuming=(*REGIMES["ridge"], ge(n.ridge - n.s, 0)),
            premises=("effective_ridge_above_ridge",),
        ),
    ]


def steps() -> list[ProofStep]:
    """The steps, in order."""
    return [*_slope(), *_equivalence(), *_ordering()]
