"""Statements that are slow to derive, by the name of the equation.

Written by `make generate`; do not edit. A test derives them afresh and compares.
"""

from sympy import Abs, Eq, Equality, Max, Mul, Piecewise, oo, sqrt

from . import notation as n


def effective_ridge():
    return Eq(n.effective_ridge, (-n.tau + sqrt(4 * n.M * n.ridge * n.tau + n.tau**2 - 2 * n.tau + 1) + 1) / (2 * n.M))


def dg_above():
    return Eq(n.dg, n.E + n.gap_kappa)


def dg_below():
    return Eq(
        n.dg,
        n.E * n.gap_kappa / n.U
        + n.E * n.gap_tau / n.U
        - n.E * n.gap_kappa * n.gap_tau / n.U**2
        + n.gap_kappa * n.gap_tau / n.U,
    )


def dg_ridge():
    return Eq(
        n.dg,
        (n.E / n.kappa + n.gap_kappa / n.kappa)
        * Piecewise(
            (
                n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t) + n.tau - 1,
                n.s >= n.gap_kappa * n.t / n.kappa - n.s,
            ),
            (-n.U * n.kappa * n.s / (n.gap_kappa * n.t) + n.gap_tau, True),
        )
        + (n.gap_kappa * n.t / n.kappa - n.s)
        * Piecewise(
            (
                -n.E * n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa**2 * n.t**2)
                + n.E * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**2)
                + n.U * n.kappa * (n.E / n.kappa + n.gap_kappa / n.kappa) / (n.gap_kappa * n.t)
                - n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**2),
                n.s >= n.gap_kappa * n.t / n.kappa - n.s,
            ),
            (
                n.E * n.U * n.kappa * n.s / (n.gap_kappa**2 * n.t**2)
                + n.E / n.t
                - n.E * n.kappa * n.s / (n.gap_kappa * n.t**2)
                + n.U * n.kappa * n.s / (n.gap_kappa * n.t**2),
                True,
            ),
        ),
    )


def alpha_of_t_above():
    return Eq(n.alpha, n.kappa * (n.c_train + n.rho) / (n.gap_kappa * n.t))


def alpha_of_t_below():
    return Eq(n.alpha, n.U * n.kappa * (n.c_train + n.rho) / (n.gap_kappa * n.gap_tau * n.t))


def alpha_of_t_ridge():
    return Eq(
        n.alpha,
        (n.c_train + n.rho)
        / (
            n.gap_kappa * n.t / n.kappa
            - n.gap_kappa
            * n.t
            * (-n.tau + sqrt(4 * n.U * n.kappa * n.ridge * n.tau / (n.gap_kappa * n.t) + n.tau**2 - 2 * n.tau + 1) + 1)
            / (2 * n.U * n.kappa)
        ),
    )


def d2g_above():
    return Eq(n.d2g, n.E / n.t + (-n.E + 2 * n.E_learned) / n.t)


def d2g_below():
    return Eq(
        n.d2g,
        2 * n.E**2 / (n.U * n.t)
        - 2 * n.E**2 * n.gap_kappa / (n.U**2 * n.t)
        - 2 * n.E**2 * n.gap_tau / (n.U**2 * n.t)
        + 2 * n.E**2 * n.gap_kappa * n.gap_tau / (n.U**3 * n.t)
        + n.E * n.gap_kappa / (n.U * n.t)
        + n.E * n.gap_tau / (n.U * n.t)
        - n.E * n.gap_kappa * n.gap_tau / (n.U**2 * n.t)
        + n.gap_kappa * (-n.E + 2 * n.E_learned) / (n.U * n.t)
        + n.gap_tau * (-n.E + 2 * n.E_learned) / (n.U * n.t)
        - n.gap_kappa * n.gap_tau * (-n.E + 2 * n.E_learned) / (n.U**2 * n.t),
    )


def d2g_ridge():
    return Eq(
        n.d2g,
        Mul(
            2,
            n.E / n.kappa + n.gap_kappa / n.kappa,
            Piecewise(
                (
                    -n.E * n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa**2 * n.t**2)
                    + n.E * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**2)
                    + n.U * n.kappa * (n.E / n.kappa + n.gap_kappa / n.kappa) / (n.gap_kappa * n.t)
                    - n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**2),
                    n.s >= n.gap_kappa * n.t / n.kappa - n.s,
                ),
                (
                    n.E * n.U * n.kappa * n.s / (n.gap_kappa**2 * n.t**2)
                    + n.E / n.t
                    - n.E * n.kappa * n.s / (n.gap_kappa * n.t**2)
                    + n.U * n.kappa * n.s / (n.gap_kappa * n.t**2),
                    True,
                ),
            ),
            evaluate=False,
        )
        + (n.E / (n.kappa * n.t) + (-n.E + 2 * n.E_learned) / (n.kappa * n.t))
        * Piecewise(
            (
                n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t) + n.tau - 1,
                n.s >= n.gap_kappa * n.t / n.kappa - n.s,
            ),
            (-n.U * n.kappa * n.s / (n.gap_kappa * n.t) + n.gap_tau, True),
        )
        + (n.gap_kappa * n.t / n.kappa - n.s)
        * Piecewise(
            (
                2 * n.E**2 * n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa**3 * n.t**3)
                - 2 * n.E**2 * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa**2 * n.t**3)
                - 2 * n.E * n.U * n.kappa * (n.E / n.kappa + n.gap_kappa / n.kappa) / (n.gap_kappa**2 * n.t**2)
                + 3 * n.E * n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa**2 * n.t**3)
                + 2 * n.E * n.kappa * (n.E / n.kappa + n.gap_kappa / n.kappa) / (n.gap_kappa * n.t**2)
                - 3 * n.E * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**3)
                + n.U
                * n.kappa
                * (n.E / (n.kappa * n.t) + (-n.E + 2 * n.E_learned) / (n.kappa * n.t))
                / (n.gap_kappa * n.t)
                - 2 * n.U * n.kappa * (n.E / n.kappa + n.gap_kappa / n.kappa) / (n.gap_kappa * n.t**2)
                + 2 * n.U * n.kappa * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**3)
                - n.U
                * n.kappa
                * (-n.E + 2 * n.E_learned)
                * (n.gap_kappa * n.t / n.kappa - n.s)
                / (n.gap_kappa**2 * n.t**3)
                + n.kappa * (-n.E + 2 * n.E_learned) * (n.gap_kappa * n.t / n.kappa - n.s) / (n.gap_kappa * n.t**3),
                n.s >= n.gap_kappa * n.t / n.kappa - n.s,
            ),
            (
                -2 * n.E**2 * n.U * n.kappa * n.s / (n.gap_kappa**3 * n.t**3)
                + 2 * n.E**2 * n.kappa * n.s / (n.gap_kappa**2 * n.t**3)
                - 3 * n.E * n.U * n.kappa * n.s / (n.gap_kappa**2 * n.t**3)
                - n.E / n.t**2
                + 3 * n.E * n.kappa * n.s / (n.gap_kappa * n.t**3)
                - 2 * n.U * n.kappa * n.s / (n.gap_kappa * n.t**3)
                + n.U * n.kappa * n.s * (-n.E + 2 * n.E_learned) / (n.gap_kappa**2 * n.t**3)
                + (-n.E + 2 * n.E_learned) / n.t**2
                - n.kappa * n.s * (-n.E + 2 * n.E_learned) / (n.gap_kappa * n.t**3),
                True,
            ),
        ),
    )


def leave_one_out():
    return Eq(n.phi_TM, n.kappa * n.phi / (n.kappa + n.phi))


def memorised_slope():
    return Eq(n.dphi_TM, n.a**2 * n.dphi)


def memorisation_gap():
    return Eq(
        n.misalign_IDG - n.misalign_TM,
        (1 - n.a) * (n.dphi * (n.a + 1) * (n.effective_ridge * n.q - n.sigma**2) + n.phi * n.q),
    )


def ordering_polynomial():
    return Eq(n.P, -2 * n.A * n.a - n.B * n.a * n.c + n.B * n.sigma)


def peak():
    return Eq(n.peak, Max(0, -2 * n.A / n.B + n.sigma / n.a))


def tau_order():
    return Eq(n.tau_order, Piecewise((-n.s * (n.M * n.s - 1) / (-n.ridge + n.s), n.ridge < n.s), (oo, True)))


def ordering_of_a_pair():
    return Eq(
        n.pair,
        n.A * n.a**2 * n.c1
        + n.A * n.a**2 * n.c2
        + 2 * n.A * n.a * n.sigma
        + n.B * n.a**2 * n.c1 * n.c2
        - n.B * n.sigma**2,
    )


def top_spike_is_best():
    return (
        n.A * n.a**2 * n.c_max
        + n.A * n.a**2 * n.c_min
        + 2 * n.A * n.a * n.sigma
        + n.B * n.a**2 * n.c_max * n.c_min
        - n.B * n.sigma**2
        >= 0
    )


def worst_spike():
    return n.e_misalign <= Piecewise(
        (-(n.B**2) * n.c_test / (4 * n.a * (n.A * n.a - n.B * n.sigma)), n.P0 > 0), (n.A * n.c_test / n.sigma**2, True)
    )


def gap_of_a():
    return Eq(n.gap_kappa, n.a * n.kappa)


def ridge_inflation():
    return Eq(n.effective_ridge, n.ridge * n.tau / (n.M * n.effective_ridge + n.tau - 1))


def tasks_factor_phi():
    return Eq(n.tasks_factor, (n.kappa + n.phi) / n.kappa)


def isotropic_polynomial():
    return Eq(n.M**2 * n.c_train * n.z + n.M * (n.c_train * (n.kappa - 1) + n.kappa * n.z), n.kappa)


def isotropic_M():
    return Eq(
        n.M,
        2
        * n.kappa
        / (
            n.c_train * (n.kappa - 1)
            + n.kappa * n.z
            + sqrt(4 * n.c_train * n.kappa * n.z + (n.c_train * (n.kappa - 1) + n.kappa * n.z) ** 2)
        ),
    )


def isotropic_dM():
    return Eq(n.dM, -n.M * (n.M * n.c_train + n.kappa) / (n.c_train * (2 * n.M * n.z + n.kappa - 1) + n.kappa * n.z))


def isotropic_mu():
    return Eq(
        n.mu,
        2
        * n.kappa
        / (
            n.c_train * (n.kappa - n.tau)
            + n.kappa * n.s
            + sqrt(4 * n.c_train * n.kappa * n.s * n.tau + (n.c_train * (n.kappa - n.tau) + n.kappa * n.s) ** 2)
        ),
    )


def isotropic_effective_ridge():
    return Eq(n.effective_ridge, (1 - n.tau) / (n.mu * n.tau))


def isotropic_quartic():
    return Eq(
        n.c_train * n.sigma * (n.effective_ridge * (1 - n.tau) + n.ridge * n.tau) ** 2
        + n.effective_ridge**2
        * (-n.c_train + n.kappa * (n.c_train + n.sigma))
        * (n.effective_ridge * (1 - n.tau) + n.ridge * n.tau),
        n.effective_ridge**4 * n.kappa,
    )


def two_atom_polynomial():
    return Eq(
        n.a**2 * n.c_train * n.kappa
        + n.a * (n.c_train * (-n.kappa + n.rank_fraction) + n.kappa * n.rank_fraction * n.z),
        n.kappa * n.rank_fraction * n.z,
    )


def two_atom_a():
    return Eq(
        n.a,
        (
            n.c_train * (n.kappa - n.rank_fraction)
            - n.kappa * n.rank_fraction * n.z
            + sqrt(
                4 * n.c_train * n.kappa**2 * n.rank_fraction * n.z
                + (n.c_train * (n.kappa - n.rank_fraction) - n.kappa * n.rank_fraction * n.z) ** 2
            )
        )
        / (2 * n.c_train * n.kappa),
    )


def two_atom_b():
    return Eq(
        n.b,
        -n.kappa
        * n.rank_fraction
        * (n.a - 1)
        / (n.c_train * (2 * n.a * n.kappa - n.kappa + n.rank_fraction) + n.kappa * n.rank_fraction * n.z),
    )


def two_atom_M():
    return Eq(n.M, (n.a * n.kappa - n.kappa + 1) / n.z)


def two_atom_dM():
    return Eq(n.dM, (-n.M + n.b * n.kappa) / n.z)


def converted_ridge():
    return Eq(n.ridge, n.kappa * n.task_ridge / n.tau)


def low_rank_V():
    return Eq(
        n.V,
        2
        * n.kappa
        * n.rank_fraction**2
        * n.sigma
        / (
            n.kappa * n.rank_fraction * n.sigma
            + n.kappa
            - n.rank_fraction
            + sqrt(
                4 * n.kappa * n.rank_fraction**2 * n.sigma
                + (n.kappa * n.rank_fraction * n.sigma + n.kappa - n.rank_fraction) ** 2
            )
        ),
    )


def low_rank_dV():
    return Eq(
        n.dV,
        -n.kappa
        * n.rank_fraction
        * (n.V - n.rank_fraction)
        / sqrt(
            4 * n.kappa * n.rank_fraction**2 * n.sigma
            + (n.kappa * n.rank_fraction * n.sigma + n.kappa - n.rank_fraction) ** 2
        ),
    )


def low_rank_q():
    return Eq(
        n.q,
        (n.effective_ridge * (n.V + n.dV * n.sigma - n.rank_fraction) + n.rho + n.sigma * (-n.V + n.rank_fraction))
        / (2 * n.M * n.effective_ridge + n.effective_ridge**2 * (-n.M + n.dV) / n.sigma + n.tau - 1),
    )


def low_rank_gap():
    return Eq(n.gap_kappa, n.a * n.kappa)


def lu_noise_above():
    return Eq(n.s, -n.noise_share * (n.kappa + n.noise_share - 1) / (n.kappa * (n.noise_share - 1)))


def lu_noise_below():
    return Eq(n.s, -n.noise_share * (n.kappa + n.noise_share * n.tau - n.tau) / (n.kappa * (n.noise_share - 1)))


def many_tasks_a():
    return Eq(n.a, 1)


def many_tasks_dM():
    return Eq(n.dM, -n.U2 / n.sigma**2)


def many_tasks_A2():
    return Eq(n.A2, n.E / n.t)


def many_tasks_R2():
    return Eq(n.R2, n.D2)


def many_tasks_K():
    return Eq(n.K, (n.q * (n.c + n.s) + n.sigma**2) / (n.c + n.sigma) ** 2)


def many_contexts_effective_ridge():
    return Eq(n.effective_ridge, n.ridge)


def many_contexts_q():
    return Equality(n.q, 0, evaluate=False)


def many_contexts_K():
    return Eq(n.K, n.sigma**2 * (n.b * n.c + 1) / (n.a * n.c + n.sigma) ** 2)


def long_contexts_few_tasks_above():
    return Eq(n.K, n.t * (n.kappa / (n.tau - 1) + 1) / (n.c + n.t))


def long_contexts_few_tasks_below():
    return Eq(n.K, n.t * (n.kappa * (-n.kappa + n.tau) / ((1 - n.kappa) * (1 - n.tau)) + 1) / (n.c + n.t))


def long_contexts_few_contexts_below():
    return Eq(n.K, n.t / (n.c + n.t))


def long_contexts_full_rank_above():
    return Eq(n.K_of(0), n.rank_fraction / (n.tau - 1) + 1)


def long_contexts_full_rank_below():
    return Eq(n.K_of(0), n.rank_fraction * (-n.rank_fraction + n.tau) / ((1 - n.rank_fraction) * (1 - n.tau)) + 1)


def long_contexts_few_tasks_above_noise():
    return Eq(n.K * n.s, n.rho * n.t / ((n.c + n.t) * (n.tau - 1)))


def long_contexts_few_tasks_below_noise():
    return Eq(n.K * n.s, n.rho * n.t * (-n.kappa + n.tau) / ((1 - n.kappa) * (1 - n.tau) * (n.c + n.t)))


def long_contexts_full_rank_above_noise():
    return Eq(n.K, n.kappa * n.rho / (n.c * (n.kappa - n.rank_fraction) * (n.tau - 1)))


def long_contexts_full_rank_below_noise():
    return Eq(
        n.K,
        n.kappa
        * n.rho
        * (1 - n.rank_fraction)
        / (n.c * (1 - n.tau) * (n.kappa - n.rank_fraction) * (-n.rank_fraction + n.tau)),
    )


def long_contexts_few_contexts_q():
    return Eq(n.q, n.sigma + n.rho * (n.E + n.kappa - n.tau) / (n.E * (n.kappa - n.tau)))


def no_contexts_effective_ridge():
    return Eq(n.effective_ridge * n.tau, n.c_train + n.s)


def no_contexts_q():
    return Eq(n.q * n.tau, n.c_train + n.rho)


def no_contexts_K():
    return Eq(n.K, 1)


def no_contexts_Qbar():
    return Equality(n.Qbar, 0, evaluate=False)


def eta():
    return Eq(
        n.eta,
        Piecewise(
            (
                n.ridge_ratio
                * n.tau
                / (
                    sqrt(n.ridge_ratio * n.tau * (4 - 4 * n.tasks_rank) + (n.tau * (n.ridge_ratio + 1) - 1) ** 2) / 2
                    + Abs(n.tau * (n.ridge_ratio + 1) - 1) / 2
                ),
                n.tau * (n.ridge_ratio + 1) >= 1,
            ),
            (
                (
                    sqrt(n.ridge_ratio * n.tau * (4 - 4 * n.tasks_rank) + (n.tau * (n.ridge_ratio + 1) - 1) ** 2) / 2
                    + Abs(n.tau * (n.ridge_ratio + 1) - 1) / 2
                )
                / (1 - n.tasks_rank),
                True,
            ),
        ),
    )


def noise_few_contexts():
    return Eq(n.e_IDG, n.D2 * n.kappa * n.rho / (n.E * (n.kappa - n.tau)) + n.t * n.tau)


def noise_few_contexts_ODG():
    return Eq(n.e_ODG, n.c_train * n.kappa * n.rho / (n.t * (n.kappa - n.tau)) + n.c_train * (1 - n.tau))


def noise_few_contexts_TM():
    return Eq(
        n.e_TM,
        n.t * n.tau * (n.kappa - n.tau) / n.kappa
        - n.rho * (n.E * n.kappa - 2 * n.E * n.tau - n.kappa * n.tau + n.tau**2) / (n.E * (n.kappa - n.tau)),
    )


def duality_tasks():
    return Eq(n.e_IDG, n.kappa * n.t)


def kink_tasks():
    return Eq(n.e_IDG, n.rank_fraction * n.variance_gain * (-n.kappa + n.rank_fraction) / n.mean_inverse)


def kink_contexts():
    return Eq(n.e_IDG, n.rank_fraction * (n.rank_fraction - n.tau) / n.mean_inverse)


def threshold_bias():
    return Eq(
        -n.dphi * n.sigma**2,
        sqrt(n.rank_fraction) * sqrt(n.sigma) / (2 * (n.offset + sqrt(n.offset**2 + 1)) ** 2 * sqrt(n.offset**2 + 1)),
    )
