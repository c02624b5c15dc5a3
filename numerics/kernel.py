"""The solver on the CPU: Halley's iteration in t, compiled, one point after the other.

The formulas are those of `generated.numba_algebra`; here are only the loops over the spectrum and the iteration.
"""

from __future__ import annotations

import numpy as np

from .generated import numba_algebra as algebra
from .jit import jit

#: fingerprint of `generated.numba_algebra`, written by `generate`; it makes numba compile anew when that changes
ALGEBRA = "0b6de23925a49b30"

_compile = jit()
#: sums over the spectrum may be taken in any order, so that the processor's vector units are used
_compile_sums = jit(fastmath={"reassoc", "contract", "nsz"})

_moment_terms = _compile_sums(algebra.moment_terms)
_sums_of_moments = _compile(algebra.sums_of_moments)
_summary_noise = _compile(algebra.summary_noise)
_t_upper_above = _compile(algebra.t_upper_above)
_t_upper_below = _compile(algebra.t_upper_below)
_sigma_upper = _compile(algebra.sigma_upper)
_curve_above = _compile(algebra.curve_above)
_curve_below = _compile(algebra.curve_below)
_curve_ridge = _compile(algebra.curve_ridge)
_halley_step = _compile(algebra.halley_step)
_next_sums = _compile(algebra.next_sums)
_gap_above = _compile(algebra.gap_above)
_gap_below = _compile(algebra.gap_below)
_sigma_of_t = _compile(algebra.sigma_of_t)
_noise_balance = _compile(algebra.noise_balance)
_shares = _compile(algebra.shares)
_outputs = _compile(algebra.outputs)
_alignment = _compile_sums(algebra.alignment)

#: what `solve_points` takes for each point, in order
PARAMETERS = ("alpha", "tau", "kappa", "rho", "ridge", "null_weight", "rank_fraction", "c_train")
#: columns of the result
COLUMNS = ("t", "s", "sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar", "A", "B", "passes", "residual")
MAX_PASSES = 100
#: sums are taken in blocks of so many terms, which keeps the rounding of long ones small
_BLOCK = 1024
#: below this relative step the sums there follow from those here, to first order: its square is rounding
_CLOSE = 4e-9
#: a relative error below this is rounding
_ROUNDING = 1e-16
#: below this, a step that is not much smaller than the one before is rounding too
_SMALL = 1e-6


@_compile_sums
def _block_moments(eigenvalues, weights, t):
    m0 = m1 = m2 = m3 = 0.0
    for i in range(eigenvalues.size):
        c, w = eigenvalues[i], weights[i]
        t0, t1, t2, t3 = _moment_terms(c, t)
        term = w * t0  # a load or a product in a branch would keep the loop from using the vector units
        m0 += term if c > 0.0 else 0.0
        m1 += w * t1
        m2 += w * t2
        m3 += w * t3
    return m0, m1, m2, m3


@_compile
def _moments(eigenvalues, weights, t):
    """Cubic moments over the non-zero eigenvalues."""
    if eigenvalues.size <= _BLOCK:
        return _block_moments(eigenvalues, weights, t)
    m0 = m1 = m2 = m3 = 0.0
    for first in range(0, eigenvalues.size, _BLOCK):
        b0, b1, b2, b3 = _block_moments(eigenvalues[first : first + _BLOCK], weights[first : first + _BLOCK], t)
        m0 += b0
        m1 += b1
        m2 += b2
        m3 += b3
    return m0, m1, m2, m3


@_compile
def _gap(level, learned, unlearned, null_weight, rank_fraction):
    """level - learned, where learned + unlearned = rank_fraction = 1 - null_weight: from the smaller of the two.

    A share of the weight is rounded by so much less the smaller it is.
    """
    if unlearned >= learned:
        return level - learned
    if null_weight < rank_fraction:
        return ((level - 1.0) + null_weight) + unlearned
    return (level - rank_fraction) + unlearned


@_compile
def _start(c_train, rank_fraction, s, kappa, tau, ridge):
    if ridge > 0.0:
        return _t_upper_above(c_train, rank_fraction, _sigma_upper(c_train, s, tau, ridge), kappa)
    if tau > 1.0:
        return _t_upper_above(c_train, rank_fraction, s, kappa)
    return _t_upper_below(c_train, s, kappa, tau)


@_compile
def _curve(t, d, v, e, e_learned, null_weight, rank_fraction, s, tau, kappa, ridge):
    """g, its slope and its curvature at t."""
    gap_kappa = _gap(kappa, d, v, null_weight, rank_fraction)
    gap_tau = _gap(tau, d, v, null_weight, rank_fraction)
    if ridge > 0.0:
        return _curve_ridge(t, gap_kappa, gap_tau, null_weight + v, e, e_learned, s, kappa, tau, ridge)
    if tau > 1.0:
        return _curve_above(t, gap_kappa, e, e_learned, s, kappa)
    return _curve_below(t, gap_kappa, gap_tau, null_weight + v, e, e_learned, s, kappa)


@_compile
def solve_t(eigenvalues, weights, null_weight, rank_fraction, c_train, s, tau, kappa, ridge):
    """Root t by Halley's iteration from an upper bound.

    Returns the root, the passes over the spectrum, the last relative step, the slope of g next to the root, and the
    sums D, V, E, D2, V2 at it; V and V2 are U and U2 over the non-zero eigenvalues.
    """
    t = _start(c_train, rank_fraction, s, kappa, tau, ridge)
    above = np.inf  # where Newton's step from the last point above the root led: from there he descends to it
    previous = np.inf
    d = v = e = d2 = v2 = dg = np.nan
    for passes in range(1, MAX_PASSES + 1):
        m0, m1, m2, m3 = _moments(eigenvalues, weights, t)
        d, v, e, d2, v2, e_learned, e_unlearned = _sums_of_moments(t, m0, m1, m2, m3)
        g, dg, d2g = _curve(t, d, v, e, e_learned, null_weight, rank_fraction, s, tau, kappa, ridge)
        bend, step = _halley_step(g, dg, d2g)
        relative = abs(step) / t
        # small and no longer shrinking: what is left is rounding of the sums
        if previous < _SMALL and relative >= 0.5 * previous:
            return t, passes, relative, dg, d, v, e, d2, v2
        if relative <= _CLOSE and max(bend**2, relative**2) * relative <= _ROUNDING:
            d, v, e, d2, v2 = _next_sums(t, step, d, v, e, d2, v2, e_learned, e_unlearned)
            return t - step, passes, relative, dg, d, v, e, d2, v2
        if g > 0.0 and dg > 0.0:
            above = t - g / dg
        if dg > 0.0 and t - step > 0.0:
            t -= step
        else:
            t = above
        previous = relative
    return t, MAX_PASSES + 1, previous, dg, d, v, e, d2, v2


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
        if abs(new - lt) <= 4 * _ROUNDING * (s + lt):
            return new
        lt = new
    return lt


@_compile
def solve_points(vectors, rows, parameters, first, last, out):
    """Solve the points first..last-1, each with the spectrum in its row, into the columns of `out`."""
    eigenvalues, weights = vectors
    row, weight_row = rows
    alpha, tau, kappa, rho, ridge, null_weight, rank_fraction, c_train = parameters
    for k in range(first, last):
        c, w = eigenvalues[row[k]], weights[weight_row[k]]
        s = _summary_noise(rho[k], c_train[k], alpha[k])
        t, passes, residual, _, d, v, e, d2, v2 = solve_t(
            c, w, null_weight[k], rank_fraction[k], c_train[k], s, tau[k], kappa[k], ridge[k]
        )
        u = null_weight[k] + v
        u2 = null_weight[k] + v2
        if ridge[k] > 0.0:
            gap = _gap(kappa[k], d, v, null_weight[k], rank_fraction[k])
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
        out[12, k] = passes
        out[13, k] = residual


@_compile_sums
def _block_misalignment(eigenvalues, weights, test, a, sigma, top, slope):
    total = plain = 0.0
    for i in range(eigenvalues.size):
        gamma = weights[i] * test[i]
        plain += gamma
        total += gamma * _alignment(eigenvalues[i], a, sigma, top, slope)
    return total, plain


@_compile
def _misalignment(c, w, gamma, a, sigma, top, slope):
    if c.size <= _BLOCK:
        return _block_misalignment(c, w, gamma, a, sigma, top, slope)
    total = plain = 0.0
    for i in range(0, c.size, _BLOCK):
        j = i + _BLOCK
        with_k, without = _block_misalignment(c[i:j], w[i:j], gamma[i:j], a, sigma, top, slope)
        total += with_k
        plain += without
    return total, plain


@_compile
def misalignment_points(vectors, rows, columns, first, last, out):
    """Means of test x K and of test over the spectrum, for the points first..last-1."""
    eigenvalues, weights, test = vectors
    row, weight_row, test_row = rows
    a, sigma, top, slope = columns
    for k in range(first, last):
        c, w, gamma = eigenvalues[row[k]], weights[weight_row[k]], test[test_row[k]]
        out[0, k], out[1, k] = _misalignment(c, w, gamma, a[k], sigma[k], top[k], slope[k])


@_compile_sums
def _row_census(values, weights):
    wrong = total = support = null = 0.0
    for i in range(values.size):
        x, w = values[i], weights[i]
        wrong += 0.0 if abs(x) < np.inf else 1.0
        wrong += 1.0 if x < 0.0 else 0.0
        total += w * x
        support += w if x > 0.0 else 0.0
        null += w if x == 0.0 else 0.0
    return wrong, total, support, null


@_compile
def census_points(values, weights, row, weight_row, first, last, out):
    """How many entries are not finite or negative; the sum of all, and the weights above zero and at zero."""
    for k in range(first, last):
        out[0, k], out[1, k], out[2, k], out[3, k] = _row_census(values[row[k]], weights[weight_row[k]])


@_compile_sums
def all_within(values, strictly):
    """Whether all entries are finite and not below zero, or strictly above it."""
    wrong = zeros = 0.0
    for i in range(values.size):
        x = values[i]
        wrong += 0.0 if abs(x) < np.inf else 1.0
        wrong += 1.0 if x < 0.0 else 0.0
        zeros += 1.0 if x == 0.0 else 0.0
    return wrong == 0.0 and not (strictly and zeros > 0.0)
