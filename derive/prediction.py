r"""The joint law of a label and its prediction, in the papers' form. All of M, F at $\sigma$.

Over the context and the query the pair $(y, \hat y)$ is centred and jointly Gaussian as $d \to \infty$. The test
tasks enter through their trace and through their overlap with the resolvent, $G$ and $G'$, alone.
"""

from __future__ import annotations

from sympy import Eq, exp, pi, sqrt

from . import notation as n
from .equation import Equation
from .resolvent import dF, resolvent
from .spectral import mean

SECTION = "prediction"
TASKS = {
    "fresh": "fresh tasks of covariance $@C_test$",
    "rotated": "fresh tasks of a freshly rotated covariance",
    "training": "the pretraining tasks themselves, $@c_test = @c_train$",
}


def _equation(name: str, title: str, statement: Eq, source: str = "TTK; THEORY (5.1)", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


_F, _dF = (equation.rhs.subs(n.z, n.sigma) for equation in (resolvent, dF))

# --- which tasks -------------------------------------------------------------------------------------
_TITLES = ("Overlap of the tasks with the resolvent", "Derivative of the overlap")
_overlaps = {
    "fresh": (mean(n.test[n.i] * _F), -mean(n.test[n.i] * -_dF)),
    "rotated": (n.c_test * n.M, n.c_test * n.dM),
    "training": (n.a * n.phi, -(n.a**2) * mean(n.c * -_dF)),
}
overlap, d_overlap = (
    {
        kind: _equation(f"{symbol.name}_{kind}", title, Eq(symbol, both[k]), condition=TASKS[kind])
        for kind, both in _overlaps.items()
    }
    for k, (symbol, title) in enumerate(zip((n.overlap, n.d_overlap), _TITLES, strict=True))
)

# --- the law ------------------------------------------------------------------------------------------
var_y = _equation("var_y", "Variance of the label", Eq(n.var_y, n.rho_test + n.c_test))
cov = _equation("cov", "Covariance of label and prediction", Eq(n.cov, n.c_test - n.sigma * n.overlap))
Q = _equation(
    "Q",
    "Size of the trained layer on the tasks",
    Eq(
        n.Q,
        n.c_test
        - 2 * n.sigma * n.overlap
        - n.sigma**2 * n.d_overlap
        + n.q * (n.overlap + n.effective_ridge * n.d_overlap),
    ),
)
var_yhat = _equation(
    "var_yhat",
    "Variance of the prediction",
    Eq(n.var_yhat, n.Q + (n.rho_test + n.c_test) / n.alpha_test * n.Qbar),
)
error = _equation("e_icl_of_law", "Error from the law", Eq(n.e_icl, n.var_y - 2 * n.cov + n.var_yhat))

# --- given the label ------------------------------------------------------------------------------------
_GIVEN = "THEORY 5"
slope_given_label = _equation(
    "slope_given_label",
    "Mean of the prediction given the label, per unit of label",
    Eq(n.slope_given_label, n.cov / n.var_y),
    _GIVEN,
)
var_given_label = _equation(
    "var_given_label",
    "Variance of the prediction given the label",
    Eq(n.var_given_label, n.var_yhat - n.cov**2 / n.var_y),
    _GIVEN,
)
slope_given_clean = _equation(
    "slope_given_clean",
    "Mean of the prediction given the clean label, per unit of label",
    Eq(n.slope_given_clean, n.cov / n.c_test),
    _GIVEN,
)
var_given_clean = _equation(
    "var_given_clean",
    "Variance of the prediction given the clean label",
    Eq(n.var_given_clean, n.var_yhat - n.cov**2 / n.c_test),
    _GIVEN,
)
mahalanobis = _equation(
    "mahalanobis",
    "Squared distance of a pair from the origin, in units of its spread",
    Eq(n.mahalanobis, n.y**2 / n.var_y + (n.yhat - n.slope_given_label * n.y) ** 2 / n.var_given_label),
    _GIVEN,
)
density = _equation(
    "density",
    "Density of a label and its prediction",
    Eq(n.density, exp(-n.mahalanobis / 2) / (2 * pi * sqrt(n.var_y * n.var_given_label))),
    _GIVEN,
)

EQUATIONS = (
    *overlap.values(),
    *d_overlap.values(),
    *(var_y, cov, Q, var_yhat, error),
    *(slope_given_label, var_given_label, slope_given_clean, var_given_clean, mahalanobis, density),
)
