"""Exact identities: the cancellation-free forms equal the papers' forms, and the t-equations are the fixed point."""

from __future__ import annotations

import pytest
from sympy import (
    Abs,
    Expr,
    Integer,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    cancel,
    diff,
    exp,
    piecewise_fold,
    simplify,
    solve,
    sqrt,
    sympify,
    together,
    true,
)

from taskalign.derive import error, resolvent, scalar, spectral, stable
from taskalign.derive import notation as n


def is_zero(expression: Expr) -> bool:
    """Exactly zero, as a rational function of the canonical symbols."""
    return cancel(together(expression)) == 0


def branches(expression: Expr) -> list[Expr]:
    """The cases of an expression, each of which must satisfy what the whole does."""
    folded = piecewise_fold(expression)
    return [case.expr for case in folded.args] if isinstance(folded, Piecewise) else [expression]


def in_sums(expression: Expr) -> Expr:
    """In U, U2, t, kappa and what is free: the paper's M, M', F', sigma, ... replaced by what they are at the root."""
    stand_for = [
        (n.N, stable.N.rhs),
        (n.slack, stable.slack.rhs),
        (n.R2, stable.R2.rhs),
        (n.A2, stable.A2.rhs),
        (n.a_less, stable.a_less.rhs),
        (n.dM, stable.dM.rhs),
        (n.M, n.U / n.sigma),
        (n.b, stable.b.rhs),
        (n.den, stable.den.rhs),
        (n.s, n.sigma - n.effective_ridge),
        (n.sigma, scalar.sigma_of_t.rhs),
        (n.z, scalar.sigma_of_t.rhs),
        (n.a, scalar.a_of_t.rhs),
        (n.gap_tau, n.tau - n.D),
        (n.gap_kappa, n.kappa - n.D),
        (n.phi, spectral.reduce_means(resolvent.phi.rhs)),
        (n.a, scalar.a_of_t.rhs),
        (n.gap_kappa, n.kappa - n.D),
    ]
    for old, new in stand_for:
        expression = expression.subs(old, new)
    return spectral.reduce_means(expression)


def reduced(expression: Expr) -> Expr:
    """The paper's means at z = a t, then everything in the canonical symbols."""
    return in_sums(spectral.reduce_means(expression))


def test_sums_are_reduced_exactly() -> None:
    for equation in spectral.sums.values():
        assert is_zero(spectral.reduce_means(equation.lhs) - spectral.reduce_means(equation.rhs)), equation.name
    assert not is_zero(spectral.reduce_means(n.D - n.U))


@pytest.mark.parametrize("symbol", spectral.sums, ids=str)
def test_slope_of_a_sum_is_its_derivative(symbol: Expr) -> None:
    direct = diff(spectral.sums[symbol].rhs, n.t)
    assert is_zero(spectral.reduce_means(direct) - spectral.reduce_means(spectral.slope(symbol)))


def test_a_mean_with_another_pole_is_refused() -> None:
    with pytest.raises(ValueError, match="pole"):
        spectral.reduce_means(spectral.mean(1 / (n.c + 2 * n.t)))


i, k, w, c = n.i, Symbol("k", integer=True), n.weights, n.eigenvalues
NO_MEANS = [
    Sum(w[i], (i, 1, 1)),
    Sum(w[i], (i, 1, 3)),
    Sum(w[i], (i, 0, n.m - 1)),
    Sum(w[i], (i, 2, n.m)),
    Sum(w[i], (i, 1, n.m - 1)),
    Sum(w[i] * w[k] * c[i], (i, 1, n.m), (k, 1, n.m)),
    Sum(w[i] * c[i], (i, 1, n.m), (k, 1, n.m)),
    Sum(w[i] ** 2, (i, 1, n.m)),
    Sum(c[i], (i, 1, n.m)),
    Sum(1, (i, 1, n.m)),
    Sum(i * w[i], (i, 1, n.m)),
    Sum(w[i] / i, (i, 1, n.m)),
    Sum(w[i] * c[1], (i, 1, n.m)),
    Sum(w[i] * c[k] / (c[i] + n.t), (i, 1, n.m)),
    Sum(w[i] * n.test[i], (i, 1, n.m)),
    Sum(w[i] * c[i] ** 2, (i, 1, n.m)),
    Sum(w[i] * c[i] ** 4 / (c[i] + n.t), (i, 1, n.m)),
    Sum(w[i] * sqrt(c[i] + n.t), (i, 1, n.m)),
    Sum(w[i] * exp(c[i]), (i, 1, n.m)),
]


@pytest.mark.parametrize("total", NO_MEANS, ids=str)
def test_a_sum_that_is_no_mean_over_the_whole_spectrum_is_refused(total: Sum) -> None:
    """Limits, weights and whatever else depends on the index are read."""
    with pytest.raises(ValueError, match=r"mean|moment"):
        spectral.reduce_means(1 + n.t * total)


def test_means_are_right_for_any_name_of_the_index() -> None:
    """Against the sum over three eigenvalues, in rational numbers."""
    values, weights, t = (
        (Rational(5, 2), Rational(1, 3), Integer(0)),
        (Rational(1, 2), Rational(1, 3), Rational(1, 6)),
        2,
    )
    pairs = list(zip(values, weights, strict=True))
    known = {
        n.t: t,
        n.c_train: sum(b * a for a, b in pairs),
        n.U: sum(b * t / (a + t) for a, b in pairs),
        n.U2: sum(b * t**2 / (a + t) ** 2 for a, b in pairs),
    }
    for f in (lambda a: a, lambda a: 3, lambda a: a / (a + n.t) ** 2, lambda a: (a**2 - 4) / (2 * a + 2 * n.t) + n.t):
        exact = sum(b * sympify(f(a)).subs(n.t, t) for a, b in pairs)
        assert spectral.reduce_means(Sum(w[k] * f(c[k]), (k, 1, n.m))).subs(known) == exact
    variance = Sum(w[i] * (c[i] + Sum(w[k] * c[k], (k, 1, n.m))) / (c[i] + n.t), (i, 1, n.m))
    exact = sum(b * (a + known[n.c_train]) / (a + t) for a, b in pairs)
    assert spectral.reduce_means(variance).subs(known) == exact


def test_memorisation_factor_is_the_fixed_point() -> None:
    assert is_zero(reduced(resolvent.fixed_point_a.lhs - resolvent.fixed_point_a.rhs))
    assert is_zero(reduced(resolvent.memorisation.rhs) - in_sums(n.a))
    assert is_zero(reduced(resolvent.trace.rhs) - in_sums(stable.M.rhs))


def test_derivatives_from_implicit_differentiation() -> None:
    assert is_zero(reduced(resolvent.dM.rhs) - in_sums(stable.dM.rhs))
    assert is_zero(reduced(resolvent.da.rhs) - in_sums(stable.b.rhs))


def test_derivative_of_the_trace_is_the_mean_of_the_derivative_of_the_resolvent() -> None:
    assert is_zero(reduced(spectral.mean(resolvent.dF.rhs)) - in_sums(stable.dM.rhs))


def test_combinations_of_the_trace() -> None:
    assert is_zero(in_sums(n.M + n.sigma * n.dM - stable.A2.rhs))
    assert is_zero(in_sums(1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM - stable.R2.rhs))


def test_numerator_of_the_variance() -> None:
    numerator, _ = error.q.rhs.as_numer_denom()
    assert is_zero(in_sums(numerator - stable.N.rhs))


def test_a_less() -> None:
    assert is_zero(in_sums(n.a - n.effective_ridge * n.b - stable.a_less.rhs))


def test_denominator_of_the_variance() -> None:
    _, paper = error.q.rhs.as_numer_denom()
    # the effective ridge's own equation, in every regime: p = lt M - (1 - tau)
    on_curve = stable.slack.rhs.subs(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau))
    assert is_zero(in_sums(paper - on_curve))


@pytest.mark.parametrize("branch", [0, 1])
def test_shares_solve_the_equation_of_the_effective_ridge(branch: int) -> None:
    sign = (1, -1)[branch]
    larger = stable.larger_share.rhs.subs(Abs(1 - n.tau), sign * (1 - n.tau))
    lt, share = (
        equation.rhs.args[branch][0].subs(n.larger_share, larger)
        for equation in (stable.effective_ridge_stable, stable.ridge_share)
    )
    assert simplify(lt * share - n.tau * n.ridge) == 0
    assert simplify(lt * n.U / n.sigma - share - (1 - n.tau)) == 0


def test_explicit_effective_ridge() -> None:
    equation = resolvent.effective_ridge_fixed_point
    residual = (equation.lhs - equation.rhs).subs(n.effective_ridge, resolvent.effective_ridge.rhs)
    assert simplify(residual) == 0
    for tau in (Rational(1, 2), 1, 2):
        assert resolvent.effective_ridge.rhs.subs({n.tau: tau, n.ridge: 1, n.M: 1}) > 0


def test_alignment_matrix() -> None:
    paper = error.K.rhs.subs({n.F: resolvent.resolvent.rhs, n.dF: resolvent.dF.rhs})
    ours = stable.K.rhs.subs({n.A: stable.A.rhs, n.B: stable.B.rhs})
    assert is_zero(in_sums(paper - ours))


def test_size_of_the_trained_layer() -> None:
    assert is_zero(in_sums(error.Qbar.rhs - stable.Qbar.rhs))


@pytest.mark.parametrize("regime", scalar.REGIMES)
def test_scalar_equation_is_the_fixed_point(regime: str) -> None:
    paper = {
        "above": resolvent.effective_ridge_above,
        "below": resolvent.effective_ridge_below,
        "ridge": resolvent.effective_ridge_fixed_point,
    }[regime]
    residual = (paper.lhs - paper.rhs).subs(n.M, scalar.M_of_t.rhs).subs(n.effective_ridge, n.sigma - n.s)
    residual = residual.subs(n.sigma, scalar.sigma_of_t.rhs)
    # what g was multiplied with; it has no zero where the fixed point lives
    factor = {
        "above": n.kappa,
        "below": n.kappa * scalar.sigma_of_t.rhs / n.U,
        "ridge": scalar.sigma_of_t.rhs - n.s,
    }[regime]
    fixed_point = (factor * residual).subs(n.gap_kappa, n.kappa - n.D)
    for g in branches(scalar.g[regime].rhs):
        in_gaps = g.subs({n.gap_tau: n.tau - n.D, n.gap_kappa: n.kappa - n.D})
        assert is_zero(spectral.reduce_means(in_gaps - fixed_point))


@pytest.mark.parametrize("regime", scalar.REGIMES)
def test_slope_is_the_derivative(regime: str) -> None:
    """Against differentiation of the sums themselves, not of symbols standing for them."""
    sums = {symbol: e.rhs for symbol, e in spectral.sums.items()}
    gaps = {n.gap_kappa: n.kappa - sums[n.D], n.gap_tau: n.tau - sums[n.D]}
    for g, dg in zip(branches(scalar.g[regime].rhs), branches(scalar.dg[regime].rhs), strict=True):
        direct = diff(g.subs(gaps).subs(n.U, sums[n.U]), n.t)
        symbolic = dg.subs({n.gap_kappa: n.kappa - n.D, n.gap_tau: n.tau - n.D})
        assert is_zero(spectral.reduce_means(direct) - spectral.reduce_means(symbolic))


@pytest.mark.parametrize("regime", scalar.REGIMES)
def test_explicit_parametrisation(regime: str) -> None:
    noise = resolvent.summary_noise.rhs.subs(n.alpha, scalar.alpha_of_t[regime].rhs)
    for g in branches(scalar.g[regime].rhs):
        # 1 - U is D, which ties the gaps to U
        in_gaps = g.subs(n.s, noise).subs({n.gap_tau: n.tau - 1 + n.U}) if regime == "ridge" else g.subs(n.s, noise)
        assert simplify(in_gaps) == 0


def test_larger_roots_solve_their_equations() -> None:
    """Both branches of every starting bound are roots of the one-atom equation."""
    for regime, equation in scalar.t_upper.items():
        atom = n.c_train / n.rank_fraction if regime == "above" else n.c_train
        share = n.rank_fraction if regime == "above" else 1
        learned = share * atom / (atom + n.t)
        one_atom = scalar.g[regime].rhs.subs(
            {n.gap_kappa: n.kappa - learned, n.gap_tau: n.tau - learned, n.U: 1 - learned}
        )
        for branch, sign in zip(equation.rhs.args, (1, -1), strict=True):
            assert is_zero_root(one_atom, branch[0], sign), (regime, branch)


def test_upper_bounds_are_the_larger_roots() -> None:
    numbers = {n.c_train: Rational(3, 2), n.rank_fraction: Rational(2, 5), n.s: Rational(1, 7), n.ridge: Rational(1, 5)}
    for kappa, tau in ((Rational(1, 3), Rational(1, 2)), (Rational(4, 3), Rational(3, 4)), (Rational(3, 5), 3)):
        at = numbers | {n.kappa: kappa, n.tau: tau}
        for regime, equation in scalar.t_upper.items():
            atom = n.c_train / n.rank_fraction if regime == "above" else n.c_train
            learned = (n.rank_fraction if regime == "above" else 1) * atom / (atom + n.t)
            one_atom = scalar.g[regime].rhs.subs(
                {n.gap_kappa: n.kappa - learned, n.gap_tau: n.tau - learned, n.U: 1 - learned}
            )
            larger = max(solve(one_atom.subs(at), n.t))
            assert simplify(equation.rhs.subs(at) - larger) == 0
        # the effective ridge with M >= 1/(c_train + sigma) at its least
        sigma = n.sigma
        bound = (sigma - n.s) / (n.c_train + sigma) - n.tau * n.ridge / (sigma - n.s) - (1 - n.tau)
        larger = max(solve(bound.subs(at), sigma))
        assert simplify(scalar.sigma_upper.rhs.subs(at) - larger) == 0


def is_zero_root(equation: Expr, root_: Expr, sign: int) -> bool:
    """Insert a root; |x| is x or -x by the branch."""
    value = root_.replace(Abs, lambda x: -sign * x)
    return simplify(equation.subs(n.t, value)) == 0


def test_gaps_at_the_root() -> None:
    """Product and difference of the two gaps fix them."""
    for branch in stable.gap_at_root["below"].rhs.args:
        sign = -1 if branch[1] == true else 1
        gap = branch[0].replace(Abs, lambda x, sign=sign: sign * x)
        product = gap * (gap - (n.kappa - n.tau))
        assert simplify(product - n.s * n.kappa * n.U / n.t) == 0
    assert is_zero(scalar.g["above"].rhs.subs(n.gap_kappa, stable.gap_at_root["above"].rhs))


def test_noise_balance_is_the_scalar_equation() -> None:
    """h = 0 is g = 0 with the gap eliminated by D = 1 - U."""
    h = stable.noise_balance.rhs
    gap = (n.s + n.effective_ridge) * n.kappa / n.t
    g = branches(scalar.g["ridge"].rhs)[0].subs(n.gap_kappa, gap)
    # gap also is kappa - 1 + U
    consistency = gap - (n.kappa - 1 + n.U)
    (explicit,) = solve(g, n.ridge)
    assert is_zero(h.subs(n.ridge, explicit) * n.kappa / n.t - consistency)
