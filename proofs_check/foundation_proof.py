"""Signs that everything rests on: of the spectral sums, of what is left over, and in the three regimes."""

from __future__ import annotations

from sympy import Eq

from ..derive import error, resolvent, scalar, spectral, stable
from ..derive import notation as n
from ..derive.equation import Equation
from .relations import eq, ge, gt, lt
from .step import ProofStep, cited, identity, implication, sign

CLAIM = "signs"

#: what distinguishes the regimes, with the share of the explicit ridge in each
REGIMES = {
    "above": (gt(n.tau - 1, 0), eq(n.effective_ridge, 0), eq(n.ridge_share, n.tau - 1)),
    "below": (lt(n.tau, 1), gt(n.effective_ridge, 0), eq(n.ridge_share, 0)),
    "ridge": (
        gt(n.ridge, 0),
        gt(n.effective_ridge, 0),
        eq(n.ridge_share, n.tau * n.ridge / n.effective_ridge),
    ),
}


def _statements(*equations: Equation | Eq) -> tuple[Eq, ...]:
    return tuple(x if isinstance(x, Eq) else eq(x.lhs, x.rhs) for x in equations)


#: from the paper's M, M', b, ... to the sums, at the effective noise
PAPER = _statements(
    stable.N,
    stable.slack,
    stable.R2,
    stable.A2,
    stable.a_less,
    eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
    resolvent.da,
    resolvent.dM,
    stable.den,
    resolvent.phi,
    resolvent.trace,
    eq(n.z, n.sigma),
    eq(n.s, n.sigma - n.effective_ridge),
    scalar.sigma_of_t,
    scalar.a_of_t,
    scalar.gap_tau,
    scalar.gap_kappa,
)

#: the same by way of the forms without cancellation, once those are shown to be equal
STABLE = _statements(
    stable.N,
    stable.slack,
    stable.R2,
    stable.A2,
    stable.a_less,
    stable.dM,
    stable.M,
    stable.b,
    stable.den,
    eq(n.s, n.sigma - n.effective_ridge),
    scalar.sigma_of_t,
    scalar.a_of_t,
    scalar.gap_tau,
    scalar.gap_kappa,
)

_GIVEN = {
    "equation_of_a": (resolvent.fixed_point_a, "Deterministic equivalent of the task resolvent."),
    "equation_of_the_ridge": (resolvent.effective_ridge_fixed_point, "Deterministic equivalent of ridge regression."),
    "equation_of_q": (error.q, "Deterministic equivalent of its variance."),
    "equation_of_K": (error.K, "Average over the tasks."),
    "equation_of_the_error": (error.e_misalign, "The part of the error that is linear in $@C_test$."),
}

_SUMS = {
    "D": "A mean of shares that are not negative, not all of them zero.",
    "U": "A mean of positive shares.",
    "E": "A mean of products of shares, not all of them zero.",
    "D2": "A mean of squares, not all of them zero.",
    "U2": "A mean of squares of positive shares.",
}


def _sums() -> list[ProofStep]:
    return [
        sign(f"{symbol}_positive", CLAIM, gt(symbol, 0), _SUMS[symbol.name], e.rhs, using=(e.statement,))
        for symbol, e in spectral.sums.items()
    ]


def _left_over() -> list[ProofStep]:
    return [
        identity(
            "learned_part",
            CLAIM,
            eq(n.a * n.phi, n.D),
            "The learned share is $@a$ times the eigenvalue times the resolvent, so that the equation of $@a$ says"
            " $@kappa @a = @kappa - @D$.",
            using=PAPER,
        ),
        identity("unlearned_part", CLAIM, eq(n.sigma * n.M, n.U), "The unlearned share is $@sigma @F$.", using=PAPER),
        identity("two_shares", CLAIM, eq(n.D + n.U, 1), "The shares of every eigenvector add to one."),
        identity("second_moment_learned", CLAIM, eq(n.D - n.E, n.D2), "$@learned - @learned @unlearned = @learned^2$."),
        identity(
            "second_moment_unlearned", CLAIM, eq(n.U - n.E, n.U2), "$@unlearned - @learned @unlearned = @unlearned^2$."
        ),
        sign(
            "gap_kappa_positive",
            CLAIM,
            gt(n.gap_kappa, 0),
            "By the equation of $@a$: fewer dimensions are learned than there are tasks.",
            n.kappa * n.a,
            using=(scalar.a_of_t.statement,),
        ),
        sign(
            "a_below_one",
            CLAIM,
            lt(n.a, 1),
            "Finitely many tasks shrink the covariance.",
            n.D / n.kappa,
            premises=("D_positive",),
            using=(scalar.a_of_t.statement, scalar.gap_kappa.statement),
        ),
        sign(
            "noise_positive",
            CLAIM,
            gt(n.s, 0),
            "Contexts are finite.",
            n.rho / n.alpha,
            n.c_train / n.alpha,
            using=(resolvent.summary_noise.statement,),
        ),
    ]


def _shares() -> list[ProofStep]:
    words = {
        "above": "The effective ridge vanishes, and its equation leaves $@tau - 1$.",
        "below": "The effective ridge solves its equation without an explicit ridge.",
        "ridge": "Both ridges are positive.",
    }
    return [
        sign(
            f"share_{regime}",
            CLAIM,
            ge(n.ridge_share, 0),
            words[regime],
            assumptions[-1].rhs,
            assuming=assumptions,
            using=(assumptions[-1],),
        )
        for regime, assumptions in REGIMES.items()
    ]


def _gap_tau() -> ProofStep:
    return sign(
        "gap_tau_positive",
        CLAIM,
        gt(n.gap_tau, 0),
        "The equation of the effective ridge: fewer dimensions are learned than there are contexts per dimension.",
        n.ridge_share,
        n.s * n.M,
        premises=("share_not_negative", "noise_positive", "M_positive"),
        using=(
            scalar.gap_tau.statement,
            eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
            eq(n.s, n.sigma - n.effective_ridge),
            stable.M.statement,
        ),
    )


def steps() -> list[ProofStep]:
    """The steps, in order."""
    given = [cited(name, "given", equation.statement, words) for name, (equation, words) in _GIVEN.items()]
    share = implication(
        "share_not_negative",
        CLAIM,
        ge(n.ridge_share, 0),
        "In each of the three regimes.",
        "regimes",
        *(f"share_{regime}" for regime in REGIMES),
    )
    m_positive = sign(
        "M_positive",
        CLAIM,
        gt(n.M, 0),
        "The trace of a positive matrix.",
        n.U / n.sigma,
        premises=("U_positive",),
        using=(stable.M.statement,),
    )
    return [*given, *_sums(), *_left_over(), m_positive, *_shares(), share, _gap_tau()]
