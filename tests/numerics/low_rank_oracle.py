"""The order-parameter equations of Takanami et al., iterated with damping: nothing of ours, for many points at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DAMPING = 0.5
STEPS = 1000


@dataclass(frozen=True)
class OrderParameters:
    q: Any
    m: Any
    q0: Any
    m0: Any
    q_bar: Any
    m_bar: Any

    def error(self, m: Any, q: Any, alpha_test: Any, rho_test: Any) -> Any:
        return rho_test + 1 - 2 * m + q + (1 + rho_test) * self.q_bar / alpha_test


def _transforms(z, kappa, share):
    """g, g', g-tilde' of z < 0, in the forms that do not cancel."""
    x = -z  # positive
    # g = (1 - share + v)/x and g-tilde = v/(share x), with v the positive root of v^2 + B v = kappa share^2 x
    B = kappa - share + kappa * share * x
    root = np.sqrt(B**2 + 4 * kappa * share**2 * x)
    v = np.where(B > 0, 2 * kappa * share**2 * x / (B + root), (root - B) / 2)
    dv = kappa * share * (share - v) / root
    g, tilde = (1 - share + v) / x, v / (share * x)
    return g, (g - dv) / x, (tilde - dv / share) / x


def _step(state, share, alpha, tau, kappa, ridge, noise_std):
    q, m, chi, q_bar, chi_bar = state
    e = (1 + noise_std**2) / alpha
    den = 1 + chi + e * chi_bar
    num = e * q_bar + q - 2 * m + 1 + noise_std**2
    q_hat = m_hat = tau / kappa / den
    q_hat_bar = e * q_hat
    chi_hat = tau / kappa * num / den**2
    chi_hat_bar = e * chi_hat
    z = -(ridge + q_hat_bar) / q_hat
    g, dg, dtilde = _transforms(z, kappa, share)
    new = np.stack(
        [
            (
                chi_hat * (1 + 2 * z * g + z**2 * dg) / kappa
                + m_hat**2 * (1 + 2 * z + 3 * z**2 * g + z**3 * dg)
                + chi_hat_bar * (g + z * dg) / kappa
            )
            / q_hat**2,
            m_hat / q_hat * (1 + z * (1 + z * g)),
            (1 + z * g) / (kappa * q_hat),
            (chi_hat * (g + z * dg) / kappa + m_hat**2 * (1 + 2 * z * g + z**2 * dg) + chi_hat_bar * dg / kappa)
            / q_hat**2,
            g / (kappa * q_hat),
        ]
    )
    q0 = (
        chi_hat * (g + z * dg) / (share * kappa)
        + m_hat**2 * (1 + 2 * z * g + z**2 * dg) / share
        + chi_hat_bar * dtilde / kappa
    ) / q_hat**2
    m_bar = m_hat / q_hat * (1 + z * g)
    return new, q0, m_bar / share, m_bar


def solve(share, *, alpha, tau, kappa, ridge, noise_std) -> OrderParameters:
    """Iterate from ones until nothing but rounding moves."""
    parameters = (share, alpha, tau, kappa, ridge, noise_std)
    state = new = np.ones((5, *np.broadcast_shapes(*map(np.shape, parameters))))
    for _ in range(STEPS):
        state = DAMPING * state + (1 - DAMPING) * new
        new, *_ = _step(state, *parameters)
    moved = np.abs(new / state - 1).max()
    assert moved < 1e-10, moved
    _, q0, m0, m_bar = _step(state, *parameters)
    return OrderParameters(state[0], state[1], q0, m0, state[3], m_bar)
