"""Algebra of the theory for numba.

Generated from taskalign.derive by `make generate`; do not edit. Each function says from which equations of the
catalogue it was made.
"""

import math

import numpy as np


def moment_terms(c, t):
    """From T0, T1, T2, T3."""
    x0 = 1 / (c + t)**3
    T0 = x0
    T1 = c*x0
    T2 = c**2*x0
    T3 = c**3*x0
    return T0, T1, T2, T3


def sums_of_moments(t, T0, T1, T2, T3):
    """From D_in_moments, U_in_moments, E_in_moments, D2_in_moments, U2_in_moments, E_learned_in_moments, E_unlearned_in_moments."""
    x0 = T2*t
    x1 = T1*t**2
    D = T3 + x1 + 2*x0
    x2 = T0*t**3
    U = x0 + x2 + 2*x1
    E = x0 + x1
    D2 = T3 + x0
    U2 = x1 + x2
    E_learned = x0
    E_unlearned = x1
    return D, U, E, D2, U2, E_learned, E_unlearned


def curve_above(t, gap_kappa, E, E_learned, s, kappa):
    """From g_above, dg_above, d2g_above."""
    g = gap_kappa*t - kappa*s
    dg = E + gap_kappa
    x0 = 1 / t
    d2g = E*x0 + x0*(-E + 2*E_learned)
    return g, dg, d2g


def curve_below(t, gap_kappa, gap_tau, U, E, E_learned, s, kappa):
    """From g_below, dg_below, d2g_below."""
    x0 = 1 / U
    g = gap_kappa*gap_tau*t*x0 - kappa*s
    x1 = E*x0
    x2 = gap_kappa*x1
    x3 = gap_tau*x1
    x4 = gap_kappa*gap_tau
    x5 = 1 / U**2
    x6 = x4*x5
    x7 = E*x6
    dg = x2 + x3 - x7 + x0*x4
    x10 = 2*E**2
    x8 = 1 / t
    x11 = x10*x8
    x12 = x11*x5
    x13 = -E + 2*E_learned
    x9 = x0*x8
    x14 = x13*x9
    d2g = -gap_kappa*x12 + gap_kappa*x14 - gap_tau*x12 + gap_tau*x14 + x10*x9 - x13*x6*x8 + x2*x8 + x3*x8 - x7*x8 + x11*x4/U**3
    return g, dg, d2g


def curve_ridge(t, gap_kappa, gap_tau, U, E, E_learned, s, kappa, tau, ridge):
    """From g_ridge, dg_ridge, d2g_ridge."""
    x0 = 1 / kappa
    x1 = gap_kappa*x0
    x2 = -s + t*x1
    x3 = 1 / gap_kappa
    x4 = kappa*x3
    x5 = x2*x4
    x6 = 1 / t
    x7 = U*x6
    x8 = s >= x2
    x9 = x4*x7
    x10 = (tau - 1 + x5*x7 if x8 else gap_tau - s*x9)
    g = -ridge*tau + x10*x2
    x11 = E*x0
    x12 = x1 + x11
    x13 = 1 / t**2
    x14 = U*x13
    x15 = 1 / gap_kappa**2
    x16 = kappa*x15
    x17 = x16*x2
    x18 = E*x13
    x19 = U*x18
    x20 = s*x4
    x21 = s*x16
    x22 = (E*kappa*x13*x2*x3 + U*kappa*x12*x3*x6 - x14*x5 - x17*x19 if x8 else E*x6 + x14*x20 - x18*x20 + x19*x21)
    dg = x10*x12 + x2*x22
    x23 = -E + 2*E_learned
    x24 = x0*x23*x6 + x11*x6
    x25 = 2*x12
    x26 = 1 / t**3
    x27 = x26*x5
    x28 = 3*E
    x29 = x25*x4
    x30 = U*x26*x28
    x31 = E**2
    x32 = 2*x26
    x33 = x31*x32
    x34 = U*kappa*x33/gap_kappa**3
    x35 = x23*x26
    d2g = x10*x24 + x2*(-U*x17*x35 + 2*U*x27 - x14*x29 - x16*x19*x25 + x17*x30 - x17*x33 + x18*x29 + x2*x34 + x24*x9 - x27*x28 + x35*x5 if x8 else -x18 + 3*E*kappa*s*x26*x3 + U*kappa*s*x15*x23*x26 - U*x20*x32 + 2*kappa*s*x15*x26*x31 - s*x34 + x13*x23 - x20*x35 - x21*x30) + x22*x25
    return g, dg, d2g


def halley_step(g, dg, d2g):
    """From bend, halley_step."""
    bend = (1 / 2)*d2g*g/dg**2
    step = g/(dg*(1 - np.minimum(bend, 1 / 2)))
    return bend, step


def next_sums(t, step, D, U, E, D2, U2, E_learned, E_unlearned):
    """From D_next, U_next, E_next, D2_next, U2_next."""
    x0 = step/t
    x1 = E*x0
    D_next = D + x1
    U_next = U - x1
    E_next = E - x0*(-E + 2*E_learned)
    D2_next = D2 + 2*E_learned*x0
    U2_next = U2 - 2*E_unlearned*x0
    return D_next, U_next, E_next, D2_next, U2_next


def summary_noise(rho, c_train, alpha):
    """From summary_noise."""
    s = (c_train + rho)/alpha
    return s


def t_upper_above(c_train, rank_fraction, s, kappa):
    """From t_upper_above."""
    x0 = kappa*s
    x1 = c_train/rank_fraction
    x2 = -x0 + x1*(kappa - rank_fraction)
    x3 = (1 / 2)*math.sqrt(4*kappa**2*s*x1 + x2**2) + (1 / 2)*abs(x2)
    t_upper = (x3/kappa if x2 <= 0 else x0*x1/x3)
    return t_upper


def t_upper_below(c_train, s, kappa, tau):
    """From t_upper_below."""
    x1 = -tau + 1
    x2 = -kappa + 1
    x0 = kappa*s
    x3 = -x0 + c_train*(-kappa*x1 - tau*x2)
    x4 = c_train**2
    x5 = (1 / 2)*math.sqrt(2*c_train*x0*(kappa + tau) + kappa**2*s**2 + x4*(kappa - tau)**2) + (1 / 2)*abs(x3)
    t_upper = (x5/(kappa*tau) if x3 <= 0 else (c_train*kappa*s - x1*x2*x4)/x5)
    return t_upper


def sigma_upper(c_train, s, tau, ridge):
    """From sigma_upper."""
    x0 = ridge*tau
    x1 = c_train + s
    x2 = tau - 1
    x3 = x0 - x1*x2
    x4 = (1 / 2)*math.sqrt(4*ridge*tau**2*x1 + x3**2) + (1 / 2)*abs(x0 - x1*x2)
    sigma_upper = s + (x4/tau if x3 >= 0 else x0*x1/x4)
    return sigma_upper


def gap_above(t, s, kappa):
    """From gap_at_root_above."""
    gap_kappa = kappa*s/t
    return gap_kappa


def gap_below(t, U, s, kappa, tau):
    """From gap_at_root_below."""
    x0 = kappa - tau
    x1 = U*kappa*s/t
    x2 = (1 / 2)*math.sqrt(x0**2 + 4*x1) + (1 / 2)*abs(x0)
    gap_kappa = (x2 if x0 >= 0 else x1/x2)
    return gap_kappa


def sigma_of_t(t, gap_kappa, kappa):
    """From sigma_of_t."""
    sigma = gap_kappa*t/kappa
    return sigma


def noise_balance(effective_ridge, t, U, s, kappa, tau, ridge):
    """From noise_balance, noise_balance_slope."""
    x0 = ridge*tau
    x1 = effective_ridge + s
    x2 = U*s
    x3 = t/kappa
    h = x1 - x3*(kappa - tau + x2/x1 + x0/effective_ridge)
    dh = 1 - x3*(-x2/x1**2 - x0/effective_ridge**2)
    return h, dh


def shares(U, sigma, tau, ridge):
    """From larger_share, effective_ridge_stable, ridge_share."""
    x0 = tau - 1
    x1 = ridge*tau
    x2 = U/sigma
    larger_share = (1 / 2)*math.sqrt(x0**2 + 4*x1*x2) + (1 / 2)*abs(x0)
    x3 = tau < 1
    x4 = x1/larger_share
    effective_ridge = (larger_share*sigma/U if x3 else x4)
    ridge_share = (x2*x4 if x3 else larger_share)
    return effective_ridge, ridge_share


def outputs(t, D, U, E, D2, U2, gap_kappa, sigma, effective_ridge, ridge_share, s, kappa, rho):
    """From a_of_t, den, b_stable, M_stable, dM_stable, A2_stable, R2_stable, N_stable, slack_stable, q_stable, a_less_stable, A, B, Qbar_stable."""
    a = gap_kappa/kappa
    den = E + gap_kappa
    x0 = 1 / den
    b = E*x0/t
    M = U/sigma
    x1 = sigma**2
    dM = x0*(-E*U - U2*gap_kappa)/x1
    x2 = b*kappa
    A2 = x2
    R2 = x0*(D*E + D2*gap_kappa)
    N = rho + A2*x1 + R2*s
    x3 = x2 - dM*s
    slack = ridge_share + effective_ridge*x3
    q = N/slack
    a_less = a*gap_kappa*x0 + b*s
    A = x1 + q*s
    B = a_less*q + b*x1
    Qbar = R2 + q*x3
    return a, b, M, dM, q, Qbar, A, B


def alignment(c, a, sigma, A, B):
    """From K_stable."""
    K = (A + B*c)/(sigma + a*c)**2
    return K
