r"""Each scalar equation g is convex and increasing where its solution lies, for every spectrum.

From third moments of the learned share: with $\mathcal E_2 = \sum_i w_i \theta_i^2 \bar\theta_i$ every second
derivative is a polynomial in the sums, and the inequality of Cauchy and Schwarz is a mean of squares.
"""

from __future__ import annotations

from sympy import Derivative, Eq, Expr, Function, Piecewise
from sympy.core.relational import Relational

from ..derive import notation as n
from ..derive import root, stable
from ..derive.spectral import LEARNED, UNLEARNED, mean, sums
from .relations import eq, ge, gt, le
from .step import ProofStep, identity, implication, sign
from .symbols import DEFINITIONS, E2, ddM, f_of, g_of, per_noise, t_limit, t_root

CLAIM = "newton"
g = g_of(n.t)
_SLOPE, _BEND = Derivative(g, n.t), Derivative(g, (n.t, 2))
_D = Function("D", real=True)(n.t)

#: the sums as explicit functions of t, so that SymPy differentiates the sums themselves
IN_T = (
    root.sigma_of_t.statement,
    root.a_of_t.statement,
    stable.den.statement,
    root.gap_tau.statement,
    root.gap_kappa.statement,
    *(equation.statement for equation in sums.values()),
)
_E2 = DEFINITIONS[0]
SUMS = ("U_positive", "E_positive", "U2_positive")


def g_in(regime: str) -> Eq:
    """What g is in a regime."""
    return eq(g, root.g[regime].rhs)


def _inequalities() -> list[ProofStep]:
    spread = LEARNED * n.U - n.E
    rest = UNLEARNED * n.D - n.E
    return [
        sign(
            "E2_positive",
            CLAIM,
            gt(E2, 0),
            "A mean of products of shares, not all of them zero.",
            _E2.rhs,
            using=(_E2,),
        ),
        sign(
            "cauchy_schwarz_unlearned",
            CLAIM,
            ge(n.U * E2 - n.E**2, 0),
            "Cauchy and Schwarz, as a mean of squares.",
            mean(UNLEARNED * spread**2) / n.U,
            using=(_E2,),
            premises=("U_positive",),
        ),
        sign(
            "cauchy_schwarz_learned",
            CLAIM,
            ge(n.D * (n.E - E2) - n.E**2, 0),
            "The same for the learned share.",
            mean(LEARNED * rest**2) / n.D,
            using=(_E2,),
            premises=("D_positive",),
        ),
        identity(
            "slope_of_D",
            CLAIM,
            eq(Derivative(_D, n.t), -n.E / n.t),
            "Hence the gaps grow with $@t$, and where they are positive is an interval without upper end.",
            assuming=(eq(_D, sums[n.D].rhs),),
            using=(eq(_D, sums[n.D].rhs),),
        ),
    ]


def _above() -> list[ProofStep]:
    scene = (g_in("above"),)
    inside = (*scene, gt(n.gap_kappa, 0))
    return [
        sign(
            "g_above_rises",
            CLAIM,
            gt(_SLOPE, 0),
            "Both terms are positive.",
            n.gap_kappa,
            n.E,
            assuming=inside,
            using=(*scene, *IN_T),
            premises=("E_positive",),
        ),
        sign(
            "g_above_convex",
            CLAIM,
            ge(_BEND, 0),
            "The slope is $@kappa - @D2$, and the second moment of the learned share falls with $@t$.",
            2 * E2 / n.t,
            assuming=scene,
            using=(*scene, *IN_T, _E2),
            premises=("E2_positive",),
        ),
    ]


def _below() -> list[ProofStep]:
    scene = (g_in("below"), gt(1 - n.tau, 0))
    using = (*scene[:1], *IN_T, _E2)
    inside = (*scene, gt(n.gap_kappa, 0), gt(n.gap_tau, 0))
    bend = 2 / n.t
    return [
        sign(
            "g_below_rises",
            CLAIM,
            gt(_SLOPE, 0),
            "Every term is positive.",
            n.gap_kappa * n.gap_tau / n.U,
            n.E * n.gap_kappa * (1 - n.tau) / n.U**2,
            n.E * n.gap_tau / n.U,
            assuming=inside,
            using=using,
            premises=SUMS,
        ),
        sign(
            "g_below_convex_few_tasks",
            CLAIM,
            ge(_BEND, 0),
            r"$@t @U$ is convex and $@t/@U$ concave; by $@U = 1 - @kappa + @gap_kappa = 1 - @tau + @gap_tau$ the first"
            r" outweighs the second, and what remains of both is a square.",
            bend * E2 * n.gap_kappa * (1 - n.tau) / n.U**2,
            bend * E2 * n.gap_tau / n.U,
            bend * n.E**2 * (1 - n.kappa) * (1 - n.tau) / n.U**3,
            assuming=(*inside, ge(1 - n.kappa, 0)),
            using=using,
            premises=(*SUMS, "E2_positive"),
        ),
        sign(
            "g_below_convex_many_tasks",
            CLAIM,
            ge(_BEND, 0),
            r"$@t @U$ is convex, and $@t/@U$, which is concave by Cauchy and Schwarz, has a negative factor.",
            bend * E2,
            bend * (n.kappa - 1) * (1 - n.tau) * (n.U * E2 - n.E**2) / n.U**3,
            assuming=(*inside, ge(n.kappa - 1, 0)),
            using=using,
            premises=(*SUMS, "E2_positive", "cauchy_schwarz_unlearned"),
        ),
    ]


# --- with an explicit ridge -----------------------------------------------------------------------------------
#: from the symbols of the solution to sums that are functions of t
_DOWN = (
    eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
    eq(n.effective_ridge, n.sigma - n.s),
    stable.M.statement,
    stable.dM.statement,
    stable.b.statement,
    *IN_T,
    *DEFINITIONS[:2],
)


def ridge_branches() -> tuple[Expr, Expr]:
    """The two forms of g in this regime."""
    (cases,) = root.g["ridge"].rhs.atoms(Piecewise)
    first, second = (root.g["ridge"].rhs.subs(cases, branch) for branch, _ in cases.args)
    return first, second


def _third() -> list[ProofStep]:
    """The trace of the resolvent, as a function of the noise, has a concave reciprocal."""
    scale = 2 * n.kappa**4 / (n.gap_kappa**3 * n.t**4 * n.den**3)
    return [
        identity(
            "slope_of_M",
            CLAIM,
            eq(per_noise(stable.M.rhs), stable.dM.rhs),
            "$@dM$ is the slope of $@M$ along the curve of solutions, for which $@t$ is a parameter.",
            using=IN_T,
        ),
        sign(
            "reciprocal_trace_concave",
            CLAIM,
            gt(n.M * ddM - 2 * n.dM**2, 0),
            "$1/@M$ is concave in the noise.",
            scale * n.gap_kappa**2 * (n.U * E2 - n.E**2),
            scale * n.gap_kappa * n.E**2 * n.U2,
            scale * n.E**3 * n.U,
            using=_DOWN,
            premises=(*SUMS, "cauchy_schwarz_unlearned", "gap_kappa_positive", "den_positive"),
        ),
    ]


def _ridge() -> list[ProofStep]:
    first, second = ridge_branches()
    scene = (eq(g, first),)
    inside = (*scene, gt(n.gap_kappa, 0), gt(n.effective_ridge, 0), gt(n.ridge_share, 0))
    stretch, bend = n.den / n.kappa, 2 * E2 / (n.kappa * n.t)
    signs = ("den_positive", "b_positive", "dM_negative", "M_positive", "noise_positive")
    return [
        identity("ridge_branches", CLAIM, eq(first, second), "The two forms of $@g$ are equal.", using=IN_T),
        sign(
            "g_ridge_rises",
            CLAIM,
            gt(_SLOPE, 0),
            "The slope of $@sigma$, times the denominator of $@q$.",
            stretch * n.ridge_share,
            stretch * n.effective_ridge * n.kappa * n.b,
            -stretch * n.effective_ridge * n.s * n.dM,
            assuming=inside,
            using=(*scene, *_DOWN),
            premises=signs,
        ),
        sign(
            "g_ridge_convex",
            CLAIM,
            ge(_BEND, 0),
            "$@sigma$ is convex in $@t$; for the rest complete the square.",
            bend * n.ridge_share,
            bend * n.effective_ridge * n.s * n.M / n.sigma,
            bend * n.effective_ridge**2 * n.kappa * n.b / n.sigma,
            2 * stretch**2 * (n.M + n.effective_ridge * n.dM) ** 2 / n.M,
            stretch**2 * n.effective_ridge**2 * (n.M * ddM - 2 * n.dM**2) / n.M,
            assuming=inside,
            using=(*scene, *_DOWN),
            premises=(*signs, "E2_positive", "reciprocal_trace_concave"),
        ),
    ]


# --- convergence ----------------------------------------------------------------------------------------------
def regimes() -> dict[str, tuple[tuple[Relational, ...], tuple[Relational, ...]]]:
    """What g is, and where it is looked at, in each regime."""
    gaps = (gt(n.gap_kappa, 0), gt(n.gap_tau, 0))
    ridge = (gt(n.gap_kappa, 0), gt(n.effective_ridge, 0), gt(n.ridge_share, 0))
    return {
        "above": ((g_in("above"),), gaps[:1]),
        "below": ((g_in("below"), gt(1 - n.tau, 0)), gaps),
        "ridge": ((eq(g, ridge_branches()[0]),), ridge),
    }


def _newton() -> list[ProofStep]:
    at_root = eq(g_of(t_root), 0)
    above_tangent = ge(g_of(t_root) - g - _SLOPE * (t_root - n.t), 0)
    following = n.t - g / _SLOPE
    steps = [
        sign(
            "newton_stays_above",
            CLAIM,
            ge(following - t_root, 0),
            "A step of Newton's iteration goes to the zero of the tangent, which the function does not undercut.",
            above_tangent.lhs / _SLOPE,
            assuming=(gt(_SLOPE, 0), above_tangent, at_root),
            using=(at_root,),
        ),
        sign(
            "newton_falls",
            CLAIM,
            ge(n.t - following, 0),
            "Where the function is positive the step goes to the left.",
            g / _SLOPE,
            assuming=(gt(_SLOPE, 0), ge(g, 0)),
        ),
    ]
    for regime, (scene, inside) in regimes().items():
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
                "To the right of the root.",
                g - g_of(t_root),
                assuming=(*beyond, at_root),
                using=(at_root,),
                premises=(f"g_{regime}_increases",),
            ),
            implication(
                f"newton_{regime}",
                CLAIM,
                eq(t_limit, t_root),
                "Started above the root, the iterates fall and stay above it; their limit is a zero, and there is but"
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
    using = (*scene, *IN_T, _E2)
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
    few_many = implication(
        "g_below_convex",
        CLAIM,
        ge(_BEND, 0),
        "In both cases.",
        "cases",
        "g_below_convex_few_tasks",
        "g_below_convex_many_tasks",
        assuming=(*regimes()["below"][0], *regimes()["below"][1]),
    )
    return [*_inequalities(), *_above(), *_below(), few_many, *_third(), *_ridge(), *_newton(), *_reciprocal()]
