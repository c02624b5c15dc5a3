r"""Each scalar equation g is convex and increasing where its solution lies, for every spectrum.

From third moments of the learned share: with $\mathcal E_2 = \sum_i w_i \theta_i^2 \bar\theta_i$ every second
derivative is a polynomial in the sums, and the inequality of Cauchy and Schwarz is a mean of squares.
"""

from __future__ import annotations

from sympy import Derivative, Eq, Expr, Function, Piecewise

from ..derive import notation as n
from ..derive import resolvent, scalar, stable
from ..derive.spectral import LEARNED, UNLEARNED, mean, sums
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, identity, implication, sign
from .symbols import DEFINITIONS, E2, M_of, ddM, g_of, sigma_of

CLAIM = "newton"
g = g_of(n.t)
SLOPE, BEND = Derivative(g, n.t), Derivative(g, (n.t, 2))
_D = Function("D", real=True)(n.t)

#: the sums as explicit functions of t, so that SymPy differentiates the sums themselves
IN_T = (
    scalar.sigma_of_t.statement,
    scalar.a_of_t.statement,
    stable.den.statement,
    scalar.gap_tau.statement,
    scalar.gap_kappa.statement,
    *(equation.statement for equation in sums.values()),
)
_E2 = DEFINITIONS[0]
SUMS = ("U_positive", "E_positive", "U2_positive")


def g_in(regime: str) -> Eq:
    """What g is in a regime; with an explicit ridge, the first of its two forms."""
    return eq(g, ridge_branches()[0] if regime == "ridge" else scalar.g[regime].rhs)


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


def _equations() -> list[ProofStep]:
    """Each g is the residual of the equation of the effective ridge, times what has no zero."""
    residual = n.effective_ridge * n.M - (1 - n.tau)
    with_ridge = resolvent.effective_ridge_fixed_point
    forms = {
        "above": n.kappa * n.effective_ridge,
        "below": n.kappa * n.sigma / n.U * residual,
        "ridge": n.effective_ridge * (with_ridge.lhs - with_ridge.rhs),
    }
    functions = {"above": scalar.g["above"].rhs, "below": scalar.g["below"].rhs, "ridge": ridge_branches()[0]}
    return [
        identity(
            f"g_{regime}_form",
            CLAIM,
            eq(functions[regime], form),
            "The scalar equation is that of the effective ridge"
            + (", which vanishes." if regime == "above" else ", times what has no zero."),
            using=_DOWN[1:],
        )
        for regime, form in forms.items()
    ]


def _above() -> list[ProofStep]:
    scene = (g_in("above"),)
    inside = (*scene, gt(n.gap_kappa, 0))
    return [
        identity(
            "g_above_slope",
            CLAIM,
            eq(SLOPE, scalar.dg["above"].rhs),
            "The slope that the solver uses is the derivative.",
            assuming=scene,
            using=(*scene, *IN_T),
        ),
        sign(
            "g_above_rises",
            CLAIM,
            gt(SLOPE, 0),
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
            ge(BEND, 0),
            "The slope is $@kappa - @D2$, and the second moment of the learned share falls with $@t$.",
            2 * E2 / n.t,
            assuming=scene,
            using=(*scene, *IN_T, _E2),
            premises=("E2_positive",),
        ),
    ]


def _below() -> list[ProofStep]:
    scene = (g_in("below"), lt(n.tau, 1))
    using = (*scene[:1], *IN_T, _E2)
    inside = (*scene, gt(n.gap_kappa, 0), gt(n.gap_tau, 0))
    bend = 2 / n.t
    return [
        identity(
            "g_below_slope",
            CLAIM,
            eq(SLOPE, scalar.dg["below"].rhs),
            "The slope that the solver uses is the derivative.",
            assuming=scene,
            using=using,
        ),
        sign(
            "g_below_rises",
            CLAIM,
            gt(SLOPE, 0),
            "Every term is positive.",
            n.gap_kappa * n.gap_tau / n.U,
            n.E * n.gap_kappa * (1 - n.tau) / n.U**2,
            n.E * n.gap_tau / n.U,
            assuming=inside,
            using=using,
            premises=("U_positive", "E_positive"),
        ),
        sign(
            "g_below_convex_few_tasks",
            CLAIM,
            ge(BEND, 0),
            r"$@t @U$ is convex and $@t/@U$ concave; by $@U = 1 - @kappa + @gap_kappa = 1 - @tau + @gap_tau$ the first"
            r" outweighs the second, and what remains of both is a square.",
            bend * E2 * n.gap_kappa * (1 - n.tau) / n.U**2,
            bend * E2 * n.gap_tau / n.U,
            bend * n.E**2 * (1 - n.kappa) * (1 - n.tau) / n.U**3,
            assuming=(*inside, le(n.kappa, 1)),
            using=using,
            premises=("U_positive", "E2_positive"),
        ),
        sign(
            "g_below_convex_many_tasks",
            CLAIM,
            ge(BEND, 0),
            r"$@t @U$ is convex, and $@t/@U$, which is concave by Cauchy and Schwarz, has a negative factor.",
            bend * E2,
            bend * (n.kappa - 1) * (1 - n.tau) * (n.U * E2 - n.E**2) / n.U**3,
            assuming=(*scene, ge(n.kappa - 1, 0)),
            using=using,
            premises=("U_positive", "E2_positive", "cauchy_schwarz_unlearned"),
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
    (cases,) = scalar.g["ridge"].rhs.atoms(Piecewise)
    first, second = (scalar.g["ridge"].rhs.subs(cases, branch) for branch, _ in cases.args)
    return first, second


def _third() -> list[ProofStep]:
    """The trace of the resolvent, as a function of the noise, has a concave reciprocal."""
    curve = (eq(sigma_of(n.t), scalar.sigma_of_t.rhs), eq(M_of(n.t), stable.M.rhs))
    scale = 2 * n.kappa**4 / (n.gap_kappa**3 * n.t**4 * n.den**3)
    return [
        identity(
            "slope_of_M",
            CLAIM,
            eq(Derivative(M_of(n.t), n.t), n.dM * Derivative(sigma_of(n.t), n.t)),
            "$@dM$ is the slope of $@M$ along the curve that has $@t$ for a parameter.",
            assuming=curve,
            using=(*curve, stable.dM.statement, *IN_T),
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
    scene = (g_in("ridge"),)
    inside = (*scene, gt(n.gap_kappa, 0), gt(n.effective_ridge, 0), gt(n.ridge_share, 0))
    stretch, bend = n.den / n.kappa, 2 * E2 / (n.kappa * n.t)
    signs = ("b_positive", "noise_positive")
    return [
        identity("ridge_branches", CLAIM, eq(first, second), "The two forms of $@g$ are equal.", using=IN_T),
        sign(
            "g_ridge_rises",
            CLAIM,
            gt(SLOPE, 0),
            "The slope of $@sigma$, times the denominator of $@q$.",
            stretch * n.ridge_share,
            stretch * n.effective_ridge * n.kappa * n.b,
            -stretch * n.effective_ridge * n.s * n.dM,
            assuming=inside,
            using=(*scene, *_DOWN),
            premises=(*signs, "den_positive", "dM_negative"),
        ),
        sign(
            "g_ridge_convex",
            CLAIM,
            ge(BEND, 0),
            "$@sigma$ is convex in $@t$; for the rest complete the square.",
            bend * n.ridge_share,
            bend * n.effective_ridge * n.s * n.M / n.sigma,
            bend * n.effective_ridge**2 * n.kappa * n.b / n.sigma,
            2 * stretch**2 * (n.M + n.effective_ridge * n.dM) ** 2 / n.M,
            stretch**2 * n.effective_ridge**2 * (n.M * ddM - 2 * n.dM**2) / n.M,
            assuming=inside,
            using=(*scene, *_DOWN),
            premises=(*signs, "M_positive", "E2_positive", "reciprocal_trace_concave"),
        ),
    ]


def steps() -> list[ProofStep]:
    """The steps, in order."""
    few_many = implication(
        "g_below_convex",
        CLAIM,
        ge(BEND, 0),
        "In both cases.",
        "cases",
        "g_below_convex_few_tasks",
        "g_below_convex_many_tasks",
        assuming=(g_in("below"), lt(n.tau, 1), gt(n.gap_kappa, 0), gt(n.gap_tau, 0)),
    )
    return [*_equations(), *_inequalities(), *_above(), *_below(), few_many, *_third(), *_ridge()]
