r"""The forms without cancellation equal the papers' forms, and every term of them has one sign."""

from __future__ import annotations

from sympy import Abs, Add, Derivative, Expr, Function, diff, expand

from ..derive import error, resolvent, stable
from ..derive import notation as n
from ..derive.equation import Equation
from .foundation_proof import PAPER, REGIMES
from .relations import eq, ge, gt, lt
from .step import ProofStep, identity, implication, sign

CLAIM = "positivity"


def _forms() -> list[ProofStep]:
    """Each form equals the paper's."""
    numerator, denominator = error.q.rhs.as_numer_denom()
    exact = "Both sides written out in the spectral sums at $@t$ are the same."
    papers = {
        "b": (n.b, stable.b),
        "M": (n.M, stable.M),
        "dM": (n.dM, stable.dM),
        "A2": (n.M + n.sigma * n.dM, stable.A2),
        "R2": (1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM, stable.R2),
        "N": (numerator, stable.N),
        "slack": (denominator, stable.slack),
        "a_less": (n.a - n.effective_ridge * n.b, stable.a_less),
        "K": (error.K.rhs, stable.K),
        "Qbar": (error.Qbar.rhs, stable.Qbar),
    }
    parts = (stable.A, stable.B, resolvent.resolvent, resolvent.dF)
    using = (*(equation.statement for equation in parts), *PAPER)
    return [
        identity(f"{name}_form", CLAIM, eq(paper, form.rhs), exact, using=using)
        for name, (paper, form) in papers.items()
    ]


def _positive(name: str, equation: Equation, reason: str, *premises: str) -> ProofStep:
    """The right side has a sign by those of its parts."""
    needs = tuple(f"{premise}_positive" for premise in premises)
    return sign(
        f"{name}_positive",
        CLAIM,
        gt(equation.lhs, 0),
        reason,
        equation.rhs,
        premises=needs,
        using=(equation.statement,),
    )


def _variance() -> list[ProofStep]:
    """The denominator of q is positive in every regime: it has one strictly positive term at least."""
    words = {
        "above": "The first term is $@tau - 1$.",
        "below": "The second term is positive as the effective ridge is.",
        "ridge": "Both terms are positive.",
    }
    cases = [
        sign(
            f"slack_{regime}",
            CLAIM,
            gt(n.slack, 0),
            words[regime],
            _in_regime(stable.slack.rhs, regime),
            assuming=assumptions,
            using=(stable.slack.statement, *(x for x in assumptions if x.rel_op == "==")),
            premises=() if regime == "above" else ("b_positive", "dM_negative", "noise_positive"),
        )
        for regime, assumptions in REGIMES.items()
    ]
    names = [case.name for case in cases]
    whole = implication("slack_positive", CLAIM, gt(n.slack, 0), "In each of the three regimes.", "regimes", *names)
    return [*cases, whole]


def _in_regime(expression: Expr, regime: str) -> Expr:
    for equation in REGIMES[regime]:
        if equation.rel_op == "==":
            expression = expression.subs(equation.lhs, equation.rhs)
    return expression


def _outputs() -> list[ProofStep]:
    mean = "A product of positive factors."
    terms = "Every term is positive or zero, and one is positive."
    return [
        _positive("den", stable.den, terms, "gap_kappa", "E"),
        _positive("b", stable.b, mean, "E", "den"),
        sign(
            "dM_negative",
            CLAIM,
            lt(n.dM, 0),
            "The resolvent falls.",
            -stable.dM.rhs,
            premises=("U_positive", "E_positive", "gap_kappa_positive", "U2_positive", "den_positive"),
            using=(stable.dM.statement,),
        ),
        _positive("A2", stable.A2, mean, "b"),
        _positive("R2", stable.R2, terms, "D", "E", "gap_kappa", "D2", "den"),
        _positive("N", stable.N, terms, "noise", "R2", "A2"),
        *_variance(),
        _positive("q", stable.q, mean, "N", "slack"),
        _positive("a_less", stable.a_less, terms, "gap_kappa", "den", "noise", "b"),
        _positive("A", stable.A, terms, "q", "noise"),
        _positive("B", stable.B, terms, "q", "a_less", "b"),
        _positive("K", stable.K, "Numerator and denominator are positive at every eigenvalue.", "A", "B"),
        sign(
            "Qbar_positive",
            CLAIM,
            gt(n.Qbar, 0),
            terms,
            stable.Qbar.rhs,
            premises=("R2_positive", "q_positive", "b_positive", "noise_positive", "dM_negative"),
            using=(stable.Qbar.statement,),
        ),
    ]


# --- from the root to the effective ridge -------------------------------------------------------------------
_FEW, _MANY = "fewer contexts than squared dimensions", "at least as many contexts as squared dimensions"
_MODULUS = Abs(1 - n.tau)


def _shares(branch: int) -> list[ProofStep]:
    """The forms of the effective ridge and of the share solve the equation of the effective ridge."""
    side = (lt(n.tau, 1), ge(n.tau - 1, 0))[branch]
    words, name = (_FEW, _MANY)[branch], ("few", "many")[branch]
    larger = eq(n.larger_share, stable.larger_share.rhs)
    modulus = eq(_MODULUS, (1 - n.tau) * (1, -1)[branch])
    ridge, share = (x.rhs.args[branch][0] for x in (stable.effective_ridge_stable, stable.ridge_share))
    given = (side, gt(n.ridge, 0), eq(n.effective_ridge, ridge), eq(n.ridge_share, share))
    put_in = (*given[2:], larger, modulus, stable.M.statement)
    return [
        identity(
            f"shares_difference_{name}",
            CLAIM,
            eq(n.effective_ridge * n.M - n.ridge_share, 1 - n.tau),
            f"The equation of the effective ridge, with {words}.",
            assuming=(*given, modulus),
            using=put_in,
        ),
        identity(
            f"shares_product_{name}",
            CLAIM,
            eq(n.effective_ridge * n.ridge_share, n.tau * n.ridge),
            "What the share is.",
            assuming=(*given, modulus),
            using=put_in,
        ),
        *(
            sign(
                f"{symbol.name}_form_positive_{name}",
                CLAIM,
                gt(symbol, 0),
                "Factors that are positive.",
                value,
                assuming=given,
                using=given[2:],
                premises=("larger_share_positive", "U_positive")[: 2 - branch],
            )
            for symbol, value in ((n.effective_ridge, ridge), (n.ridge_share, share))
        ),
    ]


def _at_the_root() -> list[ProofStep]:
    h = Function("h", real=True)(n.effective_ridge)
    balance = (gt(n.effective_ridge, 0), eq(h, stable.noise_balance.rhs))
    slope, bend = (expand(diff(stable.noise_balance.rhs, n.effective_ridge, order)) for order in (1, 2))
    larger = stable.gap_at_root["below"].rhs.args[0][0]
    product = n.s * n.kappa * n.U / n.t
    return [
        sign(
            "larger_share_positive",
            CLAIM,
            gt(n.larger_share, 0),
            "A root and a modulus.",
            stable.larger_share.rhs,
            assuming=(gt(n.ridge, 0),),
            using=(stable.larger_share.statement,),
            premises=("U_positive",),
        ),
        *_shares(0),
        *_shares(1),
        sign(
            "gap_at_root_above_positive",
            CLAIM,
            gt(stable.gap_at_root["above"].rhs, 0),
            "Positive factors.",
            stable.gap_at_root["above"].rhs,
            premises=("noise_positive",),
        ),
        sign(
            "gap_at_root_below_positive",
            CLAIM,
            gt(larger, 0),
            "The larger of the two gaps; the smaller one is their product divided by it.",
            larger,
            premises=("noise_positive", "U_positive"),
        ),
        identity(
            "gap_at_root_below_solves",
            CLAIM,
            eq(larger * (larger - Abs(n.kappa - n.tau)), product),
            "The two gaps have this product, and differ by $@kappa - @tau$.",
        ),
        sign(
            "noise_balance_rises",
            CLAIM,
            gt(Derivative(h, n.effective_ridge), 0),
            "Every term is positive.",
            *Add.make_args(slope),
            assuming=balance,
            using=balance[1:],
            premises=("noise_positive", "U_positive"),
        ),
        sign(
            "noise_balance_concave",
            CLAIM,
            lt(Derivative(h, (n.effective_ridge, 2)), 0),
            "Every term is negative.",
            *Add.make_args(-bend),
            assuming=(*balance, gt(n.ridge, 0)),
            using=balance[1:],
            premises=("noise_positive", "U_positive"),
        ),
    ]


def steps() -> list[ProofStep]:
    """The steps, in order."""
    return [*_forms(), *_outputs(), *_at_the_root()]
