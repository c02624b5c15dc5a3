r"""Tasks of low rank in the conventions of Takanami et al.: a spectrum of two atoms, and their order parameters.

Tasks $w = \sqrt{d/r}\,A v$ from a random subspace of dimension $r = \varrho d$: eigenvalue $1/\varrho$ with weight
$\varrho$, and zero. Their penalty is $\lambda_B k \|\Gamma\|^2$ next to the plain sum of squares, hence
$\tau \lambda = \kappa \lambda_B$.

"IDG" is there the error on fresh tasks of the same subspace; in Lu et al. it is the error on the training tasks,
here and there TM.
"""

from __future__ import annotations

from sympy import Eq, Expr, Integer, collect, factor, solve, sqrt

from . import alignment, closed_forms, root, stable, training_tasks
from . import notation as n
from .equation import Equation
from .polynomial import cleared
from .spectral import LEARNED, SUMMANDS, UNLEARNED

SECTION = "low_rank"
_RANK = n.rank_fraction
_ATOM = 1 / _RANK
_AT_ONE = {n.c_train: Integer(1)}


def _equation(name: str, title: str, statement: Eq, source: str = "TTK; THEORY 3", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


# --- conventions ----------------------------------------------------------------------------------------------
_penalties = Eq(n.tau * n.ridge, n.kappa * n.task_ridge)
converted_ridge = _equation(
    "converted_ridge",
    "Ridge in terms of the penalty per task",
    Eq(n.ridge, solve(_penalties, n.ridge)[0]),
    remark=r"One penalty in two units, $(n/@d)\,@ridge = k @task_ridge$, with $n = @tau @d^2$ and $k = @kappa @d$.",
)
converted_noise = _equation(
    "converted_noise",
    "Variance of the label noise",
    Eq(n.rho, n.noise_std**2),
)

# --- closed forms in sigma --------------------------------------------------------------------------------------
low_rank_a = _equation("low_rank_a", "Memorisation factor, low rank", Eq(n.a, 1 - (_RANK - n.V) / n.kappa))
_polynomial = closed_forms.two_atom_polynomial
_quadratic = cleared(
    (_polynomial.lhs - _polynomial.rhs).subs({**_AT_ONE, n.z: n.sigma, n.a: low_rank_a.rhs}, simultaneous=True), n.V
).monic()
_middle = collect(_quadratic.nth(1), n.kappa * _RANK * n.sigma)
_root = sqrt(_middle**2 - 4 * _quadratic.nth(0))

left_within = _equation(
    "low_rank_V",
    "Dimensions left unlearned within the subspace",
    Eq(n.V, -2 * _quadratic.nth(0) / (_middle + _root)),
    remark="The positive root of $@V^2 + (@kappa - @rank_fraction + @kappa @rank_fraction @sigma) @V"
    " = @kappa @{rank_fraction}^2 @sigma$, in the form that does not cancel.",
)


def _left_within_slope() -> Expr:
    curve = _quadratic.as_expr()
    # on the curve, 2 V + B is the root of the discriminant
    return -factor(curve.diff(n.sigma)) / _root


left_within_slope = _equation(
    "low_rank_dV",
    "Its derivative in the effective noise",
    Eq(n.dV, _left_within_slope()),
)
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
    symbol: _equation(f"low_rank_{symbol.name}", _TITLES[symbol], Eq(symbol, value)) for symbol, value in _of_V.items()
}


def _in_V(expression: Expr) -> Expr:
    return expression.subs({**_of_V, **_AT_ONE}, simultaneous=True)


def _variance() -> Expr:
    above, below = alignment.q.rhs.as_numer_denom()
    slope = -(n.M - n.dV) / n.sigma
    if factor(_in_V(slope) - _of_V[n.dM]) != 0:
        raise AssertionError("not the derivative of the trace")
    return collect(_in_V(above).expand(), (n.effective_ridge, n.sigma)) / below.subs(n.dM, slope)


low_rank_q = _equation(
    "low_rank_q", "Variance of the trained layer, low rank", Eq(n.q, _variance()), remark="With $@M$ as above."
)
#: phi and its derivative in what is memorised of them: a phi = rank - V, a^2 phi' = -V'
_seen = {n.phi: (_RANK - n.V) / n.a, n.dphi: -n.dV / n.a**2}
low_rank_misalign = {
    n.misalign_TM: _equation(
        "low_rank_misalign_TM",
        "Misalignment part for the tasks of pretraining, low rank",
        Eq(n.misalign_TM, training_tasks.misalign_TM.rhs.subs(_seen, simultaneous=True)),
    ),
    n.misalign_IDG: _equation(
        "low_rank_misalign_IDG",
        "Misalignment part for fresh tasks of the subspace",
        Eq(n.misalign_IDG, _in_V(training_tasks.misalign_IDG.rhs)),
    ),
    n.misalign_ODG: _equation(
        "low_rank_misalign_ODG",
        "Misalignment part for tasks of another subspace",
        Eq(n.misalign_ODG, _in_V(training_tasks.misalign_ODG.rhs)),
    ),
}

# --- order parameters, without cancellation ---------------------------------------------------------------------
learned = _equation("low_rank_learned", "Learned share within the subspace", Eq(n.learned, 1 / (1 + _RANK * n.t)))
unlearned = _equation(
    "low_rank_unlearned", "Unlearned share within the subspace", Eq(n.unlearned, _RANK * n.t / (1 + _RANK * n.t))
)
for _share, _general in ((learned, LEARNED), (unlearned, UNLEARNED)):
    if factor(_share.rhs - _general.subs(n.c, _ATOM)) != 0:
        raise AssertionError("not the share at the eigenvalue of the subspace")
_slope = _equation("low_rank_E", "Slope of the effective dimensions, low rank", Eq(n.E, _RANK * SUMMANDS[n.E]))
_gap = _equation(
    "low_rank_gap",
    "Tasks left over, by the memorisation factor",
    Eq(n.gap_kappa, solve(root.a_of_t.statement, n.gap_kappa)[0]),
    "THEORY A1",
)

_A2 = stable.A2.rhs
_R2 = _RANK * n.learned**2 * (1 + _RANK * n.t**2 * n.b)
_fresh = _RANK * n.learned**2 * (n.a_less + _RANK * n.s) / n.a**2
_ORDER = "TTK; THEORY (5.1)"
overlap_TM = _equation(
    "order_m", "Overlap with a task of pretraining", Eq(n.order_m, n.learned * (n.a + _RANK / n.kappa)), _ORDER
)
size_TM = _equation(
    "order_Q",
    "Size of the answer to a task of pretraining",
    Eq(
        n.order_Q,
        n.order_m**2 + n.a**2 * n.b * n.unlearned**2 / _RANK + n.q * (_R2 + n.s * _A2),
    ),
    _ORDER,
)
overlap_IDG = _equation("order_m0", "Overlap with a fresh task", Eq(n.order_m0, n.learned, evaluate=False), _ORDER)
size_IDG = _equation(
    "order_Q0",
    "Size of the answer to a fresh task",
    Eq(n.order_Q0, n.learned**2 + n.b * n.unlearned**2 / _RANK + n.q * _fresh),
    _ORDER,
)
overlap_ODG = _equation(
    "order_m_bar", "Overlap with a task of another subspace", Eq(n.order_m_bar, _RANK * n.learned), _ORDER
)
errors = (
    _equation(
        "stable_misalign_TM",
        "Misalignment part for the tasks of pretraining, low rank, without cancellation",
        Eq(n.misalign_TM, training_tasks.misalign_TM_sums.rhs.subs({n.R2: _R2, n.A2: _A2})),
    ),
    _equation(
        "stable_misalign_IDG",
        "Misalignment part for fresh tasks of the subspace, without cancellation",
        Eq(n.misalign_IDG, n.unlearned**2 * (1 + n.b / _RANK) + n.q * _fresh),
    ),
    _equation(
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
EQUATIONS = (
    converted_ridge,
    converted_noise,
    left_within,
    left_within_slope,
    low_rank_a,
    *traces.values(),
    low_rank_q,
    *low_rank_misalign.values(),
    *(equation for equation in EVALUATED if equation.section == SECTION),
)
