r"""Implicit regularisation: finite data act as a ridge on the trained layer, from three sources.

Given the tasks the trained layer is on average ridge regression with their empirical covariance $R_k$ and the ridge
$\sigma$; over the tasks as well, with the population covariance and the ridge $\sigma/a = t$.
"""

from __future__ import annotations

from sympy import Eq, solve

from . import notation as n
from . import resolvent
from .equation import Equation
from .ridge import effective_ridge_fixed_point

SECTION = "implicit_ridge"


def _equation(name: str, title: str, statement: Eq, source: str = "THEORY 6", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


# --- the trained layer ----------------------------------------------------------------------------------
layer_given_tasks = _equation(
    "layer_given_tasks",
    "Mean of the trained layer given the tasks",
    Eq(n.layer, n.task_eigenvalue / (n.task_eigenvalue + n.sigma)),
    "TTK; THEORY (6.1)",
)
layer_mean = _equation(
    "layer_mean",
    "Mean of the trained layer over the tasks",
    Eq(n.layer, n.c / (n.c + n.implicit_ridge)),
    "THEORY (6.1)",
)
layer_variance = _equation(
    "layer_variance",
    "Variance of the trained layer given the tasks",
    Eq(n.layer_variance, n.q * (n.task_eigenvalue + n.s) / (n.task_eigenvalue + n.sigma) ** 2),
)

# --- the sources -----------------------------------------------------------------------------------------
inflation = _equation(
    "ridge_inflation",
    "Effective ridge as a multiple of the explicit one",
    Eq(
        n.effective_ridge,
        n.ridge / solve(effective_ridge_fixed_point.statement.subs(n.ridge, n.y * n.effective_ridge), n.y)[0],
    ),
    condition="$@ridge > 0$, $@M$ at $@sigma$",
)
ridge_samples = _equation(
    "ridge_samples", "Ridge of finitely many contexts", Eq(n.ridge_samples, n.effective_ridge - n.ridge)
)
ridge_samples_stable = _equation(
    "ridge_samples_stable",
    "Ridge of finitely many contexts, without cancellation",
    Eq(n.ridge_samples, n.effective_ridge * (n.D + n.s * n.M) / n.tau),
    "THEORY 6, A1",
)
tasks_factor = _equation("tasks_factor", "Factor of finitely many tasks", Eq(n.tasks_factor, 1 / n.a))
tasks_factor_phi = _equation(
    "tasks_factor_phi",
    "Factor of finitely many tasks, from the resolvent",
    Eq(n.tasks_factor, solve(resolvent.fixed_point_a.statement, n.a)[0] ** -1),
)
ridge_tasks = _equation(
    "ridge_tasks",
    "Ridge of finitely many tasks",
    Eq(n.ridge_tasks, n.implicit_ridge * n.D / n.kappa),
    remark=r"The same as $@sigma(@tasks_factor - 1)$.",
)
total = _equation(
    "implicit_ridge",
    "Total ridge against the population covariance",
    Eq(n.implicit_ridge, (n.ridge + n.s + n.ridge_samples) * n.tasks_factor),
)

EQUATIONS = (
    *(layer_given_tasks, layer_mean, layer_variance),
    *(inflation, ridge_samples, ridge_samples_stable, tasks_factor, tasks_factor_phi, total, ridge_tasks),
)
