r"""The isotropic ridgeless errors of Lu et al., from the general ones: $C_{\mathrm{train}} = I$, $\lambda \to 0$.

All is rational in the share $\mu_\ast$ that is left unlearned at the noise $s$ of the context summary, with
$\kappa/\min(\tau, 1)$ tasks: $\mathcal D = \min(\tau, 1)(1 - \mu_\ast)$.

Literature: their $e_{\mathrm{IDG}}$ is the error on the training tasks, TM here.
"""

from __future__ import annotations

from functools import cache

from sympy import Eq, Expr, Integer, Symbol, cancel, factor, solve, together

from . import alignment, root, stable, training_tasks
from . import notation as n
from .equation import Equation
from .spectral import LEARNED

SECTION = "lu_isotropic"
_REGIMES = {
    "above": r"$@C_train = I$, $@ridge \to 0$, $@tau > 1$",
    "below": r"$@C_train = I$, $@ridge \to 0$, $@tau < 1$",
}
_FEWEST = {"above": Integer(1), "below": n.tau}


def _equation(name: str, title: str, statement: Eq, condition: str = "", remark: str = "") -> Equation:
    return Equation(name, title, statement, "LLZMP; THEORY 4", SECTION, condition, remark)


def _dimensions(regime: str) -> Expr:
    return _FEWEST[regime] * (1 - n.noise_share)


@cache
def _noise(regime: str) -> Expr:
    """The noise s at which a share is left unlearned, from the scalar equation with one eigenvalue."""
    known = {n.gap_kappa: n.kappa - n.D, n.gap_tau: n.tau - n.D, n.U: 1 - n.D}
    (t,) = solve(LEARNED.subs(n.c, 1) - n.D, n.t)
    (s,) = solve(root.g[regime].rhs.subs(known).subs(n.t, t), n.s)
    return factor(s.subs(n.D, _dimensions(regime)))


@cache
def _outputs(regime: str) -> dict[Symbol, Expr]:
    """All outputs of `stable` as rational functions of the share, tau, kappa and rho."""
    D = _dimensions(regime)
    values = {n.D: D, n.U: 1 - D, n.E: D * (1 - D), n.D2: D**2, n.U2: (1 - D) ** 2, n.t: (1 - D) / D}
    values |= {n.gap_kappa: n.kappa - D, n.s: _noise(regime), n.c: Integer(1)}
    values[n.sigma] = factor(root.sigma_of_t.rhs.subs(values))
    values[n.effective_ridge] = factor(values[n.sigma] - values[n.s])
    values[n.ridge_share] = n.tau - 1 if regime == "above" else Integer(0)
    for equation in (root.a_of_t, *stable.OUTPUTS):
        values[equation.lhs] = factor(cancel(equation.rhs.subs(values)))
    return values


def _same(regime: str, found: Expr, stated: Expr) -> None:
    if cancel(together(found - stated.subs({n.s: _noise(regime), n.D: _dimensions(regime)}))) != 0:
        raise AssertionError(f"not the general error for tau {regime} one: {stated}")


x = n.noise_share
noise_share = {
    "above": _equation(
        "lu_share_above", "Share left unlearned at the noise of the summary", Eq(x, n.s * n.M), _REGIMES["above"]
    ),
    "below": _equation(
        "lu_share_below",
        "Share left unlearned at the noise of the summary",
        Eq(x, n.s * n.mu),
        _REGIMES["below"],
        "In both cases the closed form of the trace is above.",
    ),
}
noise_of_share = {
    regime: _equation(
        f"lu_noise_{regime}",
        "The noise at which that share is left",
        Eq(n.s, _noise(regime)),
        condition,
    )
    for regime, condition in _REGIMES.items()
}

dimensions = {
    regime: _equation(f"lu_D_{regime}", "Effective dimensions, isotropic", Eq(n.D, _dimensions(regime)), condition)
    for regime, condition in _REGIMES.items()
}

_MATCHED = ", $@alpha_test = @alpha$, $@rho_test = @rho$, $@c_test = 1$"
_size = {
    # -s^2 M' within the first combination, from the share
    "above": 1 - 2 * x + n.kappa * x**2 / (n.kappa - (1 - x) ** 2) + x * (n.rho / n.s + 1 - x) / (n.tau - 1),
    "below": n.tau / (1 - n.tau) * (1 - n.tau * (1 - x) ** 2 + x * (n.rho / n.s - 1)),
}
for _regime, _value in _size.items():
    _same(_regime, _outputs(_regime)[n.Qbar], _value)
size = {
    regime: _equation(f"lu_Qbar_{regime}", "Size of the trained layer, isotropic", Eq(n.Qbar, _size[regime]), condition)
    for regime, condition in _REGIMES.items()
}


def _error(regime: str) -> Expr:
    """The error in terms of the size of the layer: with one eigenvalue, K is Qbar - 1 + 2 sigma M."""
    stated = (1 + n.s) * n.Qbar - 2 * n.D + 1 + n.rho
    values = _outputs(regime)
    # s stands for (rho + 1)/alpha
    scalar = alignment.e_scalar.rhs.subs({n.rho_test: n.rho, n.c_test: 1, n.alpha_test: (1 + n.rho) / n.s})
    found = (scalar + n.K).subs(values)
    _same(regime, found, stated.subs(n.Qbar, values[n.Qbar]))
    return stated


error = {
    regime: _equation(
        f"lu_e_icl_{regime}",
        "Error of in-context learning, isotropic and ridgeless",
        Eq(n.e_icl, _error(regime)),
        condition + _MATCHED,
    )
    for regime, condition in _REGIMES.items()
}


_training = {
    "above": n.tau * (n.rho + n.s * n.D) / (n.tau - 1),
    "below": n.tau
    * (
        n.rho * (n.kappa - n.D**2)
        + (1 - n.D / n.kappa) * (n.kappa * (1 - n.D * (2 - n.tau)) - n.D * (1 - n.tau - n.D * (1 - 2 * n.tau + n.D)))
    )
    / ((1 - n.tau) * (n.kappa * n.tau - n.D**2)),
}
for _regime, _value in _training.items():
    _same(_regime, training_tasks.e_TM_matched.rhs.subs(n.q, _outputs(_regime)[n.q]), _value)
training_error = {
    regime: _equation(
        f"lu_e_TM_{regime}",
        "Error on the tasks of pretraining, isotropic and ridgeless",
        Eq(n.e_TM, _training[regime]),
        condition + _MATCHED,
        "Called IDG by Lu et al." if regime == "above" else "",
    )
    for regime, condition in _REGIMES.items()
}

EQUATIONS = tuple(
    part[regime]
    for regime in _REGIMES
    for part in (noise_share, noise_of_share, dimensions, size, error, training_error)
)
