r"""Limits of many tasks, of long contexts, and of many and few pretraining contexts, taken by SymPy.

In the limit of many tasks or contexts the equations are functions of the parameter itself and of the spectral
sums at the root t, and t tends to a positive number (to z for $\kappa \to \infty$; for $\tau \to \infty$ it does
not move at all without ridge). The sums are continuous in t, so they are held fixed at their values there.

In the others something vanishes or diverges. Every output in `stable` is built from terms of one sign, so
leading terms cannot cancel: it is enough to put in the leading term of each sum and of each gap, which the scalar
equation of `scalar` gives, and to take the limit of the result. The sums' own leading terms are

- $\mathcal D \to \kappa$ or $\mathcal D \to \tau$ at some $t > 0$: the sums at that t;
- $t \to 0$: $\mathcal D, \mathcal D_2 \to r$, $\mathcal U, \mathcal U_2 \to 1 - r$,
  $\mathcal E \simeq t\langle 1/c\rangle$;
- $t \to \infty$: $\mathcal U, \mathcal U_2 \to 1$, $\mathcal D, \mathcal E \simeq c_{\mathrm{train}}/t$,
  $\mathcal D_2 = O(t^{-2})$.

Long contexts are $s \to 0$, $\alpha = (\rho + c_{\mathrm{train}})/s$, with the effective noise $\sigma(s)$ moving
along: at fixed $\sigma$ the limit would be another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

from sympy import Eq, Expr, Integer, Mul, Poly, Symbol, cancel, collect, factor, fraction, limit, oo, solve, together

from . import notation as n
from . import resolvent, scalar, stable
from .equation import Equation, Section, derived
from .spectral import UNLEARNED

section = Section(
    "limits",
    "Limits",
    "In each limit $@t$ tends to a positive number, to zero or to infinity; the sums go to their values there,"
    " and leading terms never cancel, because all terms of the stable forms have one sign. Equations hold in"
    " the limit that stands in brackets; sums that appear in a result are taken at the limit of $@t$. With many"
    " tasks nothing is memorised, and $@t$ and $@sigma$ coincide.",
    source="THEORY 7",
)

_K = stable.K.rhs


# --- kappa to infinity ------------------------------------------------------------------------------------
def _many_tasks(expression: Expr) -> Expr:
    for equation in (stable.A, stable.B, stable.a_less, stable.b, stable.den, scalar.a_of_t, scalar.gap_kappa):
        expression = expression.subs(equation.lhs, equation.rhs)
    above, below = fraction(limit(expression, n.kappa, oo))
    return collect(above, n.q) / below


_TASKS = r"$@kappa \to \infty$"
_TASKS_SUMS = _TASKS + ", spectral sums at $@t = @sigma$"
many_tasks = [
    section(
        f"many_tasks_{equation.lhs.name}",
        f"{title} with many tasks",
        derived(equation.lhs, _many_tasks, equation.rhs),
        condition=condition,
    )
    for equation, title, condition in (
        (scalar.a_of_t, "Memorisation factor", _TASKS),
        (stable.dM, "Derivative of the trace", _TASKS_SUMS),
        (stable.A2, "First combination", _TASKS_SUMS),
        (stable.R2, "Second combination", _TASKS_SUMS),
        (stable.K, "Alignment matrix", _TASKS),
    )
]


# --- tau to infinity -----------------------------------------------------------------------------------------
_CONTEXTS = r"$@tau \to \infty$"


def _no_variance() -> Expr:
    slack = stable.slack.rhs.subs({n.effective_ridge: 0, n.ridge_share: n.tau - 1})
    return limit(stable.q.rhs.subs(n.slack, slack), n.tau, oo)


def _bias() -> Expr:
    return factor(limit(_K.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}), n.q, _no_variance()))


section.prose("With many contexts, only the bias due to finite contexts and finitely many tasks remains.")
many_contexts = [
    section(
        "many_contexts_effective_ridge",
        "Effective ridge with many contexts",
        derived(n.effective_ridge, lambda: limit(resolvent.effective_ridge.rhs, n.tau, oo)),
        "THEORY 1",
        condition=_CONTEXTS,
        remark="The renormalisation of the ridge disappears. $@M$ stays bounded, $@M < 1/@sigma$.",
    ),
    section(
        "many_contexts_q",
        "Variance with many contexts",
        derived(n.q, _no_variance),
        "THEORY (1.2)",
        condition=_CONTEXTS,
    ),
    section(
        "many_contexts_K",
        "Alignment matrix with many contexts",
        derived(n.K, _bias),
        "THEORY (1.3)",
        condition=_CONTEXTS,
        remark=r"With $@sigma = @s + @ridge$; this is $-@sigma^2 @dF$ along one eigenvector, the bias of the trained"
        " layer alone.",
    ),
]


# --- leading terms ---------------------------------------------------------------------------------------------
def leading(expression: Expr, known: Mapping[Symbol, Expr], small: Symbol) -> Expr:
    """Leading term of a rational function: the lowest power above and the lowest below."""
    parts = together(expression.subs(known)).as_numer_denom()
    above, below = (coefficient * small**power for (power,), coefficient in (Poly(x, small).terms()[-1] for x in parts))
    return cancel(above / below)


def _outputs(known: Mapping[Symbol, Expr], small: Symbol, *, few_contexts: bool) -> dict[Symbol, Expr]:
    """Leading terms of the outputs that do not depend on the label noise, from those of the sums, the gaps and t."""
    terms = dict(known)
    trace = stable.M.rhs.subs(n.sigma, scalar.sigma_of_t.rhs)
    (below,) = solve(resolvent.effective_ridge_below.statement.subs(n.M, trace), n.effective_ridge)
    chain = [
        (n.sigma, scalar.sigma_of_t.rhs),
        (n.a, scalar.a_of_t.rhs),
        (n.effective_ridge, below if few_contexts else Integer(0)),
        (n.ridge_share, Integer(0) if few_contexts else n.tau - 1),
        *((e.lhs, e.rhs) for e in (stable.den, stable.b, stable.dM, stable.A2, stable.R2, stable.slack, stable.a_less)),
    ]
    for symbol, value in chain:
        terms[symbol] = leading(value, terms, small)
    return terms


def with_noise(known: Mapping[Symbol, Expr], small: Symbol, noise: Expr) -> dict[Symbol, Expr]:
    """Leading terms of the outputs that depend on the label noise, added to the others."""
    terms = {**known, n.rho: noise}
    for equation in (stable.N, stable.q, stable.A, stable.B, stable.Qbar):
        terms[equation.lhs] = leading(equation.rhs, terms, small)
    return terms


def _root_of(regime: str, symbol: Symbol, known: Mapping[Symbol, Expr]) -> Expr:
    """The scalar equation solved for one of the gaps, or for t."""
    return solve(scalar.g[regime].rhs, symbol)[0].subs(known)


# --- alpha to infinity, without ridge --------------------------------------------------------------------------
@cache
def long_context_terms(regime: str, fewest: Symbol) -> dict[Symbol, Expr]:
    r"""Leading terms for $s \to 0$, label noise apart.

    Args:
        regime: `above` for tau > 1, `below` for tau < 1.
        fewest: what D rises to, the least of kappa (tasks), tau (contexts) and the rank fraction.
    """
    open_gaps = {n.gap_kappa: n.kappa - fewest, n.gap_tau: n.tau - fewest}
    sums = {n.D: fewest, n.U: 1 - fewest}
    if fewest is n.rank_fraction:  # t vanishes, and E with it
        t = _root_of(regime, n.t, {**open_gaps, **sums})
        sums |= {n.t: t, n.E: t * n.mean_inverse, n.D2: fewest, n.U2: 1 - fewest, **open_gaps}
    else:
        closing = n.gap_kappa if fewest is n.kappa else n.gap_tau
        del open_gaps[closing]
        sums |= {n.D2: fewest - n.E, n.U2: 1 - fewest - n.E, **open_gaps}
        sums[closing] = _root_of(regime, closing, sums)
    return _outputs(sums, n.s, few_contexts=regime == "below")


def _limit(expression: Expr, terms: Mapping[Symbol, Expr]) -> Expr:
    return limit(expression.subs(terms), n.s, 0, "+")


def _signs(product: Expr, positive: tuple[Expr, ...]) -> Expr:
    r"""Every factor $x - y$ with $y - x$ among the positive ones written as $-(y - x)$."""
    sign, factors = 1, []
    for f in Mul.make_args(factor(product)):
        base, exponent = f.as_base_exp()
        turned = -base in positive
        sign *= (-1) ** exponent if turned else 1
        factors.append((-base) ** exponent if turned else f)
    return Mul(sign, *factors)


_POSITIVE = (1 - n.kappa, 1 - n.rank_fraction, n.kappa - n.rank_fraction)
_POSITIVE_HERE = {
    ("above", n.kappa): (n.tau - 1,),
    ("below", n.kappa): (1 - n.tau, n.tau - n.kappa),
    ("below", n.tau): (1 - n.tau, n.kappa - n.tau),
    ("above", n.rank_fraction): (n.tau - 1,),
    ("below", n.rank_fraction): (1 - n.tau, n.tau - n.rank_fraction),
}
_LONG = r"$@alpha \to \infty$, $@ridge \to 0$, "
_WHERE = {
    ("above", n.kappa): "$@kappa < @rank_fraction$, $@tau > 1$, $@t$ with $@D = @kappa$",
    ("below", n.kappa): r"$@kappa < \min(@tau, @rank_fraction)$, $@tau < 1$, $@t$ with $@D = @kappa$",
    ("below", n.tau): r"$@tau < \min(@kappa, @rank_fraction)$, $@t$ with $@D = @tau$",
    ("above", n.rank_fraction): "$@kappa > @rank_fraction$, $@tau > 1$",
    ("below", n.rank_fraction): "$@kappa > @rank_fraction$, $@rank_fraction < @tau < 1$",
}
_NAMES = {n.kappa: "few_tasks", n.tau: "few_contexts", n.rank_fraction: "full_rank"}
_TITLES = {n.kappa: "few tasks", n.tau: "few contexts", n.rank_fraction: "rank exhausted"}


def _long_contexts(regime: str, fewest: Symbol, noisy: bool) -> Eq:
    positive = (*_POSITIVE, *_POSITIVE_HERE[regime, fewest])
    terms = with_noise(long_context_terms(regime, fewest), n.s, n.rho if noisy else Integer(0))
    if fewest is n.rank_fraction and not noisy:
        return Eq(n.K_of(0), 1 + _signs(_limit(_K.subs(n.c, 0), terms) - 1, positive))
    if fewest is n.rank_fraction:
        return Eq(n.K, _signs(_limit(_K, terms), positive))
    if noisy:
        return Eq(n.s * n.K, _signs(_limit(n.s * _K, terms), positive))
    return Eq(n.K, UNLEARNED * (1 + _signs(_limit(_K, terms) / UNLEARNED - 1, positive)))


def _long_context_equation(regime: str, fewest: Symbol, *, noisy: bool) -> Equation:
    condition = _LONG + _WHERE[regime, fewest] + (", $@rho > 0$" if noisy else ", $@rho = 0$")
    along = ", $@c > 0$" if fewest is n.rank_fraction and noisy else ""
    return section(
        f"long_contexts_{_NAMES[fewest]}_{regime}" + ("_noise" if noisy else ""),
        f"Long contexts, {_TITLES[fewest]}" + (", with noise" if noisy else ""),
        partial(_long_contexts, regime, fewest, noisy),
        condition=condition + along,
    )


section.prose(
    "Long contexts bring out a sharp transition. Without ridge and noise, whichever is fewest --"
    " tasks, contexts or dimensions of the tasks -- decides: if it is the dimensions, the error"
    " vanishes on the range of $@C_train$; otherwise a share $@t/(@c+@t)$ stays unlearned. Here"
    " $@sigma$ follows $@s$, which vanishes as $(@rho + @c_train)/@alpha$."
)
for _regime, _fewest in _WHERE:
    _long_context_equation(_regime, _fewest, noisy=False)
section.prose("With label noise, an error that stays bounded above the transition grows linearly in $@alpha$ below it.")
for _regime, _fewest in _WHERE:
    if _fewest is not n.tau:
        _long_context_equation(_regime, _fewest, noisy=True)


def _few_contexts_q() -> Expr:
    terms = with_noise(long_context_terms("below", n.tau), n.s, n.rho)
    return n.sigma + factor(cancel(_limit(n.q - n.sigma, terms)))


long_contexts_q = section(
    "long_contexts_few_contexts_q",
    "Variance with long contexts, but few",
    derived(n.q, _few_contexts_q),
    condition=_LONG + _WHERE["below", n.tau],
    remark=r"Here $@effective_ridge = @sigma = @t(@kappa-@tau)/@kappa$ keeps a positive limit: a regularisation"
    " remains.",
)


# --- tau to zero, without ridge -----------------------------------------------------------------------------------
@cache
def _no_contexts() -> dict[Symbol, Expr]:
    """Leading terms for tau -> 0, where t diverges like 1/tau."""
    far = Symbol("far", positive=True)  # 1/t
    spread = Symbol("spread", positive=True)  # sum of w c^2
    sums = {
        n.t: 1 / far,
        n.D: n.c_train * far,
        n.E: n.c_train * far,
        n.D2: spread * far**2,
        n.U: Integer(1),
        n.U2: Integer(1),
        n.gap_kappa: n.kappa,
    }
    sums[n.gap_tau] = _root_of("below", n.gap_tau, sums)
    contexts = solve(scalar.gap_tau.statement.subs(sums), n.tau)[0]
    at = {far: solve(contexts - n.tau, far)[0]}
    terms = _outputs({symbol: value.subs(at) for symbol, value in sums.items()}, n.tau, few_contexts=True)
    return with_noise(terms, n.tau, n.rho)


def _vanishing_contexts(expression: Expr) -> Expr:
    return factor(limit(expression.subs(_no_contexts()), n.tau, 0, "+"))


_ZERO = r"$@tau \to 0$, $@ridge \to 0$"
section.prose("In the opposite limit of vanishing numbers of contexts the effective ridge diverges.")
no_contexts = [
    section(
        "no_contexts_effective_ridge",
        "Effective ridge with vanishing contexts",
        derived(n.tau * n.effective_ridge, _vanishing_contexts, n.tau * n.effective_ridge),
        condition=_ZERO,
    ),
    section(
        "no_contexts_q",
        "Variance with vanishing contexts",
        derived(n.tau * n.q, _vanishing_contexts, n.tau * n.q),
        condition=_ZERO,
    ),
    section(
        "no_contexts_K",
        "Alignment matrix with vanishing contexts",
        derived(n.K, _vanishing_contexts, _K),
        condition=_ZERO,
    ),
    section(
        "no_contexts_Qbar",
        "Size of the trained layer with vanishing contexts",
        derived(n.Qbar, _vanishing_contexts, n.Qbar),
        condition=_ZERO,
        remark="Nothing is learned: the prediction is zero and the error is $@rho_test + @c_test$.",
    ),
]
