"""Algebra of the theory for torch.

Generated from taskalign.derive by `make generate`; do not edit. Each function says from which equations of the
catalogue it was made.
"""

import torch


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
    D2 = learned**2
    U2 = unlearned**2
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
    dg = -E*x2/U**2 + gap_kappa*x1 + gap_tau*x1 + x0*x2
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
    x8 = s >= x2
    x9 = torch.where(x8, tau - 1 + x5*x7, gap_tau - s*x4*x7)
    g = -ridge*tau + x2*x9
    x10 = x1 + E*x0
    x11 = 1 / t**2
    x12 = U*x11
    x13 = E*kappa*x12/gap_kappa**2
    x14 = s*x4
    dg = x10*x9 + x2*torch.where(x8, E*kappa*x11*x2*x3 + U*kappa*x10*x3*x6 - U*x11*x5 - x13*x2, -E*x11*x14 + E*x6 + s*x13 + x12*x14)
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
    g = -ridge*tau + x0*torch.where(s >= x0, tau - 1 + x0*x1, gap_tau - s*x1)
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
    x0 = a**2
    x1 = A*x0
    pair = 2*A*a*sigma + B*c1*c2*x0 - B*sigma**2 + c1*x1 + c2*x1
    return pair


def peak(a, sigma, A, B):
    """From peak."""
    peak = torch.clamp(-2*A/B + sigma/a, min=0)
    return peak


def tau_order(s, M, ridge):
    """From tau_order."""
    x0 = ridge < s
    tau_order = torch.where(x0, -s*(-1 + M*s)/torch.where(x0, s - ridge, 1), torch.inf)
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
    x3 = (1 / 2)*torch.sqrt(4*kappa**2*s*x1 + x2**2) + (1 / 2)*torch.where(x2 >= 0, x2, -(x2))
    t_upper = torch.where(x2 <= 0, x3/kappa, x0*x1/x3)
    return t_upper


def t_upper_below(c_train, s, kappa, tau):
    """From t_upper_below."""
    x1 = -tau + 1
    x2 = -kappa + 1
    x0 = kappa*s
    x3 = -x0 + c_train*(-kappa*x1 - tau*x2)
    x4 = c_train**2
    x5 = (1 / 2)*torch.sqrt(2*c_train*x0*(kappa + tau) + kappa**2*s**2 + x4*(kappa - tau)**2) + (1 / 2)*torch.where(x3 >= 0, x3, -(x3))
    t_upper = torch.where(x3 <= 0, x5/(kappa*tau), (c_train*kappa*s - x1*x2*x4)/x5)
    return t_upper


def sigma_upper(c_train, s, tau, ridge):
    """From sigma_upper."""
    x0 = ridge*tau
    x1 = c_train + s
    x2 = tau - 1
    x3 = (1 / 2)*torch.where(x0 - x1*x2 >= 0, x0 - x1*x2, -(x0 - x1*x2))
    x4 = x0 - x1*x2
    x5 = 4*ridge*tau**2*x1 + x4**2
    x6 = x4 >= 0
    sigma_upper = s + torch.where(x6, (x3 + (1 / 2)*torch.sqrt(torch.where(x6, x5, 1)))/tau, x0*x1/torch.where(~(x6), x3 + (1 / 2)*torch.sqrt(torch.where(~(x6), x5, 1)), 1))
    return sigma_upper


def gap_above(t, s, kappa):
    """From gap_at_root_above."""
    gap_kappa = kappa*s/t
    return gap_kappa


def gap_below(t, U, s, kappa, tau):
    """From gap_at_root_below."""
    x0 = kappa - tau
    x1 = U*kappa*s/t
    x2 = (1 / 2)*torch.sqrt(x0**2 + 4*x1) + (1 / 2)*torch.where(x0 >= 0, x0, -(x0))
    gap_kappa = torch.where(x0 >= 0, x2, x1/x2)
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
    larger_share = (1 / 2)*torch.sqrt(x0**2 + 4*x1*x2) + (1 / 2)*torch.where(x0 >= 0, x0, -(x0))
    x3 = tau < 1
    x4 = x1/larger_share
    effective_ridge = torch.where(x3, larger_share*sigma/U, x4)
    ridge_share = torch.where(x3, x2*x4, larger_share)
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


def centering(d):
    """From centering."""
    centering = (-1/d) * (torch.ones((int(d), int(d)), dtype=torch.float64)) + torch.eye(int(d), dtype=torch.float64)
    return centering


def inverse_cka(C_train, C_test, centering, d):
    """From inverse_cka."""
    inverse_cka = torch.sqrt(torch.trace(centering @ C_test @ centering @ C_test)*torch.trace(centering @ C_train @ centering @ C_train))/torch.trace(centering @ C_train @ centering @ C_test)
    return inverse_cka


def training_alignment(a, b, sigma, q, A):
    """From A_TM, B_TM."""
    x0 = a**2
    A_TM = A*x0 + b*q*sigma**2
    B_TM = x0*(q + A*b)
    return A_TM, B_TM


def prediction_scalars(D, E, D2, a, b, s, kappa):
    """From gap_of_a, den, R2_stable, a_less_stable, leverage_training."""
    gap_kappa = a*kappa
    den = E + gap_kappa
    x0 = 1 / den
    R2 = x0*(D*E + D2*gap_kappa)
    a_less = a*gap_kappa*x0 + b*s
    leverage = D/kappa
    return R2, a_less, leverage


def prediction_terms(c, t, a, b, sigma, s, effective_ridge, a_less, q, leverage, novelty, reference):
    """From learned, unlearned, mean_map, departure, cov_stable, recovered, bias, V_task, V_train."""
    x0 = 1 / (c + t)
    learned = c*x0
    unlearned = t*x0
    mean_map = learned + leverage*unlearned
    departure = novelty*unlearned*(c - reference)/(reference + t)
    cov = mean_map
    recovered = mean_map**2
    x1 = novelty**2*unlearned**2
    bias = x1
    V_task = b*c*x1
    x2 = a*c
    V_train = novelty*q*(s + a_less*c*novelty + leverage*(effective_ridge + x2))/(sigma + x2)**2
    return cov, recovered, bias, V_task, V_train, departure


def spread_term(departure, mean_departure):
    """From spread_term."""
    spread = (departure - mean_departure)**2
    return spread


def prediction_law(rho_test, c_test, alpha_test, q, kappa, b, s, dM, R2, cov, recovered, bias, V_task, V_train, V_spread):
    """From var_y, V_int, V_ctx, var_given_query, var_yhat_stable, var_given_clean_stable, var_given_label_stable, slope_given_clean, slope_given_label, e_budget."""
    x0 = c_test + rho_test
    var_y = x0
    x1 = x0/alpha_test
    V_int = q*x1*(b*kappa - dM*s)
    V_ctx = R2*x1
    x2 = V_ctx + V_int + V_task + V_train
    var_given_query = x2
    var_yhat = recovered + var_given_query
    var_given_clean = V_spread + var_given_query
    x3 = 1 / c_test
    x4 = 1 / var_y
    var_given_label = var_given_clean + cov**2*rho_test*x3*x4
    slope_given_clean = cov*x3
    slope_given_label = cov*x4
    e_icl = bias + rho_test + x2
    return var_y, var_yhat, slope_given_label, var_given_label, slope_given_clean, var_given_clean, var_given_query, V_int, V_ctx, e_icl


def mean_map(c, t, leverage):
    """From learned, unlearned, mean_map."""
    x0 = 1 / (c + t)
    learned = c*x0
    unlearned = t*x0
    mean_map = learned + leverage*unlearned
    return mean_map


def prediction_density(y, yhat, var_y, slope_given_label, var_given_label):
    """From mahalanobis, density."""
    mahalanobis = y**2/var_y + (yhat - slope_given_label*y)**2/var_given_label
    density = (1 / 2)*torch.exp(-1 / 2*mahalanobis)/(torch.pi*torch.sqrt(var_given_label)*torch.sqrt(var_y))
    return density


def implicit_ridge(D, M, a, s, tau, kappa, ridge, effective_ridge):
    """From ridge_samples_stable, tasks_factor, implicit_ridge, ridge_tasks."""
    ridge_samples = effective_ridge*(D + M*s)/tau
    tasks_factor = 1 / a
    implicit_ridge = tasks_factor*(ridge + ridge_samples + s)
    ridge_tasks = D*implicit_ridge/kappa
    return ridge_samples, tasks_factor, ridge_tasks, implicit_ridge


def layer_given_tasks(task_eigenvalue, sigma):
    """From layer_given_tasks."""
    layer = task_eigenvalue/(sigma + task_eigenvalue)
    return layer


def converted_ridge(kappa, tau, task_ridge):
    """From converted_ridge."""
    ridge = kappa*task_ridge/tau
    return ridge


def converted_noise(noise_std):
    """From converted_noise."""
    rho = noise_std**2
    return rho


def low_rank(rank_fraction, t, a, b, dM, q, s, sigma, kappa):
    """From low_rank_learned, low_rank_unlearned, low_rank_E, low_rank_gap, den, a_less_stable, order_m, order_Q, order_m0, order_Q0, order_m_bar, stable_misalign_TM, stable_misalign_IDG, stable_misalign_ODG."""
    x0 = rank_fraction*t
    x1 = 1 / (x0 + 1)
    learned = x1
    unlearned = x0*x1
    x2 = learned*rank_fraction
    E = unlearned*x2
    gap_kappa = a*kappa
    den = E + gap_kappa
    x3 = b*s
    a_less = x3 + a*gap_kappa/den
    order_m = learned*(a + rank_fraction/kappa)
    x8 = learned**2
    x9 = rank_fraction*x8
    x10 = q*(kappa*x3 + x9*(1 + b*rank_fraction*t**2))
    x4 = a**2
    x5 = unlearned**2
    x6 = b/rank_fraction
    x7 = x5*x6
    order_Q = x10 + order_m**2 + x4*x7
    order_m0 = learned
    x11 = q*x9*(a_less + rank_fraction*s)/x4
    order_Q0 = x11 + x7 + x8
    order_m_bar = x2
    x12 = sigma**2
    x13 = b*kappa
    misalign_TM = x10 + x12*x13
    misalign_IDG = x11 + x5*(x6 + 1)
    misalign_ODG = -dM*x12 + q*(x13 - dM*s)
    return order_m, order_Q, order_m0, order_Q0, order_m_bar, misalign_TM, misalign_IDG, misalign_ODG


def eta(tau, tasks_rank, ridge_ratio):
    """From eta."""
    x0 = tau*(ridge_ratio + 1)
    x1 = x0 - 1
    x2 = (1 / 2)*torch.where(x1 >= 0, x1, -(x1))
    x3 = ridge_ratio*tau
    x4 = x1**2 + x3*(4 - 4*tasks_rank)
    x5 = x0 >= 1
    eta = torch.where(x5, x3/torch.where(x5, x2 + (1 / 2)*torch.sqrt(torch.where(x5, x4, 1)), 1), (x2 + (1 / 2)*torch.sqrt(torch.where(~(x5), x4, 1)))/torch.where(~(x5), -tasks_rank + 1, 1))
    return eta


def variance_gain(tau, tasks_rank, eta):
    """From long_context_slack, variance_gain."""
    slack = tau - 1 + eta*(-tasks_rank + 1)*(-eta + 2)
    variance_gain = 1 + tasks_rank*(-eta + 1)**2/slack
    return slack, variance_gain


def t_level_bounds(c_train, rank_fraction, mean_inverse, fewest):
    """From t_level_lower, t_level_upper."""
    x0 = rank_fraction - fewest
    t_lower = x0/mean_inverse
    t_upper = c_train*x0/(fewest*rank_fraction)
    return t_lower, t_upper


def few_tasks(t, kappa, variance_gain):
    """From few_tasks_IDG."""
    e_IDG = kappa*t*variance_gain
    return e_IDG


def enough_contexts(c_train, tasks_rank, variance_gain):
    """From few_tasks_ODG."""
    e_ODG = c_train*variance_gain*(-tasks_rank + 1)
    return e_ODG


def few_contexts(t, tau, kappa, c_train):
    """From few_contexts_TM, few_contexts_IDG, few_contexts_ODG."""
    x0 = t*tau
    e_TM = x0*(kappa - tau)/kappa
    e_IDG = x0
    e_ODG = c_train*(-tau + 1)
    return e_TM, e_IDG, e_ODG


def noise_few_tasks(t, kappa, rho, eta, slack):
    """From noise_few_tasks."""
    e_IDG = kappa*rho*t*(-eta + 1)**2/slack
    return e_IDG


def noise_ODG(c_train, tasks_rank, rho, eta, slack):
    """From noise_ODG."""
    e_ODG = c_train*rho*(-eta + 1)**2*(-tasks_rank + 1)/slack
    return e_ODG


def noise_solved(rank_fraction, kappa, rho, slack):
    """From noise_solved."""
    e_IDG = kappa*rank_fraction*rho/(slack*(kappa - rank_fraction))
    return e_IDG


def noise_TM(tasks_rank, rho, slack):
    """From noise_TM."""
    e_TM = rho*tasks_rank/slack
    return e_TM


def noise_few_contexts(t, tau, kappa, c_train, rho, E, D2):
    """From noise_few_contexts_TM, noise_few_contexts, noise_few_contexts_ODG."""
    x0 = kappa - tau
    x1 = t*tau
    x2 = rho/x0
    x3 = x2/E
    e_TM = -x3*(E*kappa - 2*E*tau - kappa*tau + tau**2) + x0*x1/kappa
    e_IDG = x1 + D2*kappa*x3
    e_ODG = c_train*kappa*x2/t + c_train*(-tau + 1)
    return e_TM, e_IDG, e_ODG
