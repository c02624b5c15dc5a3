"""How the catalogue's equations are cut into the functions that evaluate them.

Nothing is computed here and no formula is typed: each program names equations of `derive`, what they take and
what they give. `generate` writes them out for every backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Symbol

from ..derive import error, long_context, low_rank, ordering, prediction, resolvent, scalar, spectral, stable
from ..derive import notation as n
from ..derive.equation import Equation
from .printing import ARRAY_TARGETS, TABLE


@dataclass(frozen=True)
class Program:
    """A function to be generated: what it takes, what it computes in order, and what it gives back."""

    name: str
    arguments: tuple[Symbol, ...]
    values: dict[Symbol, Expr]
    returns: tuple[Symbol, ...]
    sources: tuple[str, ...]
    #: the targets that it is for, all if not given
    targets: frozenset[str] | None = None


#: takes whole arrays or matrices, so it is not for backends that go point by point
_WHOLE = ARRAY_TARGETS
#: for the compiled solver alone
_COMPILED = frozenset({"numba"})
#: for all others
_INTERPRETED = frozenset(TABLE) - _COMPILED


def _program(
    name: str,
    arguments: Sequence[Symbol],
    equations: Sequence[Equation],
    returns: Sequence[Symbol] | None = None,
    targets: frozenset[str] | None = None,
) -> Program:
    values = {equation.lhs: equation.rhs.subs(n.z, n.sigma) for equation in equations}
    return Program(
        name,
        tuple(arguments),
        values,
        tuple(returns or [equations[-1].lhs]),
        tuple(equation.name for equation in equations),
        targets,
    )


def _terms(name: str, sums: Sequence[Symbol]) -> Program:
    shares = (spectral.learned, spectral.unlearned)
    values = {share.lhs: share.rhs for share in shares} | {total: spectral.SUMMANDS[total] for total in sums}
    return Program(name, (n.c, n.t), values, tuple(sums), tuple(total.name for total in sums))


def _task_terms(name: str) -> Program:
    """What is averaged against the test covariance."""
    equations = (spectral.learned, spectral.unlearned, prediction.mean_map, prediction.departure)
    values = {equation.lhs: equation.rhs for equation in equations} | prediction.SUMMANDS
    arguments = (
        *(n.c, n.t, n.a, n.b, n.sigma, n.s, n.effective_ridge, n.a_less, n.q),
        *(n.leverage, n.novelty, n.reference),
    )
    sources = [equation.name for equation in (*equations, *prediction.along.values())]
    return Program(name, arguments, values, (*prediction.SUMMANDS, n.departure), tuple(sources), targets=_WHOLE)


def _growth(name: str, arguments: Sequence[Symbol], equation: Equation, error: Symbol) -> Program:
    """An error that grows like 1/s, which the equation states times s: gives the coefficient."""
    if equation.lhs != n.s * error:
        raise AssertionError(f"{equation.name} does not state s times {error}")
    return Program(name, tuple(arguments), {error: equation.rhs}, (error,), (equation.name,), _WHOLE)


_newton = (n.g, n.dg)
_halley = (n.g, n.dg, n.d2g)
_sums = (n.D, n.U, n.E, n.D2, n.U2)
_mixed = (n.E_learned, n.E_unlearned)

#: four sums a pass, and steps of third order
_KERNEL = (
    Program("moment_terms", (n.c, n.t), scalar.MOMENTS, tuple(scalar.MOMENTS), ("T0", "T1", "T2", "T3")),
    _program(
        "sums_of_moments",
        (n.t, *scalar.MOMENTS),
        tuple(scalar.sums_in_moments.values()),
        (*_sums, *_mixed),
    ),
    _program(
        "curve_above",
        (n.t, n.gap_kappa, n.E, n.E_learned, n.s, n.kappa),
        (scalar.g["above"], scalar.dg["above"], scalar.d2g["above"]),
        _halley,
    ),
    _program(
        "curve_below",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.E_learned, n.s, n.kappa),
        (scalar.g["below"], scalar.dg["below"], scalar.d2g["below"]),
        _halley,
    ),
    _program(
        "curve_ridge",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.E_learned, n.s, n.kappa, n.tau, n.ridge),
        (scalar.g["ridge"], scalar.dg["ridge"], scalar.d2g["ridge"]),
        _halley,
    ),
    _program("halley_step", _halley, (scalar.bend, scalar.halley), (n.bend, n.step)),
    _program(
        "next_sums",
        (n.t, n.step, *_sums, *_mixed),
        tuple(scalar.next_sums.values()),
        tuple(equation.lhs for equation in scalar.next_sums.values()),
    ),
)

#: what the compiled solver has no use for
_BESIDE_THE_KERNEL = (
    _program("learned_share", (n.c, n.t), (spectral.learned,)),
    _terms("newton_terms", (n.D, n.U, n.E)),
    _terms("output_terms", _sums),
    _program("g_above", (n.t, n.gap_kappa, n.E, n.s, n.kappa), (scalar.g["above"], scalar.dg["above"]), _newton),
    _program(
        "g_below",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.s, n.kappa),
        (scalar.g["below"], scalar.dg["below"]),
        _newton,
    ),
    _program(
        "g_ridge",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.s, n.kappa, n.tau, n.ridge),
        (scalar.g["ridge"], scalar.dg["ridge"]),
        _newton,
    ),
    # g alone, where only its sign is wanted
    _program("sign_above", (n.t, n.gap_kappa, n.s, n.kappa), (scalar.g["above"],)),
    _program("sign_below", (n.t, n.gap_kappa, n.gap_tau, n.U, n.s, n.kappa), (scalar.g["below"],)),
    _program(
        "sign_ridge",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.s, n.kappa, n.tau, n.ridge),
        (scalar.g["ridge"],),
    ),
    _program("resolvent", (n.c, n.a, n.sigma), (resolvent.resolvent,)),
    _program("resolvent_slope", (n.c, n.a, n.b, n.sigma), (resolvent.dF,)),
    _program("scalar_error", (n.rho_test, n.c_test, n.alpha_test, n.Qbar), (error.e_scalar,)),
    _program("total_error", (n.e_scalar, n.e_misalign), (error.e_icl,)),
    _program("ordering_of_a_pair", (n.c1, n.c2, n.a, n.sigma, n.A, n.B), (ordering.pair,)),
    _program("peak", (n.a, n.sigma, n.A, n.B), (ordering.peak,)),
    _program("tau_order", (n.s, n.M, n.ridge), (ordering.tau_order,)),
)

PROGRAMS: tuple[Program, ...] = (
    *(replace(program, targets=_COMPILED) for program in _KERNEL),
    *(replace(program, targets=_INTERPRETED) for program in _BESIDE_THE_KERNEL),
    _program("summary_noise", (n.rho, n.c_train, n.alpha), (resolvent.summary_noise,)),
    _program("t_upper_above", (n.c_train, n.rank_fraction, n.s, n.kappa), (scalar.t_upper["above"],)),
    _program("t_upper_below", (n.c_train, n.s, n.kappa, n.tau), (scalar.t_upper["below"],)),
    _program("sigma_upper", (n.c_train, n.s, n.tau, n.ridge), (scalar.sigma_upper,)),
    _program("gap_above", (n.t, n.s, n.kappa), (stable.gap_at_root["above"],)),
    _program("gap_below", (n.t, n.U, n.s, n.kappa, n.tau), (stable.gap_at_root["below"],)),
    _program("sigma_of_t", (n.t, n.gap_kappa, n.kappa), (scalar.sigma_of_t,)),
    _program(
        "noise_balance",
        (n.effective_ridge, n.t, n.U, n.s, n.kappa, n.tau, n.ridge),
        (stable.noise_balance, stable.noise_balance_slope),
        (n.h, n.dh),
    ),
    _program(
        "shares",
        (n.U, n.sigma, n.tau, n.ridge),
        (stable.larger_share, stable.effective_ridge_stable, stable.ridge_share),
        (n.effective_ridge, n.ridge_share),
    ),
    _program(
        "outputs",
        (
            *(n.t, n.D, n.U, n.E, n.D2, n.U2, n.gap_kappa, n.sigma, n.effective_ridge, n.ridge_share),
            *(n.s, n.kappa, n.rho),
        ),
        (
            *(scalar.a_of_t, stable.den, stable.b, stable.M, stable.dM, stable.A2, stable.R2, stable.N, stable.slack),
            *(stable.q, stable.a_less, stable.A, stable.B, stable.Qbar),
        ),
        (n.a, n.b, n.M, n.dM, n.q, n.Qbar, n.A, n.B),
    ),
    _program("alignment", (n.c, n.a, n.sigma, n.A, n.B), (stable.K,)),
    _program("centering", (n.d,), (error.centering,), targets=_WHOLE),
    _program("inverse_cka", (n.C_train, n.C_test, n.centering, n.d), (error.inverse_cka,), targets=_WHOLE),
    # asked for whole arrays only; the compiled kernel does not know them
    _program(
        "training_alignment",
        (n.a, n.b, n.sigma, n.q, n.A),
        (error.A_TM, error.B_TM),
        (n.A_TM, n.B_TM),
        targets=_WHOLE,
    ),
    _program(
        "prediction_scalars",
        (n.D, n.E, n.D2, n.a, n.b, n.s, n.kappa),
        prediction.SCALARS,
        (n.R2, n.a_less, n.leverage),
        targets=_WHOLE,
    ),
    _task_terms("prediction_terms"),
    _program("spread_term", (n.departure, n.mean_departure), (prediction.spread_term,), targets=_WHOLE),
    _program(
        "prediction_law",
        (
            *(n.rho_test, n.c_test, n.alpha_test, n.q, n.kappa, n.b, n.s, n.dM, n.R2),
            *(n.cov, n.recovered, n.bias, n.V_task, n.V_train, n.V_spread),
        ),
        (
            *(prediction.var_y, prediction.V_int, prediction.V_ctx, prediction.var_given_query),
            *(prediction.var_yhat_stable, prediction.var_given_clean_stable, prediction.var_given_label_stable),
            *(prediction.slope_given_clean, prediction.slope_given_label, prediction.e_budget),
        ),
        (
            *(n.var_y, n.var_yhat, n.slope_given_label, n.var_given_label, n.slope_given_clean, n.var_given_clean),
            *(n.var_given_query, n.V_int, n.V_ctx, n.e_icl),
        ),
        targets=_WHOLE,
    ),
    _program(
        "mean_map",
        (n.c, n.t, n.leverage),
        (spectral.learned, spectral.unlearned, prediction.mean_map),
        targets=_WHOLE,
    ),
    _program(
        "prediction_density",
        (n.y, n.yhat, n.var_y, n.slope_given_label, n.var_given_label),
        (prediction.mahalanobis, prediction.density),
        targets=_WHOLE,
    ),
    _program(
        "implicit_ridge",
        (n.D, n.M, n.a, n.s, n.tau, n.kappa, n.ridge, n.effective_ridge),
        (
            *(prediction.ridge_samples_stable, prediction.tasks_factor, prediction.implicit_ridge),
            prediction.ridge_tasks,
        ),
        (n.ridge_samples, n.tasks_factor, n.ridge_tasks, n.implicit_ridge),
        targets=_WHOLE,
    ),
    _program("layer_given_tasks", (n.task_eigenvalue, n.sigma), (prediction.layer_given_tasks,), targets=_WHOLE),
    _program("converted_ridge", (n.kappa, n.tau, n.task_ridge), (low_rank.converted_ridge,), targets=_WHOLE),
    _program("converted_noise", (n.noise_std,), (low_rank.converted_noise,), targets=_WHOLE),
    _program(
        "low_rank",
        (n.rank_fraction, n.t, n.a, n.b, n.dM, n.q, n.s, n.sigma, n.kappa),
        low_rank.EVALUATED,
        (
            *(n.order_m, n.order_Q, n.order_m0, n.order_Q0, n.order_m_bar),
            *(n.misalign_TM, n.misalign_IDG, n.misalign_ODG),
        ),
        targets=_WHOLE,
    ),
    _program("eta", (n.tau, n.tasks_rank, n.ridge_ratio), (long_context.eta,), targets=_WHOLE),
    _program(
        "variance_gain",
        (n.tau, n.tasks_rank, n.eta),
        (long_context.slack, long_context.gain),
        (n.slack, n.variance_gain),
        targets=_WHOLE,
    ),
    _program(
        "t_level_bounds",
        (n.c_train, n.rank_fraction, n.mean_inverse, n.fewest),
        (long_context.level_lower, long_context.level_upper),
        (n.t_lower, n.t_upper),
        targets=_WHOLE,
    ),
    _program(
        "few_tasks",
        (n.t, n.kappa, n.variance_gain),
        (long_context.few_tasks_IDG,),
        targets=_WHOLE,
    ),
    _program(
        "enough_contexts",
        (n.c_train, n.tasks_rank, n.variance_gain),
        (long_context.few_tasks_ODG,),
        targets=_WHOLE,
    ),
    _program(
        "few_contexts",
        (n.t, n.tau, n.kappa, n.c_train),
        (long_context.few_contexts_TM, long_context.few_contexts_IDG, long_context.few_contexts_ODG),
        (n.e_TM, n.e_IDG, n.e_ODG),
        targets=_WHOLE,
    ),
    _growth("noise_few_tasks", (n.t, n.kappa, n.rho, n.eta, n.slack), long_context.noise_few_tasks, n.e_IDG),
    _growth("noise_ODG", (n.c_train, n.tasks_rank, n.rho, n.eta, n.slack), long_context.noise_ODG, n.e_ODG),
    _program("noise_solved", (n.rank_fraction, n.kappa, n.rho, n.slack), (long_context.noise_solved,), targets=_WHOLE),
    _program("noise_TM", (n.tasks_rank, n.rho, n.slack), (long_context.noise_TM,), targets=_WHOLE),
    _program(
        "noise_few_contexts",
        (n.t, n.tau, n.kappa, n.c_train, n.rho, n.E, n.D2),
        (
            *(long_context.noise_few_contexts_TM, long_context.noise_few_contexts),
            long_context.noise_few_contexts_ODG,
        ),
        (n.e_TM, n.e_IDG, n.e_ODG),
        targets=_WHOLE,
    ),
)
