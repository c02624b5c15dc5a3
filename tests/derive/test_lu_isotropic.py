"""The isotropic ridgeless errors against the papers' equations, solved with many digits, and against the solver."""

from __future__ import annotations

import random
from typing import Any

import pytest
from mpmath import mp, mpf
from sympy import lambdify

import taskalign as ta
from taskalign.derive import catalogue
from taskalign.derive import notation as n

from .. import oracle

EQUATIONS = catalogue()
ARGUMENTS = (n.alpha, n.tau, n.kappa, n.rho)


def closed_form(regime: str, name: str):
    """An error in alpha, tau, kappa and rho alone, from the catalogue's closed forms at c_train = 1."""
    trace = EQUATIONS["isotropic_M"].rhs.subs({n.z: n.s, n.c_train: 1})
    expression = EQUATIONS[f"lu_{name}_{regime}"].rhs
    for symbol, value in (
        (n.Qbar, EQUATIONS[f"lu_Qbar_{regime}"].rhs),
        (n.D, EQUATIONS[f"lu_D_{regime}"].rhs),
        (n.noise_share, EQUATIONS[f"lu_share_{regime}"].rhs),
        (n.mu, EQUATIONS["isotropic_mu"].rhs.subs(n.c_train, 1)),
        (n.M, trace),
        (n.s, EQUATIONS["summary_noise"].rhs.subs(n.c_train, 1)),
    ):
        expression = expression.subs(symbol, value)
    assert expression.free_symbols <= set(ARGUMENTS)
    return lambdify(ARGUMENTS, expression, "mpmath")


def draws(regime: str, count: int = 40) -> list[dict[str, Any]]:
    draw = random.Random(regime)
    tau = (0.02, 0.98) if regime == "below" else (1.02, 20)
    ranges = {"alpha": (0.1, 100), "tau": tau, "kappa": (0.1, 20), "rho": (1e-3, 5)}
    return [{name: low * (high / low) ** draw.random() for name, (low, high) in ranges.items()} for _ in range(count)]


@pytest.mark.parametrize("regime", ["above", "below"])
def test_against_the_general_solver(regime: str) -> None:
    functions = {name: closed_form(regime, name) for name in ("e_icl", "e_TM")}
    spectrum = ta.Spectrum.isotropic()
    for point in draws(regime):
        with mp.workdps(40):
            exact = {name: function(*(mpf(x) for x in point.values())) for name, function in functions.items()}
        ours = {
            "e_icl": ta.icl_error(spectrum, [1.0], **point).total,
            "e_TM": ta.train_task_error(spectrum, **point).total,
        }
        for name, value in ours.items():
            assert float(value) == pytest.approx(float(exact[name]), rel=1e-13, abs=0), (name, point)


@pytest.mark.parametrize("regime", ["above", "below"])
def test_against_the_papers_equations(regime: str) -> None:
    functions = {name: closed_form(regime, name) for name in ("e_icl", "e_TM")}
    for point in draws(regime, 8):
        found = oracle.solve([1.0], [1.0], **point, digits=30)
        with mp.workdps(40):
            alpha, tau, kappa, rho = (mpf(x) for x in point.values())
            fresh = rho + (rho + 1) / alpha * found.Qbar + found.K(1)
            assert abs(functions["e_icl"](alpha, tau, kappa, rho) / fresh - 1) < mpf(10) ** -28
            assert abs(functions["e_TM"](alpha, tau, kappa, rho) / (tau * found.q) - 1) < mpf(10) ** -28
            # what the share stands for: sigma M = 1 - D at the effective noise
            D = 1 - found.sigma * found.M
            assert 0 < D < min(tau, 1)
