r"""Newton's iteration from above converges to the root without damping; and what bounds the root from below."""

from __future__ import annotations

from sympy import Derivative
from sympy.core.relational import Relational

from ..derive import notation as n
from .newton_proof import CLAIM, IN_T, SLOPE, g, g_in
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, implication, sign
from .symbols import DEFINITIONS, E2, f_of, g_of, t_limit, t_root


def _regimes() -> dict[str, tuple[tuple[Relational, ...], tuple[Relational, ...]]]:
    """What g is, and where it is looked at, in each regime."""
    gaps = (gt(n.gap_kappa, 0), gt(n.gap_tau, 0))
    ridge = (gt(n.gap_kappa, 0), gt(n.effective_ridge, 0), gt(n.ridge_share, 0))
    return {
        "above": ((g_in("above"),), gaps[:1]),
        "below": ((g_in("below"), lt(n.tau, 1)), gaps),
        "ridge": ((g_in("ridge"),), ridge),
    }


def _newton() -> list[ProofStep]:
    at_root = eq(g_of(t_root), 0)
    above_tangent = ge(g_of(t_root) - g - SLOPE * (t_root - n.t), 0)
    following = n.t - g / SLOPE
    steps = [
        sign(
            "newton_stays_above",
            CLAIM,
            ge(following - t_root, 0),
            "A step of Newton's iteration goes to the zero of the tangent, which the function does not undercut."
            r" Here $@{t}_\star$ is the root.",
            above_tangent.lhs / SLOPE,
            assuming=(gt(SLOPE, 0), above_tangent, at_root),
            using=(at_root,),
        ),
        sign(
            "newton_falls",
            CLAIM,
            ge(n.t - following, 0),
            "Where the function is positive the step goes to the left.",
            g / SLOPE,
            assuming=(gt(SLOPE, 0), ge(g, 0)),
        ),
    ]
    for regime, (scene, inside) in _regimes().items():
        beyond = (*scene, *inside, gt(n.t - t_root, 0))
        steps += [
            implication(
                f"g_{regime}_above_tangent",
                CLAIM,
                above_tangent,
                "A convex function lies above its tangents.",
                "tangent",
                f"g_{regime}_convex",
                assuming=(*scene, *inside),
            ),
            implication(
                f"g_{regime}_increases",
                CLAIM,
                gt(g - g_of(t_root), 0),
                "So the root is the only one.",
                "increasing",
                f"g_{regime}_rises",
                assuming=beyond,
            ),
            sign(
                f"g_{regime}_positive",
                CLAIM,
                gt(g, 0),
                "It vanishes at the root.",
                g - g_of(t_root),
                assuming=(*beyond, at_root),
                using=(at_root,),
                premises=(f"g_{regime}_increases",),
            ),
            implication(
                f"newton_{regime}",
                CLAIM,
                eq(t_limit, t_root),
                "Started above the root, the iterates fall and stay above it; their limit"
                r" $@{t}_\infty$ is a zero, and there is but"
                " one. No damping and no bracket are needed.",
                "monotone_limit",
                "newton_stays_above",
                "newton_falls",
                f"g_{regime}_increases",
                f"g_{regime}_above_tangent",
                f"g_{regime}_rises",
                f"g_{regime}_positive",
                assuming=(*beyond, at_root),
            ),
        ]
    return steps


# --- lower bound ----------------------------------------------------------------------------------------------
def _reciprocal() -> list[ProofStep]:
    f = f_of(n.t)
    scene = (eq(f, 1 / n.D),)
    using = (*scene, *IN_T, DEFINITIONS[0])
    there = f_of(t_root)
    return [
        sign(
            "reciprocal_D_rises",
            CLAIM,
            gt(Derivative(f, n.t), 0),
            "Its slope is known from the same sums.",
            n.E / (n.t * n.D**2),
            assuming=scene,
            using=using,
            premises=("E_positive", "D_positive"),
        ),
        sign(
            "reciprocal_D_concave",
            CLAIM,
            le(Derivative(f, (n.t, 2)), 0),
            "By Cauchy and Schwarz.",
            2 * (n.D * (n.E - E2) - n.E**2) / (n.t**2 * n.D**3),
            assuming=scene,
            using=using,
            premises=("cauchy_schwarz_learned", "D_positive"),
        ),
        implication(
            "reciprocal_D_below_tangent",
            CLAIM,
            le(there - f - Derivative(f, n.t) * (t_root - n.t), 0),
            "The tangent bounds $1/@D$ at the root from above, hence $@D$ from below.",
            "tangent",
            "reciprocal_D_concave",
            assuming=scene,
        ),
    ]


def steps() -> list[ProofStep]:
    """The steps, in order."""
    return [*_newton(), *_reciprocal()]
