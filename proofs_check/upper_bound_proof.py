r"""Where Newton's iteration starts: the one-atom bounds are above the root, for every spectrum.

The mean eigenvalue in place of all gives a quadratic whose larger root is the bound. Beyond it g is positive.
"""

from __future__ import annotations

from sympy import Expr, expand, factor, piecewise_fold

from ..derive import notation as n
from ..derive import resolvent, scalar
from ..derive.spectral import LEARNED, mean, sums
from .branches import branches_of
from .newton_proof import IN_T, g, g_in
from .quadratic import CLAIM, Quadratic, larger_root
from .relations import eq, ge, gt, le, lt, put_in
from .step import ProofStep, implication, sign
from .symbols import atom_gap_kappa, atom_gap_tau, g_of, t_root

_ATOM = n.c_train / n.rank_fraction


def _one_atom(regime: str, learned: Expr, scale: Expr) -> Expr:
    """The scalar equation with one atom, times its denominator."""
    gaps = {n.gap_kappa: n.kappa - learned, n.gap_tau: n.tau - learned, n.U: 1 - learned}
    return expand(factor(scalar.g[regime].rhs.subs(gaps) * scale))


def _ridge_quadratic() -> Expr:
    level = n.c_train + n.s + n.effective_ridge
    equation = resolvent.effective_ridge_fixed_point
    residual = (equation.lhs - equation.rhs).subs(n.M, 1 / level)
    return expand(factor(residual * n.effective_ridge * level))


_MEAN = LEARNED.subs(n.c, n.c_train)
_MOST = n.rank_fraction * LEARNED.subs(n.c, _ATOM)
_DISTANCE = n.t - n.t_upper
#: kappa - D and tau - D with one atom, times c_train + t
_GAPS = (
    eq(atom_gap_kappa, n.kappa * (n.c_train + n.t) - n.c_train),
    eq(atom_gap_tau, n.tau * (n.c_train + n.t) - n.c_train),
)
ABOVE = Quadratic(
    "above", _one_atom("above", _MOST, _ATOM + n.t), n.t, n.t_upper, scalar.t_upper["above"].statement, _DISTANCE
)
BELOW = Quadratic(
    "below", _one_atom("below", _MEAN, n.c_train + n.t), n.t, n.t_upper, scalar.t_upper["below"].statement, _DISTANCE
)
RIDGE = Quadratic(
    "ridge",
    _ridge_quadratic(),
    n.effective_ridge,
    n.sigma_upper - n.s,
    eq(n.sigma_upper, piecewise_fold(scalar.sigma_upper.rhs)),
    n.sigma - n.sigma_upper,
)


# --- the mean eigenvalue in place of all ------------------------------------------------------------------------
def _jensen() -> list[ProofStep]:
    at = n.a * n.c_train + n.sigma
    spread = (n.c - n.c_train) ** 2
    paper = (resolvent.trace.statement, eq(n.z, n.sigma), *IN_T[:2])
    return [
        sign(
            "jensen",
            CLAIM,
            ge(_MEAN, n.D),
            "Jensen's inequality: the difference is a mean of squares.",
            n.t / (n.c_train + n.t) ** 2 * mean(spread / (n.c + n.t)),
            using=(sums[n.D].statement,),
        ),
        implication(
            "jensen_rank",
            CLAIM,
            ge(_MEAN.subs(n.c_train, _ATOM), n.D / n.rank_fraction),
            "The same for the non-zero eigenvalues alone, which have the share $@rank_fraction$, the mean"
            " $@c_train/@rank_fraction$, and all of $@D$.",
            "nonzero_part",
            "jensen",
            using=(eq(n.D, n.D / n.rank_fraction), eq(n.c_train, _ATOM)),
        ),
        sign(
            "jensen_trace",
            CLAIM,
            ge(n.M - 1 / (n.c_train + n.sigma), 0),
            "Jensen's inequality for the resolvent, and $@a < 1$.",
            n.a**2 / at**2 * mean(spread / (n.a * n.c + n.sigma)),
            n.c_train * (1 - n.a) / (at * (n.c_train + n.sigma)),
            using=paper,
            premises=("a_below_one",),
        ),
    ]


# --- beyond the bound ---------------------------------------------------------------------------------------------
def _beyond(name: str, terms: tuple[Expr, ...], reason: str, **evidence: object) -> ProofStep:
    return sign(f"g_{name}_beyond_the_bound", CLAIM, gt(g, 0), reason, *terms, **evidence)


def _one_atom_terms() -> tuple[list[Expr], Expr]:
    """The quadratic over its denominator, and what fewer learned dimensions than with one atom add."""
    learned = n.t * n.rank_fraction * (_MEAN.subs(n.c_train, _ATOM) - n.D / n.rank_fraction)
    return [x / (_ATOM + n.t) for x in ABOVE.beyond()], learned


def _above() -> list[ProofStep]:
    scene = (g_in("above"),)
    scaled, learned = _one_atom_terms()
    return [
        sign(
            "g_above_at_small_t",
            CLAIM,
            lt(g, 0),
            "The root is larger than $@s$.",
            n.kappa * (n.s - n.t),
            n.t * n.D,
            assuming=(*scene, ge(n.s - n.t, 0)),
            using=(*scene, scalar.gap_kappa.statement),
            premises=("D_positive",),
        ),
        _beyond(
            "above",
            (*scaled, learned),
            "The quadratic is positive beyond its larger zero, and fewer dimensions are learned than with one atom.",
            assuming=(*scene, *ABOVE.scene, gt(n.t - n.t_upper, 0)),
            using=(*scene, *ABOVE.definitions, scalar.gap_kappa.statement),
            premises=(*ABOVE.facts, "jensen_rank"),
        ),
    ]


def _below() -> list[ProofStep]:
    scene = (g_in("below"), lt(n.tau, 1))
    at = n.c_train + n.t
    tasks, contexts = atom_gap_kappa, atom_gap_tau
    beyond = (*BELOW.scene, *_GAPS, gt(n.t - n.t_upper, 0))
    step = n.t - n.t_upper
    scaled = [x / at for x in BELOW.beyond()]
    both, slant = tasks * contexts, n.kappa * contexts + n.tau * tasks
    gain = n.t * (_MEAN - n.D) / (n.U * n.t / at)
    facts = (*BELOW.facts, "noise_positive")
    put_in = (*_GAPS, *BELOW.definitions)
    return [
        sign(
            "g_below_at_small_t",
            CLAIM,
            lt(g, 0),
            "Where both gaps are positive and $@t \\le @s$.",
            n.kappa * (n.s - n.t),
            n.t * n.D,
            n.t * n.gap_kappa * (1 - n.tau) / n.U,
            assuming=(*scene, ge(n.s - n.t, 0), ge(n.gap_kappa, 0)),
            using=(scene[0], scalar.gap_tau.statement, scalar.gap_kappa.statement),
            premises=("D_positive", "U_positive"),
        ),
        *(
            sign(
                f"g_below_without_{name}",
                CLAIM,
                lt(g, 0),
                "At the lower end of the range, if that is beyond $@s$.",
                n.s * n.kappa,
                assuming=(*scene, eq(gap, 0)),
                using=(scene[0], eq(gap, 0)),
                premises=("noise_positive",),
            )
            for name, gap in (("tasks", n.gap_kappa), ("contexts", n.gap_tau))
        ),
        sign(
            "one_atom_gaps_product",
            CLAIM,
            gt(both, 0),
            "With one atom the gaps have one sign beyond the bound.",
            *BELOW.beyond(),
            n.s * n.kappa * at,
            assuming=beyond,
            using=put_in,
            premises=facts,
        ),
        sign(
            "one_atom_gaps_sum",
            CLAIM,
            gt(slant, 0),
            "They are not both negative, since the quadratic increases.",
            2 * n.kappa * n.tau * step,
            BELOW.slope,
            n.s * n.kappa,
            assuming=beyond,
            using=put_in,
            premises=facts[1:],
        ),
        *(
            sign(
                f"one_atom_gap_{name}",
                CLAIM,
                gt(own, 0),
                rf"It is $@{name} \hat\delta_{{@kappa}} \hat\delta_{{@tau}} + @{other.name} \hat\delta_{{@{name}}}^2$"
                " over the last sum.",
                factor_ * both / slant,
                other * own**2 / slant,
                assuming=beyond,
                premises=("one_atom_gaps_product", "one_atom_gaps_sum"),
            )
            for name, own, factor_, other in (("kappa", tasks, n.kappa, n.tau), ("tau", contexts, n.tau, n.kappa))
        ),
        _beyond(
            "below",
            (
                *scaled,
                gain * n.U * contexts / at,
                gain * (1 - n.tau) * tasks / at,
                gain * (1 - n.tau) * (_MEAN - n.D),
            ),
            "The quadratic is positive beyond its larger zero, and with more learned dimensions the left side of the"
            " equation would be smaller.",
            assuming=(*scene, *beyond),
            using=(scene[0], *put_in, scalar.gap_tau.statement, scalar.gap_kappa.statement),
            premises=(*facts[:2], "jensen", "one_atom_gap_kappa", "one_atom_gap_tau", "U_positive"),
        ),
    ]


def _positive_bound() -> list[ProofStep]:
    """The bound of the noise is positive, and so may stand for a noise."""
    pair = branches_of(RIDGE.given.rhs)
    assert pair is not None
    name, positive, steps = "sigma_upper_positive", gt(n.sigma_upper, 0), []
    for branch, which in zip(pair, ("first", "second"), strict=True):
        given = (eq(n.sigma_upper, branch.value), *branch.moduli)
        steps.append(
            sign(
                f"{name}_{which}",
                CLAIM,
                positive,
                "Positive terms.",
                branch.value,
                assuming=(*given, gt(n.ridge, 0)),
                using=given[:1],
                premises=("noise_positive",),
            )
        )
    cases = [step.name for step in steps]
    whole = implication(
        name, CLAIM, positive, "In both branches.", "branches", *cases, assuming=(RIDGE.given, gt(n.ridge, 0))
    )
    return [*steps, whole]


def _ridge() -> list[ProofStep]:
    scene = (g_in("ridge"),)
    down = (
        eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
        eq(n.M, n.U / n.sigma),
        eq(n.effective_ridge, n.sigma - n.s),
        *IN_T,
    )
    level = n.c_train + n.sigma
    start = tuple(put_in(x, {n.s: n.sigma_upper}) for x in ABOVE.scene)
    scaled, learned = _one_atom_terms()
    return [
        sign(
            "g_ridge_at_the_end",
            CLAIM,
            lt(g, 0),
            "At the lower end of the range the effective ridge or the share vanishes.",
            n.tau * n.ridge,
            -n.effective_ridge * n.ridge_share,
            assuming=(*scene, gt(n.ridge, 0), ge(-n.effective_ridge * n.ridge_share, 0)),
            using=(*scene, *down),
        ),
        _beyond(
            "ridge",
            (n.effective_ridge**2 * (n.M - 1 / level), *(x / level for x in RIDGE.beyond())),
            "The quadratic is positive beyond its larger zero.",
            assuming=(*scene, *RIDGE.scene, gt(n.sigma - n.sigma_upper, 0), gt(n.effective_ridge, 0), gt(n.ridge, 0)),
            using=(*scene, *RIDGE.definitions, *down),
            premises=(*RIDGE.facts, "jensen_trace"),
        ),
        *_positive_bound(),
        *(
            implication(
                f"{fact}_at_the_bound",
                CLAIM,
                statement,
                "For the bound of the noise in place of $@s$.",
                "other_noise",
                fact,
                "sigma_upper_positive",
                using=(eq(n.s, n.sigma_upper),),
                assuming=(*start, RIDGE.given, gt(n.ridge, 0)),
            )
            for fact, statement in zip(ABOVE.facts, (eq(ABOVE.value, 0), ge(ABOVE.slope, 0)), strict=True)
        ),
        sign(
            "noise_beyond_its_bound",
            CLAIM,
            gt(n.sigma, n.sigma_upper),
            "As for many contexts: beyond this $@t_upper$ the noise exceeds its bound.",
            *(x / n.kappa for x in (*scaled, learned)),
            assuming=(*start, RIDGE.given, gt(n.ridge, 0), gt(n.t - n.t_upper, 0)),
            using=(*start[1:], *IN_T[:1], scalar.gap_kappa.statement),
            premises=(*(f"{fact}_at_the_bound" for fact in ABOVE.facts), "jensen_rank"),
        ),
    ]


# --- existence, and the bounds ------------------------------------------------------------------------------------
def _roots() -> list[ProofStep]:
    given = {
        "above": ("g_above_at_small_t", ABOVE.scene, n.t - n.t_upper, ()),
        "below": ("g_below_at_small_t", (*BELOW.scene, *_GAPS, lt(n.tau, 1)), n.t - n.t_upper, ()),
        "ridge": (
            "g_ridge_at_the_end",
            (*RIDGE.scene, gt(n.ridge, 0)),
            n.sigma - n.sigma_upper,
            (gt(n.effective_ridge, 0),),
        ),
    }
    steps = []
    for regime, (low, more, distance, also) in given.items():
        scene = (g_in(regime),)
        steps += [
            implication(
                f"root_exists_{regime}",
                CLAIM,
                eq(g_of(t_root), 0),
                "Negative at the lower end of the range where the gaps are positive, positive far out.",
                "intermediate_value",
                low,
                f"g_{regime}_beyond_the_bound",
                f"g_{regime}_rises",
                assuming=(*scene, *more),
            ),
            implication(
                f"root_bounded_{regime}",
                CLAIM,
                le(distance, 0),
                "Otherwise $@g$ would be positive: the root is at most the bound.",
                "contrapositive",
                f"g_{regime}_beyond_the_bound",
                assuming=(*scene, *more, *also, le(g, 0)),
            ),
        ]
    start = tuple(put_in(x, {n.s: n.sigma_upper}) for x in ABOVE.scene)
    steps.append(
        implication(
            "start_bounded_ridge",
            CLAIM,
            le(n.t - n.t_upper, 0),
            "Otherwise the noise would exceed its bound.",
            "contrapositive",
            "noise_beyond_its_bound",
            "root_bounded_ridge",
            assuming=(g_in("ridge"), *RIDGE.scene, *start, gt(n.ridge, 0), gt(n.effective_ridge, 0), le(g, 0)),
        )
    )
    return steps


def steps() -> list[ProofStep]:
    """The steps, in order."""
    larger = [step for quadratic in (ABOVE, BELOW, RIDGE) for step in larger_root(quadratic)]
    return [*_jensen(), *larger, *_above(), *_below(), *_ridge(), *_roots()]
