"""How the catalogue's equations are cut into the functions that evaluate them.

Nothing is computed here and no formula is typed: each program names equations of `derive`, what they take and
what they give. `generate` writes them out for every backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, Symbol

from ..derive import alignment, metrics, ordering, resolvent, ridge, root, spectral, stable
from ..derive import notation as n
from ..derive.equation import Equation


@dataclass(frozen=True)
class Program:
    """A function to be generated: what it takes, what it computes in order, and what it gives back."""

    name: str
    arguments: tuple[Symbol, ...]
    values: dict[Symbol, Expr]
    returns: tuple[Symbol, ...]
    sources: tuple[str, ...]
    #: whether it takes whole arrays or matrices, and so is not for backends that go point by point
    whole: bool = False


def _program(
    name: str,
    arguments: Sequence[Symbol],
    equations: Sequence[Equation],
    returns: Sequence[Symbol] | None = None,
    whole: bool = False,
) -> Program:
    values = {equation.lhs: equation.rhs.subs(n.z, n.sigma) for equation in equations}
    return Program(
        name,
        tuple(arguments),
        values,
        tuple(returns or [equations[-1].lhs]),
        tuple(equation.name for equation in equations),
        whole,
    )


def _terms(name: str, sums: Sequence[Symbol]) -> Program:
    shares = (spectral.learned, spectral.unlearned)
    values = {share.lhs: share.rhs for share in shares} | {total: spectral.SUMMANDS[total] for total in sums}
    return Program(name, (n.c, n.t), values, tuple(sums), tuple(total.name for total in sums))


_newton = (n.g, n.dg)

PROGRAMS: tuple[Program, ...] = (
    _program("learned_share", (n.c, n.t), (spectral.learned,)),
    _terms("newton_terms", (n.D, n.U, n.E)),
    _terms("output_terms", (n.D, n.U, n.E, n.D2, n.U2)),
    _program("summary_noise", (n.rho, n.c_train, n.alpha), (ridge.summary_noise,)),
    _program("t_upper_above", (n.c_train, n.rank_fraction, n.s, n.kappa), (root.t_upper["above"],)),
    _program("t_upper_below", (n.c_train, n.s, n.kappa, n.tau), (root.t_upper["below"],)),
    _program("sigma_upper", (n.c_train, n.s, n.tau, n.ridge), (root.sigma_upper,)),
    _program("g_above", (n.t, n.gap_kappa, n.E, n.s, n.kappa), (root.g["above"], root.dg["above"]), _newton),
    _program(
        "g_below",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.s, n.kappa),
        (root.g["below"], root.dg["below"]),
        _newton,
    ),
    _program(
        "g_ridge",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.E, n.s, n.kappa, n.tau, n.ridge),
        (root.g["ridge"], root.dg["ridge"]),
        _newton,
    ),
    # g alone, where only its sign is wanted
    _program("sign_above", (n.t, n.gap_kappa, n.s, n.kappa), (root.g["above"],)),
    _program("sign_below", (n.t, n.gap_kappa, n.gap_tau, n.U, n.s, n.kappa), (root.g["below"],)),
    _program(
        "sign_ridge",
        (n.t, n.gap_kappa, n.gap_tau, n.U, n.s, n.kappa, n.tau, n.ridge),
        (root.g["ridge"],),
    ),
    _program("gap_above", (n.t, n.s, n.kappa), (stable.gap_at_root["above"],)),
    _program("gap_below", (n.t, n.U, n.s, n.kappa, n.tau), (stable.gap_at_root["below"],)),
    _program("sigma_of_t", (n.t, n.gap_kappa, n.kappa), (root.sigma_of_t,)),
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
            *(root.a_of_t, stable.den, stable.b, stable.M, stable.dM, stable.A2, stable.R2, stable.N, stable.slack),
            *(stable.q, stable.a_less, stable.A, stable.B, stable.Qbar),
        ),
        (n.a, n.b, n.M, n.dM, n.q, n.Qbar, n.A, n.B),
    ),
    _program("resolvent", (n.c, n.a, n.sigma), (resolvent.resolvent,)),
    _program("resolvent_slope", (n.c, n.a, n.b, n.sigma), (resolvent.dF,)),
    _program("alignment", (n.c, n.a, n.sigma, n.A, n.B), (stable.K,)),
    _program("scalar_error", (n.rho_test, n.c_test, n.alpha_test, n.Qbar), (alignment.e_scalar,)),
    _program("total_error", (n.e_scalar, n.e_misalign), (alignment.e_icl,)),
    _program("ordering_of_a_pair", (n.c1, n.c2, n.a, n.sigma, n.A, n.B), (ordering.pair,)),
    _program("peak", (n.a, n.sigma, n.A, n.B), (ordering.peak,)),
    _program("tau_order", (n.s, n.M, n.ridge), (ordering.tau_order,)),
    _program(
        "metric_resolvent",
        (n.eigenvalues.label, n.weights.label, n.test.label, n.a, n.sigma),
        (metrics.at_sigma,),
        whole=True,
    ),
    _program(
        "metric_population", (n.eigenvalues.label, n.weights.label, n.test.label), (metrics.population,), whole=True
    ),
    _program("centering", (n.d,), (metrics.centering,), whole=True),
    _program("inverse_cka", (n.C_train, n.C_test, n.centering, n.d), (metrics.inverse_cka,), whole=True),
)
