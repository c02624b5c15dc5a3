r"""Tasks of low rank in the conventions of Takanami et al., and the isotropic ridgeless errors of Lu et al.

Tasks $w = \sqrt{d/r}\,A v$ from a random subspace of dimension $r = \varrho d$: eigenvalue $1/\varrho$ with weight
$\varrho$, and zero. Their penalty is $\lambda_B k \|\Gamma\|^2$ next to the plain sum of squares, hence
$\tau \lambda = \kappa \lambda_B$.

With $C_{\mathrm{train}} = I$, $\lambda \to 0$ all is rational in the share $\mu_\ast$ that is left unlearned at the
noise $s$ of the context summary, with $\kappa/\min(\tau, 1)$ tasks: $\mathcal D = \min(\tau, 1)(1 - \mu_\ast)$.

"IDG" is the error on fresh tasks of the same subspace in Takanami et al.; in Lu et al. it is the error on the training
tasks, here and in Takanami et al. TM.
"""

from __future__ import annotations

from functools import cache

from sympy import Eq, Expr, Integer, Poly, collect, factor, solve, sqrt

from . import closed_forms, error, scalar, stable
from . import notation as n
from .closed_forms import cleared
from .equation import Section, derived
from .spectral import LEARNED, SUMMANDS

section = Section(
    "low_rank",
    "Tasks of low rank",
    "Tasks from a random subspace of dimension $@rank_fraction @d$, of unit variance, in the conventions of the"
    r" work that introduced them \cite{takanami2026}: eigenvalue $1/@rank_fraction$ with weight $@rank_fraction$,"
    r" and zero; $@c_train = 1$. IDG is there the error on fresh tasks of the subspace, ODG that on tasks of"
    r" another one, TM that on the tasks of pretraining, which the isotropic theory \cite{lu2024} calls IDG.",
    source="TTK; THEORY 3",
)

_RANK = n.rank_fraction
_ATOM = 1 / _RANK
_AT_ONE = {n.c_train: Integer(1)}


# --- conventions ----------------------------------------------------------------------------------------------
_penalties = Eq(n.tau * n.ridge, n.kappa * n.task_ridge)
converted_ridge = section(
    "converted_ridge",
    "Ridge in terms of the penalty per task",
    derived(n.ridge, lambda: solve(_penalties, n.ridge)[0]),
    remark=r"One penalty in two units, $(n/@d)\,@ridge = k @task_ridge$, with $n = @tau @d^2$ and $k = @kappa @d$.",
)
converted_noise = section("converted_noise", "Variance of the label noise", Eq(n.rho, n.noise_std**2))

# --- closed forms in sigma --------------------------------------------------------------------------------------
_a_of_V = 1 - (_RANK - n.V) / n.kappa


@cache
def _quadratic() -> tuple[Poly, Expr]:
    """Quadratic in V, and the square root of its discriminant."""
    of_a = closed_forms.two_atom_polynomial
    at_V = (of_a.lhs - of_a.rhs).subs({**_AT_ONE, n.z: n.sigma, n.a: _a_of_V}, simultaneous=True)
    quadratic = cleared(at_V, n.V).monic()
    return quadratic, sqrt(_middle(quadratic) ** 2 - 4 * quadratic.nth(0))


def _middle(quadratic: Poly) -> Expr:
    return collect(quadratic.nth(1), n.kappa * _RANK * n.sigma)


def _left_within() -> Expr:
    quadratic, root = _quadratic()
    return -2 * quadratic.nth(0) / (_middle(quadratic) + root)


section.prose("All traces are explicit in $@V$, what is left unlearned within the subspace.")
left_within = section(
    "low_rank_V",
    "Dimensions left unlearned within the subspace",
    derived(n.V, _left_within),
    remark="The positive root of $@V^2 + (@kappa - @rank_fraction + @kappa @rank_fraction @sigma) @V"
    " = @kappa @{rank_fraction}^2 @sigma$, in the form that does not cancel.",
)


def _left_within_slope() -> Expr:
    quadratic, root = _quadratic()
    # on the curve, 2 V + B is the root of the discriminant
    return -factor(quadratic.as_expr().diff(n.sigma)) / root


left_within_slope = section("low_rank_dV", "Its derivative in the effective noise", derived(n.dV, _left_within_slope))
low_rank_a = section("low_rank_a", "Memorisation factor, low rank", Eq(n.a, _a_of_V))
_of_V = {
    n.phi: n.V / (_RANK * n.sigma),
    n.dphi: -(n.V - n.sigma * n.dV) / (_RANK * n.sigma**2),
    n.M: (1 - _RANK + n.V) / n.sigma,
    n.dM: -(1 - _RANK + n.V - n.sigma * n.dV) / n.sigma**2,
}
_TITLES = {
    n.phi: "Trace against the task covariance, low rank",
    n.dphi: "Its derivative, low rank",
    n.M: "Trace of the resolvent, in the dimensions left unlearned",
    n.dM: "Derivative of the trace, in the dimensions left unlearned",
}
traces = {
    symbol: section(f"low_rank_{symbol.name}", _TITLES[symbol], Eq(symbol, value)) for symbol, value in _of_V.items()
}


def _in_V(expression: Expr) -> Expr:
    return expression.subs({**_of_V, **_AT_ONE}, simultaneous=True)


def _variance() -> Expr:
    above, below = error.q.rhs.as_numer_denom()
    slope = -(n.M - n.dV) / n.sigma
    return collect(_in_V(above).expand(), (n.effective_ridge, n.sigma)) / below.subs(n.dM, slope)


low_rank_q = section(
    "low_rank_q", "Variance of the trained layer, low rank", derived(n.q, _variance), remark="With $@M$ as above."
)
#: phi and its derivative by V: a phi = rank - V, a^2 phi' = -V'
_traces_by_V = {n.phi: (_RANK - n.V) / n.a, n.dphi: -n.dV / n.a**2}
low_rank_misalign = {
    n.misalign_TM: section(
        "low_rank_misalign_TM",
        "Misalignment part for the tasks of pretraining, low rank",
        Eq(n.misalign_TM, error.misalign_TM.rhs.subs(_traces_by_V, simultaneous=True)),
    ),
    n.misalign_IDG: section(
        "low_rank_misalign_IDG",
        "Misalignment part for fresh tasks of the subspace",
        Eq(n.misalign_IDG, _in_V(error.misalign_IDG.rhs)),
    ),
    n.misalign_ODG: section(
        "low_rank_misalign_ODG",
        "Misalignment part for tasks of another subspace",
        Eq(n.misalign_ODG, _in_V(error.misalign_ODG.rhs)),
    ),
}

# --- order parameters, without cancellation ---------------------------------------------------------------------
section.prose(
    "In terms of the fixed point the order parameters are sums of positive terms. $@order_Q$ and $@order_m$"
    " belong to TM, $@order_Q0$ and $@order_m0$ to IDG, $@Qbar$ and $@order_m_bar$ to ODG."
)
learned = section("low_rank_learned", "Learned share within the subspace", Eq(n.learned, 1 / (1 + _RANK * n.t)))
unlearned = section(
    "low_rank_unlearned", "Unlearned share within the subspace", Eq(n.unlearned, _RANK * n.t / (1 + _RANK * n.t))
)
_slope = section("low_rank_E", "Slope of the effective dimensions, low rank", Eq(n.E, _RANK * SUMMANDS[n.E]))
_gap = section(
    "low_rank_gap",
    "Tasks left over, by the memorisation factor",
    derived(n.gap_kappa, lambda: solve(scalar.a_of_t.statement, n.gap_kappa)[0]),
    "THEORY A1",
)

_A2 = stable.A2.rhs
_R2 = _RANK * n.learned**2 * (1 + _RANK * n.t**2 * n.b)
_fresh = _RANK * n.learned**2 * (n.a_less + _RANK * n.s) / n.a**2
_ORDER = "TTK; THEORY (5.1)"
overlap_TM = section(
    "order_m", "Overlap with a task of pretraining", Eq(n.order_m, n.learned * (n.a + _RANK / n.kappa)), _ORDER
)
size_TM = section(
    "order_Q",
    "Size of the answer to a task of pretraining",
    Eq(n.order_Q, n.order_m**2 + n.a**2 * n.b * n.unlearned**2 / _RANK + n.q * (_R2 + n.s * _A2)),
    _ORDER,
)
overlap_IDG = section("order_m0", "Overlap with a fresh task", Eq(n.order_m0, n.learned, evaluate=False), _ORDER)
size_IDG = section(
    "order_Q0",
    "Size of the answer to a fresh task",
    Eq(n.order_Q0, n.learned**2 + n.b * n.unlearned**2 / _RANK + n.q * _fresh),
    _ORDER,
)
overlap_ODG = section(
    "order_m_bar", "Overlap with a task of another subspace", Eq(n.order_m_bar, _RANK * n.learned), _ORDER
)
errors = (
    section(
        "stable_misalign_TM",
        "Misalignment part for the tasks of pretraining, low rank, without cancellation",
        Eq(n.misalign_TM, error.misalign_TM_sums.rhs.subs({n.R2: _R2, n.A2: _A2})),
    ),
    section(
        "stable_misalign_IDG",
        "Misalignment part for fresh tasks of the subspace, without cancellation",
        Eq(n.misalign_IDG, n.unlearned**2 * (1 + n.b / _RANK) + n.q * _fresh),
    ),
    section(
        "stable_misalign_ODG",
        "Misalignment part for tasks of another subspace, without cancellation",
        Eq(n.misalign_ODG, -(n.sigma**2) * n.dM + n.q * (_A2 - n.s * n.dM)),
        remark="For tasks of unit variance this is $1 - 2@order_m_bar + @Qbar$, and the other two are"
        " $1 - 2@order_m + @order_Q$ and $1 - 2@order_m0 + @order_Q0$.",
    ),
)

#: what `numerics` evaluates, in this order
EVALUATED = (
    *(learned, unlearned, _slope, _gap, stable.den, stable.a_less),
    *(overlap_TM, size_TM, overlap_IDG, size_IDG, overlap_ODG, *errors),
)


section = Section(
    "lu_isotropic",
    "The isotropic ridgeless errors",
    r"For $@C_train = I$ without ridge all is rational in one number $@noise_share$, the share left unlearned at"
    r" the noise $@s$; this is the theory of \cite{lu2024} for isotropic tasks. Its IDG is the error on the tasks"
    " of pretraining, here TM.",
    source="LLZMP; THEORY 4",
)

_REGIMES = {
    "above": r"$@C_train = I$, $@ridge \to 0$, $@tau > 1$",
    "below": r"$@C_train = I$, $@ridge \to 0$, $@tau < 1$",
}
_FEWEST = {"above": Integer(1), "below": n.tau}


def _dimensions(regime: str) -> Expr:
    return _FEWEST[regime] * (1 - n.noise_share)


def _noise(regime: str) -> Expr:
    """The noise s at which a share is left unlearned, from the scalar equation with one eigenvalue."""
    known = {n.gap_kappa: n.kappa - n.D, n.gap_tau: n.tau - n.D, n.U: 1 - n.D}
    (t,) = solve(LEARNED.subs(n.c, 1) - n.D, n.t)
    (s,) = solve(scalar.g[regime].rhs.subs(known).subs(n.t, t), n.s)
    return factor(s.subs(n.D, _dimensions(regime)))


x = n.noise_share
_trace = {"above": n.M, "below": n.mu}
_size = {
    "above": 1 - 2 * x + n.kappa * x**2 / (n.kappa - (1 - x) ** 2) + x * (n.rho / n.s + 1 - x) / (n.tau - 1),
    "below": n.tau / (1 - n.tau) * (1 - n.tau * (1 - x) ** 2 + x * (n.rho / n.s - 1)),
}
# with one eigenvalue K is Qbar - 1 + 2 sigma M, and s stands for (rho + 1)/alpha
_error = (1 + n.s) * n.Qbar - 2 * n.D + 1 + n.rho
_training = {
    "above": n.tau * (n.rho + n.s * n.D) / (n.tau - 1),
    "below": n.tau
    * (
        n.rho * (n.kappa - n.D**2)
        + (1 - n.D / n.kappa) * (n.kappa * (1 - n.D * (2 - n.tau)) - n.D * (1 - n.tau - n.D * (1 - 2 * n.tau + n.D)))
    )
    / ((1 - n.tau) * (n.kappa * n.tau - n.D**2)),
}
_MATCHED = ", $@alpha_test = @alpha$, $@rho_test = @rho$, $@c_test = 1$"


def _isotropic(regime: str, condition: str, on_share: str, on_training: str) -> None:
    section(
        f"lu_share_{regime}",
        "Share left unlearned at the noise of the summary",
        Eq(x, n.s * _trace[regime]),
        condition=condition,
        remark=on_share,
    )
    section(
        f"lu_noise_{regime}", "The noise at which that share is left", derived(n.s, _noise, regime), condition=condition
    )
    section(f"lu_D_{regime}", "Effective dimensions, isotropic", Eq(n.D, _dimensions(regime)), condition=condition)
    section(f"lu_Qbar_{regime}", "Size of the trained layer, isotropic", Eq(n.Qbar, _size[regime]), condition=condition)
    section(
        f"lu_e_icl_{regime}",
        "Error of in-context learning, isotropic and ridgeless",
        Eq(n.e_icl, _error),
        condition=condition + _MATCHED,
    )
    section(
        f"lu_e_TM_{regime}",
        "Error on the tasks of pretraining, isotropic and ridgeless",
        Eq(n.e_TM, _training[regime]),
        condition=condition + _MATCHED,
        remark=on_training,
    )


_isotropic("above", _REGIMES["above"], "", "Called IDG by Lu et al.")
_isotropic("below", _REGIMES["below"], "In both cases the closed form of the trace is above.", "")
