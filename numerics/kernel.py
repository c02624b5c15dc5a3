"""The solver on the CPU: Newton's iteration in t, compiled, one point after the other.

The formulas are those of `generated.numba_algebra`; here are only the loops over the spectrum and the iteration.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .generated import numba_algebra as algebra

#: fingerprint of `generated.numba_algebra`, written by `generate`; it makes numba compile anew when that changes
ALGEBRA = "c6a2cadfdd784067"

_compile = njit(cache=True, nogil=True, error_model="numpy")
#: sums over the spectrum may be taken in any order, so that the processor's vector units are used
_compile_sums = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})

_newton_terms = _compile_sums(algebra.newton_terms)
_output_terms = _compile_sums(algebra.output_terms)
_summary_noise = _compile(algebra.summary_noise)
_t_upper_above = _compile(algebra.t_upper_above)
_t_upper_below = _compile(algebra.t_upper_below)
_sigma_upper = _compile(algebra.sigma_upper)
_g_above = _compile(algebra.g_above)
_g_below = _compile(algebra.g_below)
_g_ridge = _compile(algebra.g_ridge)
_gap_above = _compile(algebra.gap_above)
_gap_below = _compile(algebra.gap_below)
_sigma_of_t = _compile(algebra.sigma_of_t)
_noise_balance = _compile(algebra.noise_balance)
_shares = _compile(algebra.shares)
_outputs = _compile(algebra.outputs)
_alignment = _compile_sums(algebra.alignment)

#: columns of the result
COLUMNS = ("t", "s", "sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar", "A", "B", "passes", "residual")
MAX_PASSES = 100
#: a relative step below this is rounding: the iteration has arrived
_ARRIVED = 4e-16
#: below this, a step that is not much smaller than the one before is rounding too
_SMALL = 1e-6


@_compile_sums
def _newton_sums(eigenvalues, weights, t):
    d = u = e = 0.0
    for i in range(eigenvalues.size):
        learned, unlearned, product = _newton_terms(eigenvalues[i], t)
        d += weights[i] * learned
        u += weights[i] * unlearned
        e += weights[i] * product
    return d, u, e


@_compile_sums
def _output_sums(eigenvalues, weights, t):
    d = u = e = d2 = u2 = 0.0
    for i in range(eigenvalues.size):
        learned, unlearned, product, learned_squared, unlearned_squared = _output_terms(eigenvalues[i], t)
        d += weights[i] * learned
        u += weights[i] * unlearned
        e += weights[i] * product
        d2 += weights[i] * learned_squared
        u2 += weights[i] * unlearned_squared
    return d, u, e, d2, u2


@_compile
def _gap(level, learned, unlearned, rank_fraction):
    """level - learned, where learned + unlearned = rank_fraction: from the smaller of the two."""
    if unlearned < learned:
        return (level - rank_fraction) + unlearned
    return level - learned


@_compile
def _start(c_train, rank_fraction, s, kappa, tau, ridge):
    if ridge > 0.0:
        return _t_upper_above(c_train, rank_fraction, _sigma_upper(c_train, s, tau, ridge), kappa)
    if tau > 1.0:
        return _t_upper_above(c_train, rank_fraction, s, kappa)
    return _t_upper_below(c_train, s, kappa, tau)


@_compile
def solve_t(eigenvalues, weights, null_weight, rank_fraction, c_train, s, tau, kappa, ridge):
    """Root t, the number of passes over the spectrum, the last relative step, and the slope of g next to the root."""
    t = _start(c_train, rank_fraction, s, kappa, tau, ridge)
    previous, dg = np.inf, np.nan
    for passes in range(1, MAX_PASSES + 1):
        d, v, e = _newton_sums(eigenvalues, weights, t)
        gap_kappa = _gap(kappa, d, v, rank_fraction)
        gap_tau = _gap(tau, d, v, rank_fraction)
        # bend: bound of t g''/(2 g'), by which the square of a relative step gives the next
        if ridge > 0.0:
            g, dg = _g_ridge(t, gap_kappa, gap_tau, null_weight + v, e, s, kappa, tau, ridge)
            bend = np.inf
        elif tau > 1.0:
            g, dg = _g_above(t, gap_kappa, e, s, kappa)
            bend = 1.0
        else:
            g, dg = _g_below(t, gap_kappa, gap_tau, null_weight + v, e, s, kappa)
            bend = 1.0 + e / gap_kappa + e / gap_tau
        step = g / dg
        relative = abs(step) / t
        # small and no longer shrinking (Newton at least halves its steps): what is left is rounding of the sums
        if relative <= _ARRIVED or (previous < _SMALL and relative >= 0.75 * previous):
            return t, passes, relative, dg
        t -= step
        if bend * relative**2 <= 0.5 * _ARRIVED:
            return t, passes, relative, dg
        previous = relative
    return t, MAX_PASSES + 1, previous, dg


@_compile
def _balance(t, unlearned, gap, s, kappa, tau, ridge):
    """Effective ridge that balances the noise at t: concave and increasing, so Newton from the left."""
    lt = t * gap / kappa - s
    if not lt > 0.0:
        lt = s
    for _ in range(MAX_PASSES):
        h, dh = _noise_balance(lt, t, unlearned, s, kappa, tau, ridge)
        new = lt - h / dh
        if not new > 0.0:
            new = 0.125 * lt
        if abs(new - lt) <= _ARRIVED * (s + lt):
            return new
        lt = new
    return lt


@_compile
def solve_points(
    eigenvalues, weights, null_weight, rank_fraction, c_train, row, alpha, tau, kappa, rho, ridge, first, last, out
):
    """Solve the points first..last-1, each with the spectrum in its row, into the columns of `out`."""
    for k in range(first, last):
        r = row[k]
        c, w = eigenvalues[r], weights[r]
        s = _summary_noise(rho[k], c_train[r], alpha[k])
        t, passes, residual, _ = solve_t(
            c, w, null_weight[r], rank_fraction[r], c_train[r], s, tau[k], kappa[k], ridge[k]
        )
        d, v, e, d2, v2 = _output_sums(c, w, t)
        u = null_weight[r] + v
        u2 = null_weight[r] + v2
        if ridge[k] > 0.0:
            gap = _gap(kappa[k], d, v, rank_fraction[r])
            sigma = s + _balance(t, u, gap, s, kappa[k], tau[k], ridge[k])
            gap = sigma * kappa[k] / t
        elif tau[k] > 1.0:
            gap = _gap_above(t, s, kappa[k])
            sigma = s
        else:
            gap = _gap_below(t, u, s, kappa[k], tau[k])
            sigma = _sigma_of_t(t, gap, kappa[k])
        lt, share = _shares(u, sigma, tau[k], ridge[k])
        a, da, m, dm, q, qbar, top, slope = _outputs(t, d, u, e, d2, u2, gap, sigma, lt, share, s, kappa[k], rho[k])
        out[0, k] = t
        out[1, k] = s
        out[2, k] = s + lt
        out[3, k] = lt
        out[4, k] = a
        out[5, k] = da
        out[6, k] = m
        out[7, k] = dm
        out[8, k] = q
        out[9, k] = qbar
        out[10, k] = top
        out[11, k] = slope
        out[12, k] = passes + 1
        out[13, k] = residual


@_compile_sums
def misalignment_points(eigenvalues, weights, test, row, test_row, a, sigma, top, slope, first, last, out):
    """Mean of test x K over the spectrum, for the points first..last-1."""
    for k in range(first, last):
        c, w, gamma = eigenvalues[row[k]], weights[row[k]], test[test_row[k]]
        total = 0.0
        for i in range(c.size):
            total += w[i] * gamma[i] * _alignment(c[i], a[k], sigma[k], top[k], slope[k])
        out[k] = total
