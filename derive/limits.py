r"""Limits of many tasks, of long contexts, and of many and few pretraining contexts, taken by SymPy.

In the limit of many tasks or contexts the equations are functions of the parameter itself and of the spectral
sums at the root t, and t tends to a positive number (to z for $\kappa \to \infty$; for $\tau \to \infty$ it does
not move at all without ridge). The sums are continuous in t, so they are held fixed at their values there.

In the others something vanishes or diverges. Every output in `stable` is built from terms of one sign, so
leading terms cannot cancel: it is enough to put in the leading term of each sum and of each gap, which the scalar
equation of `root` gives, and to take the limit of the result. The sums' own leading terms are

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
from functools import cache

from sympy import Eq, Expr, Integer, Mul, Poly, Symbol, cancel, collect, factor, fraction, limit, oo, solve, together

from . import notation as n
from . import ridge, root, stable
from .equation import Equation
from .spectral import UNLEARNED

SECTION = "limits"
_K = stable.K.rhs


def _equation(
    name: str, title: str, statement: Eq, condition: str, remark: str = "", source: str = "THEORY 7"
) -> Equation:
    return Equation(name, title, statement, source, SECTION, condition, remark)


# --- kappa to infinity ------------------------------------------------------------------------------------
def _many_tasks(expression: Expr) -> Expr:
    for equation in (stable.A, stable.B, stable.a_less, stable.b, stable.den, root.a_of_t, root.gap_kappa):
        expression = expression.subs(equation.lhs, equation.rhs)
    above, below = fraction(limit(expression, n.kappa, oo))
    return collect(above, n.q) / below


_TASKS = r"$@kappa \to \infty$"
_TASKS_SUMS = _TASKS + ", spectral sums at $@t = @sigma$"
many_tasks = [
    _equation(
        f"many_tasks_{equation.lhs.name}",
        f"{title} with many tasks",
        Eq(equation.lhs, _many_tasks(equation.rhs)),
        condition,
    )
    for equation, title, condition in (
        (root.a_of_t, "Memorisation factor", _TASKS),
        (stable.dM, "Derivative of the trace", _TASKS_SUMS),
        (stable.A2, "First combination", _TASKS_SUMS),
        (stable.R2, "Second combination", _TASKS_SUMS),
        (stable.K, "Alignment matrix", _TASKS),
    )
]


# --- tau to infinity -----------------------------------------------------------------------------------------
_CONTEXTS = r"$@tau \to \infty$"
_ridgeless_slack = stable.slack.rhs.subs({n.effective_ridge: 0, n.ridge_share: n.tau - 1})
_no_variance = limit(stable.q.rhs.subs(n.slack, _ridgeless_slack), n.tau, oo)
_bias = limit(_K.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}), n.q, _no_variance)
many_contexts = [
    _equation(
        "many_contexts_effective_ridge",
        "Effective ridge with many contexts",
        Eq(n.effective_ridge, limit(ridge.effective_ridge.rhs, n.tau, oo)),
        _CONTEXTS,
        "The renormalisation of the ridge disappears. $@M$ stays bounded, $@M < 1/@sigma$.",
        "THEORY 1",
    ),
    _equation(
        "many_contexts_q",
        "Variance with many contexts",
        Eq(n.q, _no_variance, evaluate=False),
        _CONTEXTS,
        source="THEORY (1.2)",
    ),
    _equation(
        "many_contexts_K",
        "Alignment matrix with many contexts",
        Eq(n.K, factor(_bias)),
        _CONTEXTS,
        r"With $@sigma = @s + @ridge$; this is $-@sigma^2 @dF$ along one eigenvector, the bias of the trained layer"
        " alone.",
        "THEORY (1.3)",
    ),
]


# --- leading terms ---------------------------------------------------------------------------------------------
def leading(expression: Expr, known: Mapping[Symbol, Expr], small: Symbol) -> Expr:
    """Leading term of a rational function: the lowest power above and the lowest below."""
    parts = together(expression.subs(known)).as_numer_denom()
    above, below = (coefficient * small**power for (power,), coefficient in (Poly(x, small).terms()[-1] for x in parts))
    return cancel(above / below)


def _outputs(known: Mapping[Symbol, Expr], small: Symbol, *, few_contexts: bool) -> dict[Symbol, Expr]:
    """Leading terms of what does not see the label noise, from those of the sums, the gaps and t."""
    terms = dict(known)
    trace = stable.M.rhs.subs(n.sigma, root.sigma_of_t.rhs)
    (below,) = solve(ridge.effective_ridge_below.statement.subs(n.M, trace), n.effective_ridge)
    chain = [
        (n.sigma, root.sigma_of_t.rhs),
        (n.a, root.a_of_t.rhs),
        (n.effective_ridge, below if few_contexts else Integer(0)),
        (n.ridge_share, Integer(0) if few_contexts else n.tau - 1),
        *((e.lhs, e.rhs) for e in (stable.den, stable.b, stable.dM, stable.A2, stable.R2, stable.slack, stable.a_less)),
    ]
    for symbol, value in chain:
        terms[symbol] = leading(value, terms, small)
    return terms


def with_noise(known: Mapping[Symbol, Expr], small: Symbol, noise: Expr) -> dict[Symbol, Expr]:
    """Leading terms of what sees the label noise too."""
    terms = {**known, n.rho: noise}
    for equation in (stable.N, stable.q, stable.A, stable.B, stable.Qbar):
        terms[equation.lhs] = leading(equation.rhs, terms, small)
    return terms


def _root_of(regime: str, symbol: Symbol, known: Mapping[Symbol, Expr]) -> Expr:
    """The scalar equation solved for one of the gaps, or for t."""
    return solve(root.g[regime].rhs, symbol)[0].subs(known)


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
    r"""Every factor $x - y$ with $y - x$ among the positive ones turned round."""
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


def _long_context_equation(regime: str, fewest: Symbol, *, noisy: bool) -> Equation:
    positive = (*_POSITIVE, *_POSITIVE_HERE[regime, fewest])
    terms = with_noise(long_context_terms(regime, fewest), n.s, n.rho if noisy else Integer(0))
    if fewest is n.rank_fraction and not noisy:
        statement = Eq(n.K_of(0), 1 + _signs(_limit(_K.subs(n.c, 0), terms) - 1, positive))
    elif fewest is n.rank_fraction:
        statement = Eq(n.K, _signs(_limit(_K, terms), positive))
    elif noisy:
        statement = Eq(n.s * n.K, _signs(_limit(n.s * _K, terms), positive))
    else:
        statement = Eq(n.K, UNLEARNED * (1 + _signs(_limit(_K, terms) / UNLEARNED - 1, positive)))
    condition = _LONG + _WHERE[regime, fewest] + (", $@rho > 0$" if noisy else ", $@rho = 0$")
    along = ", $@c > 0$" if fewest is n.rank_fraction and noisy else ""
    return _equation(
        f"long_contexts_{_NAMES[fewest]}_{regime}" + ("_noise" if noisy else ""),
        f"Long contexts, {_TITLES[fewest]}" + (", with noise" if noisy else ""),
        statement,
        condition + along,
    )


long_contexts = [
    _long_context_equation(regime, fewest, noisy=noisy)
    for noisy in (False, True)
    for regime, fewest in _WHERE
    if (fewest, noisy) != (n.tau, True)
]
_finite = with_noise(long_context_terms("below", n.tau), n.s, n.rho)
long_contexts_q = _equation(
    "long_contexts_few_contexts_q",
    "Variance with long contexts, but few",
    Eq(n.q, n.sigma + factor(cancel(_limit(n.q - n.sigma, _finite)))),
    _LONG + _WHERE["below", n.tau],
    r"Here $@effective_ridge = @sigma = @t(@kappa-@tau)/@kappa$ keeps a positive limit: a regularisation remains.",
)


# --- tau to zero, without ridge -----------------------------------------------------------------------------------
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
    contexts = solve(root.gap_tau.statement.subs(sums), n.tau)[0]
    at = {far: solve(contexts - n.tau, far)[0]}
    terms = _outputs({symbol: value.subs(at) for symbol, value in sums.items()}, n.tau, few_contexts=True)
    return with_noise(terms, n.tau, n.rho)


_none = _no_contexts()


def _vanishing_contexts(expression: Expr) -> Expr:
    return factor(limit(expression.subs(_none), n.tau, 0, "+"))


_ZERO = r"$@tau \to 0$, $@ridge \to 0$"
no_contexts = [
    _equation(
        "no_contexts_effective_ridge",
        "Effective ridge with vanishing contexts",
        Eq(n.tau * n.effective_ridge, _vanishing_contexts(n.tau * n.effective_ridge)),
        _ZERO,
    ),
    _equation(
        "no_contexts_q",
        "Variance with vanishing contexts",
        Eq(n.tau * n.q, _vanishing_contexts(n.tau * n.q)),
        _ZERO,
    ),
    _equation("no_contexts_K", "Alignment matrix with vanishing contexts", Eq(n.K, _vanishing_contexts(_K)), _ZERO),
    _equation(
        "no_contexts_Qbar",
        "Size of the trained layer with vanishing contexts",
        Eq(n.Qbar, _vanishing_contexts(n.Qbar), evaluate=False),
        _ZERO,
        "Nothing is learned: the prediction is zero and the error is $@rho_test + @c_test$.",
    ),
]

EQUATIONS = (*many_tasks, *many_contexts, *long_contexts, long_contexts_q, *no_contexts)
