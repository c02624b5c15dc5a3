"""Algebra of the theory for arb.

Generated from taskalign.derive by `make generate`; do not edit. Each function says from which equations of the
catalogue it was made.
"""

from math import prod

from flint import arb, fmpq


def learned_share(c, t):
    """From learned."""
    learned = c/(c + t)
    return learned


def newton_terms(c, t):
    """From D, U, E."""
    x0 = 1 / (c + t)
    learned = c*x0
    unlearned = t*x0
    D = learned
    U = unlearned
    E = learned*unlearned
    return D, U, E


def output_terms(c, t):
    """From D, U, E, D2, U2."""
    x0 = 1 / (c + t)
    learned = c*x0
    unlearned = t*x0
    D = learned
    U = unlearned
    E = learned*unlearned
    D2 = (learned*learned)
    U2 = (unlearned*unlearned)
    return D, U, E, D2, U2


def g_above(t, gap_kappa, E, s, kappa):
    """From g_above, dg_above."""
    g = gap_kappa*t - kappa*s
    dg = E + gap_kappa
    return g, dg


def g_below(t, gap_kappa, gap_tau, U, E, s, kappa):
    """From g_below, dg_below."""
    x0 = 1 / U
    g = gap_kappa*gap_tau*t*x0 - kappa*s
    x1 = E*x0
    x2 = gap_kappa*gap_tau
    dg = -E*x2/(U*U) + gap_kappa*x1 + gap_tau*x1 + x0*x2
    return g, dg


def g_ridge(t, gap_kappa, gap_tau, U, E, s, kappa, tau, ridge):
    """From g_ridge, dg_ridge."""
    x0 = 1 / kappa
    x1 = gap_kappa*x0
    x2 = -s + t*x1
    x3 = 1 / gap_kappa
    x4 = kappa*x3
    x5 = x2*x4
    x6 = 1 / t
    x7 = U*x6
    x9 = (tau - 1 + x5*x7 if s >= x2 else gap_tau - s*x4*x7 if s < x2 else arb(tau - 1 + x5*x7).union(arb(gap_tau - s*x4*x7)))
    g = -ridge*tau + x2*x9
    x10 = x1 + E*x0
    x11 = 1 / (t*t)
    x12 = U*x11
    x13 = E*kappa*x12/(gap_kappa*gap_kappa)
    x14 = s*x4
    dg = x10*x9 + x2*(E*kappa*x11*x2*x3 + U*kappa*x10*x3*x6 - U*x11*x5 - x13*x2 if s >= x2 else -E*x11*x14 + E*x6 + s*x13 + x12*x14 if s < x2 else arb(E*kappa*x11*x2*x3 + U*kappa*x10*x3*x6 - U*x11*x5 - x13*x2).union(arb(-E*x11*x14 + E*x6 + s*x13 + x12*x14)))
    return g, dg


def sign_above(t, gap_kappa, s, kappa):
    """From g_above."""
    g = gap_kappa*t - kappa*s
    return g


def sign_below(t, gap_kappa, gap_tau, U, s, kappa):
    """From g_below."""
    g = -kappa*s + gap_kappa*gap_tau*t/U
    return g


def sign_ridge(t, gap_kappa, gap_tau, U, s, kappa, tau, ridge):
    """From g_ridge."""
    x0 = -s + gap_kappa*t/kappa
    x1 = U*kappa/(gap_kappa*t)
    g = -ridge*tau + x0*(tau - 1 + x0*x1 if s >= x0 else gap_tau - s*x1 if s < x0 else arb(tau - 1 + x0*x1).union(arb(gap_tau - s*x1)))
    return g


def resolvent(c, a, sigma):
    """From resolvent."""
    F = 1 / (sigma + a*c)
    return F


def resolvent_slope(c, a, b, sigma):
    """From dF."""
    dF = (-1 - b*c)/(sigma + a*c)**2
    return dF


def scalar_error(rho_test, c_test, alpha_test, Qbar):
    """From e_scalar."""
    e_scalar = rho_test + Qbar*(c_test + rho_test)/alpha_test
    return e_scalar


def total_error(e_scalar, e_misalign):
    """From e_icl."""
    e_icl = e_misalign + e_scalar
    return e_icl


def ordering_of_a_pair(c1, c2, a, sigma, A, B):
    """From ordering_of_a_pair."""
    x0 = (a*a)
    x1 = A*x0
    pair = 2*A*a*sigma + B*c1*c2*x0 - B*(sigma*sigma) + c1*x1 + c2*x1
    return pair


def peak(a, sigma, A, B):
    """From peak."""
    peak = arb(-2*A/B + sigma/a).max(arb(0))
    return peak


def tau_order(s, M, ridge):
    """From tau_order."""
    tau_order = (-s*(-1 + M*s)/(s - ridge) if ridge < s else arb.pos_inf() if ridge >= s else arb(-s*(-1 + M*s)/(s - ridge)).union(arb(arb.pos_inf())))
    return tau_order


def summary_noise(rho, c_train, alpha):
    """From summary_noise."""
    s = (c_train + rho)/alpha
    return s


def t_upper_above(c_train, rank_fraction, s, kappa):
    """From t_upper_above."""
    x0 = kappa*s
    x1 = c_train/rank_fraction
    x2 = -x0 + x1*(kappa - rank_fraction)
    x3 = (fmpq(1, 2))*(4*(kappa*kappa)*s*x1 + (x2*x2)).sqrt() + (fmpq(1, 2))*abs(x2)
    t_upper = (x3/kappa if x2 <= 0 else x0*x1/x3 if x2 > 0 else arb(x3/kappa).union(arb(x0*x1/x3)))
    return t_upper


def t_upper_below(c_train, s, kappa, tau):
    """From t_upper_below."""
    x1 = -tau + 1
    x2 = -kappa + 1
    x0 = kappa*s
    x3 = -x0 + c_train*(-kappa*x1 - tau*x2)
    x4 = (c_train*c_train)
    x5 = (fmpq(1, 2))*(2*c_train*x0*(kappa + tau) + (kappa*kappa)*(s*s) + x4*prod([kappa - tau]*2)).sqrt() + (fmpq(1, 2))*abs(x3)
    t_upper = (x5/(kappa*tau) if x3 <= 0 else (c_train*kappa*s - x1*x2*x4)/x5 if x3 > 0 else arb(x5/(kappa*tau)).union(arb((c_train*kappa*s - x1*x2*x4)/x5)))
    return t_upper


def sigma_upper(c_train, s, tau, ridge):
    """From sigma_upper."""
    x0 = ridge*tau
    x1 = c_train + s
    x2 = tau - 1
    x3 = x0 - x1*x2
    x4 = (fmpq(1, 2))*(4*ridge*(tau*tau)*x1 + (x3*x3)).sqrt() + (fmpq(1, 2))*abs(x0 - x1*x2)
    sigma_upper = s + (x4/tau if x3 >= 0 else x0*x1/x4 if x3 < 0 else arb(x4/tau).union(arb(x0*x1/x4)))
    return sigma_upper


def gap_above(t, s, kappa):
    """From gap_at_root_above."""
    gap_kappa = kappa*s/t
    return gap_kappa


def gap_below(t, U, s, kappa, tau):
    """From gap_at_root_below."""
    x0 = kappa - tau
    x1 = U*kappa*s/t
    x2 = (fmpq(1, 2))*((x0*x0) + 4*x1).sqrt() + (fmpq(1, 2))*abs(x0)
    gap_kappa = (x2 if x0 >= 0 else x1/x2 if x0 < 0 else arb(x2).union(arb(x1/x2)))
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
    dh = 1 - x3*(-x2/(x1*x1) - x0/(effective_ridge*effective_ridge))
    return h, dh


def shares(U, sigma, tau, ridge):
    """From larger_share, effective_ridge_stable, ridge_share."""
    x0 = tau - 1
    x1 = ridge*tau
    x2 = U/sigma
    larger_share = (fmpq(1, 2))*((x0*x0) + 4*x1*x2).sqrt() + (fmpq(1, 2))*abs(x0)
    x4 = x1/larger_share
    effective_ridge = (larger_share*sigma/U if tau < 1 else x4 if tau >= 1 else arb(larger_share*sigma/U).union(arb(x4)))
    ridge_share = (x2*x4 if tau < 1 else larger_share if tau >= 1 else arb(x2*x4).union(arb(larger_share)))
    return effective_ridge, ridge_share


def outputs(t, D, U, E, D2, U2, gap_kappa, sigma, effective_ridge, ridge_share, s, kappa, rho):
    """From a_of_t, den, b_stable, M_stable, dM_stable, A2_stable, R2_stable, N_stable, slack_stable, q_stable, a_less_stable, A, B, Qbar_stable."""
    a = gap_kappa/kappa
    den = E + gap_kappa
    x0 = 1 / den
    b = E*x0/t
    M = U/sigma
    x1 = (sigma*sigma)
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
