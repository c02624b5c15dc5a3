"""The equations at one point, for any kind of number: mpmath's, balls, floats.

Formulas are those of the generated `algebra`, a module of `generated` for that kind of number.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

#: what `outputs` gives after the noise, in the order of the generated function
_COLUMNS = ("a", "da", "M", "dM", "q", "Qbar", "A", "B")


def balance(
    algebra: ModuleType, regime: str, t: Any, D: Any, U: Any, E: Any, s: Any, tau: Any, kappa: Any, ridge: Any
) -> tuple[Any, Any]:
    """g and its slope at t, from the spectral sums there."""
    if regime == "above":
        return algebra.g_above(t, kappa - D, E, s, kappa)
    if regime == "below":
        return algebra.g_below(t, kappa - D, tau - D, U, E, s, kappa)
    return algebra.g_ridge(t, kappa - D, tau - D, U, E, s, kappa, tau, ridge)


def sign(algebra: ModuleType, regime: str, t: Any, D: Any, U: Any, s: Any, tau: Any, kappa: Any, ridge: Any) -> Any:
    """g alone."""
    if regime == "above":
        return algebra.sign_above(t, kappa - D, s, kappa)
    if regime == "below":
        return algebra.sign_below(t, kappa - D, tau - D, U, s, kappa)
    return algebra.sign_ridge(t, kappa - D, tau - D, U, s, kappa, tau, ridge)


def upper_bound(
    algebra: ModuleType, regime: str, c_train: Any, rank_fraction: Any, s: Any, tau: Any, kappa: Any, ridge: Any
) -> Any:
    """Upper bound of the root t."""
    if regime == "below":
        return algebra.t_upper_below(c_train, s, kappa, tau)
    noise = algebra.sigma_upper(c_train, s, tau, ridge) if regime == "ridge" else s
    return algebra.t_upper_above(c_train, rank_fraction, noise, kappa)


def outputs(
    algebra: ModuleType, regime: str, t: Any, sums: Any, s: Any, tau: Any, kappa: Any, rho: Any, ridge: Any
) -> tuple[dict[str, Any], Any]:
    """All columns of the solution at the root t, by the names of `FixedPoint`, and the gap kappa - D.

    Args:
        sums: D, U, E, D2, U2 at t.
    """
    D, U, E, D2, U2 = sums
    if regime == "above":
        gap, sigma = algebra.gap_above(t, s, kappa), s
    else:
        gap = algebra.gap_below(t, U, s, kappa, tau) if regime == "below" else kappa - D
        sigma = algebra.sigma_of_t(t, gap, kappa)
    effective_ridge, share = algebra.shares(U, sigma, tau, ridge)
    values = algebra.outputs(t, D, U, E, D2, U2, gap, sigma, effective_ridge, share, s, kappa, rho)
    found = {"t": t, "s": s, "sigma": sigma, "effective_ridge": effective_ridge}
    return found | dict(zip(_COLUMNS, values, strict=True)), gap
