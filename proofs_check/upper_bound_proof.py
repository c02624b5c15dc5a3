r"""Where Newton's iteration starts: the one-atom bounds are above the root, for every spectrum.

The mean eigenvalue in place of all gives a quadratic whose larger root is the bound. Beyond it g is positive.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Eq, Expr, Pow, Rational, Symbol, diff, expand, factor, piecewise_fold

from ..derive import notation as n
from ..derive import resolvent, ridge, root
from ..derive.spectral import LEARNED, mean, sums
from .branches import branches_of
from .newton_proof import IN_T, g, g_in, ridge_branches
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, identity, implication, sign
from .symbols import g_of, t_root

CLAIM = "bounds"

_ATOM = n.c_train / n.rank_fraction


@dataclass(frozen=True)
class _Quadratic:
    """A quadratic in `x`, and the equation that gives its larger root `x = bound`."""

    name: str
    of: Expr
    x: Symbol
    bound: Expr
    given: Eq

    def at(self, value: Expr) -> Expr:
        """The quadratic at a value."""
        return self.of.subs(self.x, value)

    def slope(self, value: Expr) -> Expr:
        """Its slope at a value."""
        return diff(self.of, self.x).subs(self.x, value)

    def beyond(self) -> tuple[Expr, ...]:
        """The quadratic as a sum of what is not negative at and beyond the bound."""
        step = self.x - self.bound
        if self.name == "ridge":
            step = n.sigma - n.sigma_upper
        return (diff(self.of, self.x, 2) / 2 * step**2, self.slope(self.bound) * step, self.at(self.bound))

    @property
    def facts(self) -> tuple[str, str]:
        """Steps that say what the bound is."""
        return f"bound_{self.name}_zero", f"bound_{self.name}_larger"


def _one_atom(regime: str, learned: Expr, scale: Expr) -> Expr:
    """The scalar equation with one atom, times its denominator."""
    gaps = {n.gap_kappa: n.kappa - learned, n.gap_tau: n.tau - learned, n.U: 1 - learned}
    return expand(factor(root.g[regime].rhs.subs(gaps) * scale))


def _ridge_quadratic() -> Expr:
    level = n.c_train + n.s + n.effective_ridge
    equation = ridge.effective_ridge_fixed_point
    residual = (equation.lhs - equation.rhs).subs(n.M, 1 / level)
    return expand(factor(residual * n.effective_ridge * level))


_MEAN = LEARNED.subs(n.c, n.c_train)
_MOST = n.rank_fraction * LEARNED.subs(n.c, _ATOM)
ABOVE = _Quadratic("above", _one_atom("above", _MOST, _ATOM + n.t), n.t, n.t_upper, root.t_upper["above"].statement)
BELOW = _Quadratic("below", _one_atom("below", _MEAN, n.c_train + n.t), n.t, n.t_upper, root.t_upper["below"].statement)
RIDGE = _Quadratic(
    "ridge",
    _ridge_quadratic(),
    n.effective_ridge,
    n.sigma_upper - n.s,
    eq(n.sigma_upper, piecewise_fold(root.sigma_upper.rhs)),
)


def _larger_root(quadratic: _Quadratic) -> list[ProofStep]:
    """The bound is a zero of its quadratic, where that does not fall: the larger one."""
    pair = branches_of(quadratic.given.rhs)
    assert pair is not None, quadratic.name
    steps, names = [], ("first", "second")
    zero, larger = eq(quadratic.at(quadratic.bound), 0), ge(quadratic.slope(quadratic.bound), 0)
    for branch, name in zip(pair, names, strict=True):
        (discriminant,) = (x for x in branch.value.atoms(Pow) if x.exp == Rational(1, 2))
        given = (eq(quadratic.given.lhs, branch.value), *branch.moduli)
        steps += [
            identity(
                f"{quadratic.facts[0]}_{name}",
                CLAIM,
                zero,
                "The bound is a zero of the quadratic.",
                assuming=given,
                using=given,
            ),
            sign(
                f"{quadratic.facts[1]}_{name}",
                CLAIM,
                larger,
                "The slope there is the root of the discriminant, a sum of terms that are not negative.",
                discriminant,
                assuming=given,
                using=given,
                premises=("noise_positive",),
            ),
        ]
    for statement, fact, words in zip(
        (zero, larger), quadratic.facts, ("In both branches.", "In both branches: the bound is the larger zero."), strict=True
    ):
        cases = [f"{fact}_{name}" for name in names]
        steps.append(
            implication(fact, CLAIM, statement, words, "branches", *cases, assuming=(quadratic.given,))
        )
    return steps


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
            "instance",
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


def _above() -> list[ProofStep]:
    scene = (g_in("above"),)
    scaled = [x / (_ATOM + n.t) for x in ABOVE.beyond()]
    learned = n.t * n.rank_fraction * (_MEAN.subs(n.c_train, _ATOM) - n.D / n.rank_fraction)
    return [
        sign(
            "g_above_at_small_t",
            CLAIM,
            lt(g, 0),
            "The root is larger than $@s$.",
            n.kappa * (n.s - n.t),
            n.t * n.D,
            assuming=(*scene, ge(n.s - n.t, 0)),
            using=(*scene, root.gap_kappa.statement),
            premises=("D_positive",),
        ),
        _beyond(
            "above",
            (*scaled, learned),
            "The quadratic is positive beyond its larger zero, and fewer dimensions are learned than with one atom.",
            assuming=(*scene, ABOVE.given, gt(n.t - n.t_upper, 0)),
            using=(*scene, root.gap_kappa.statement),
            premises=(*ABOVE.facts, "jensen_rank"),
        ),
    ]


def _below() -> list[ProofStep]:
    scene = (g_in("below"), gt(1 - n.tau, 0))
    at = n.c_train + n.t
    tasks, contexts = (x * at - n.c_train for x in (n.kappa, n.tau))
    beyond = (BELOW.given, gt(n.t - n.t_upper, 0))
    step = n.t - n.t_upper
    scaled = [x / at for x in BELOW.beyond()]
    both = tasks * contexts
    slant = n.kappa * contexts + n.tau * tasks
    gain = n.t * (_MEAN - n.D) / (n.U * n.t / at)
    facts = (*BELOW.facts, "noise_positive")
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
            using=(scene[0], root.gap_tau.statement, root.gap_kappa.statement),
            premises=("D_positive", "U_positive"),
        ),
        sign(
            "g_below_where_a_gap_closes",
            CLAIM,
            lt(g, 0),
            "At the lower end of the range, if that is beyond $@s$.",
            n.s * n.kappa,
            -n.t * n.gap_kappa * n.gap_tau / n.U,
            assuming=(*scene, ge(-n.gap_kappa * n.gap_tau, 0)),
            using=scene[:1],
            premises=("noise_positive", "U_positive"),
        ),
        sign(
            "one_atom_gaps_product",
            CLAIM,
            gt(both, 0),
            "With one atom the gaps have one sign beyond the bound,",
            *BELOW.beyond(),
            n.s * n.kappa * at,
            assuming=beyond,
            premises=facts,
        ),
        sign(
            "one_atom_gaps_sum",
            CLAIM,
            gt(slant, 0),
            "and it is not negative for both, since the quadratic increases:",
            2 * n.kappa * n.tau * step,
            BELOW.slope(n.t_upper),
            n.s * n.kappa,
            assuming=beyond,
            premises=facts,
        ),
        *(
            sign(
                f"one_atom_gap_{name}",
                CLAIM,
                gt(own, 0),
                "so that this one is positive.",
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
            using=(scene[0], root.gap_tau.statement, root.gap_kappa.statement),
            premises=(*facts, "jensen", "one_atom_gap_kappa", "one_atom_gap_tau", "U_positive"),
        ),
    ]


def _ridge() -> list[ProofStep]:
    scene = (eq(g, ridge_branches()[0]),)
    down = (
        eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
        eq(n.M, n.U / n.sigma),
        eq(n.effective_ridge, n.sigma - n.s),
        *IN_T,
    )
    level = n.c_train + n.sigma
    above = (eq(g, root.g["above"].rhs.subs(n.s, n.sigma_upper)), ABOVE.given.subs(n.s, n.sigma_upper))
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
            assuming=(*scene, RIDGE.given, gt(n.sigma - n.sigma_upper, 0), gt(n.effective_ridge, 0), gt(n.ridge, 0)),
            using=(*scene, *down),
            premises=(*RIDGE.facts, "jensen_trace"),
        ),
        implication(
            "noise_above_its_bound",
            CLAIM,
            gt(g, 0),
            "The bound of the regime of many contexts, with the bound of the noise in place of $@s$.",
            "instance",
            "g_above_beyond_the_bound",
            using=(eq(n.s, n.sigma_upper),),
            assuming=(*above, gt(n.t - n.t_upper, 0)),
        ),
        sign(
            "noise_beyond_its_bound",
            CLAIM,
            gt(n.sigma, n.sigma_upper),
            "Hence beyond $@t_upper$ the noise exceeds its bound.",
            g / n.kappa,
            assuming=(*above, gt(n.t - n.t_upper, 0)),
            using=(above[0], *IN_T[:1]),
            premises=("noise_above_its_bound",),
        ),
    ]


# --- existence, and the bounds ------------------------------------------------------------------------------------
def _roots() -> list[ProofStep]:
    given = {
        "above": ("g_above_at_small_t", (ABOVE.given,), n.t - n.t_upper, ()),
        "below": ("g_below_at_small_t", (BELOW.given, gt(1 - n.tau, 0)), n.t - n.t_upper, ()),
        "ridge": (
            "g_ridge_at_the_end",
            (RIDGE.given,),
            n.sigma - n.sigma_upper,
            (gt(n.effective_ridge, 0), gt(n.ridge, 0)),
        ),
    }
    steps = []
    for regime, (low, more, distance, also) in given.items():
        scene = (g_in(regime) if regime != "ridge" else eq(g, ridge_branches()[0]),)
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
    return steps


def steps() -> list[ProofStep]:
    """The steps, in order."""
    larger = [step for quadratic in (ABOVE, BELOW, RIDGE) for step in _larger_root(quadratic)]
    return [*_jensen(), *larger, *_above(), *_below(), *_ridge(), *_roots()]
