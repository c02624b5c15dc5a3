r"""The same outputs without cancellation: every sum below has terms of one sign.

That each equals the papers' form (`resolvent`, `error`) is an exact identity in the spectral sums.
"""

from __future__ import annotations

from sympy import Abs, Eq, Piecewise, diff, sqrt

from . import notation as n
from .equation import Section
from .scalar import REGIMES, M_of_t, a_of_t

section = Section(
    "stable",
    "Evaluation without cancellation",
    "The formulas above subtract nearly equal numbers when the noise is small or tasks or contexts are scarce."
    " The equivalent forms of this section consist of terms of one sign, so that they keep full relative"
    " accuracy; that they agree with the forms above is an exact identity in the spectral sums.",
    source="THEORY A1",
)

# --- from the root t to the noise and the effective ridge ---------------------------------------------
# Where D comes close to kappa or tau, both gaps are known better from their product and their difference
# than from D itself.
_product = n.s * n.kappa * n.U / n.t
_difference = n.kappa - n.tau
_larger = (Abs(_difference) + sqrt(_difference**2 + 4 * _product)) / 2

gap_at_root = {
    "above": section(
        "gap_at_root_above",
        "Tasks left over, at the root",
        Eq(n.gap_kappa, n.s * n.kappa / n.t),
        condition=REGIMES["above"],
    ),
    "below": section(
        "gap_at_root_below",
        "Tasks left over, at the root",
        Eq(n.gap_kappa, Piecewise((_larger, _difference >= 0), (_product / _larger, True))),
        condition=REGIMES["below"],
        remark="The two gaps have the product $@kappa @s @U/@t$ and the difference $@kappa - @tau$.",
    ),
}
_per_task = n.t / n.kappa
noise_balance = section(
    "noise_balance",
    "Balance of the noise at the root",
    Eq(
        n.h,
        n.s
        + n.effective_ridge
        - _per_task * (_difference + n.tau * n.ridge / n.effective_ridge + n.s * n.U / (n.s + n.effective_ridge)),
    ),
    condition=REGIMES["ridge"],
    remark="At the root $@t$, $@h$ is zero; it is increasing and concave in $@effective_ridge$.",
)
noise_balance_slope = section(
    "noise_balance_slope",
    "Slope of the balance of the noise",
    Eq(n.dh, diff(noise_balance.rhs, n.effective_ridge)),
    condition=REGIMES["ridge"],
)
# branches at tau = 1 as those of |tau - 1|, so that both have the same slope there
_spread = sqrt((1 - n.tau) ** 2 + 4 * n.tau * n.ridge * M_of_t.rhs)
larger_share = section(
    "larger_share",
    "Larger of two shares",
    Eq(n.larger_share, (_spread + Abs(1 - n.tau)) / 2),
    remark="The shares $@effective_ridge @M$ and $@tau @ridge/@effective_ridge$ differ by $1 - @tau$ and have the"
    " product $@tau @ridge @M$.",
)
effective_ridge_stable = section(
    "effective_ridge_stable",
    "Effective ridge at the root",
    Eq(
        n.effective_ridge, Piecewise((n.larger_share / M_of_t.rhs, n.tau < 1), (n.tau * n.ridge / n.larger_share, True))
    ),
)
ridge_share = section(
    "ridge_share",
    "Share of the explicit ridge",
    Eq(n.ridge_share, Piecewise((n.tau * n.ridge * M_of_t.rhs / n.larger_share, n.tau < 1), (n.larger_share, True))),
)

# --- outputs ------------------------------------------------------------------------------------------
a = a_of_t
section.prose("With the effective noise and the effective ridge at hand, all outputs follow from the five sums.")
den = section("den", "Common denominator", Eq(n.den, n.gap_kappa + n.E))
b = section("b_stable", "Derivative of the memorisation factor", Eq(n.b, n.E / (n.t * n.den)))
M = section("M_stable", "Trace of the resolvent", Eq(n.M, n.U / n.sigma))
dM = section("dM_stable", "Derivative of the trace", Eq(n.dM, -(n.U * n.E + n.gap_kappa * n.U2) / (n.den * n.sigma**2)))
A2 = section("A2_stable", "First combination of the trace and its derivative", Eq(n.A2, n.kappa * n.b))
R2 = section(
    "R2_stable",
    "Second combination of the trace and its derivative",
    Eq(n.R2, (n.D * n.E + n.gap_kappa * n.D2) / n.den),
)
N = section("N_stable", "Numerator of the variance", Eq(n.N, n.rho + n.s * n.R2 + n.sigma**2 * n.A2))
slack = section(
    "slack_stable",
    "Denominator of the variance",
    Eq(n.slack, n.ridge_share + n.effective_ridge * (n.kappa * n.b - n.s * n.dM)),
)
q = section("q_stable", "Variance of the trained layer", Eq(n.q, n.N / n.slack))
a_less = section(
    "a_less_stable", "Memorisation factor less its drift", Eq(n.a_less, n.a * n.gap_kappa / n.den + n.s * n.b)
)
A = section("A", "Constant in the numerator of the alignment", Eq(n.A, n.q * n.s + n.sigma**2))
B = section("B", "Slope in the numerator of the alignment", Eq(n.B, n.q * n.a_less + n.sigma**2 * n.b))
K = section(
    "K_stable", "Alignment matrix along an eigenvector", Eq(n.K, (n.A + n.B * n.c) / (n.a * n.c + n.sigma) ** 2)
)
Qbar = section("Qbar_stable", "Size of the trained layer", Eq(n.Qbar, n.R2 + n.q * (n.kappa * n.b - n.s * n.dM)))

OUTPUTS = (den, b, M, dM, A2, R2, N, slack, q, a_less, A, B, K, Qbar)
