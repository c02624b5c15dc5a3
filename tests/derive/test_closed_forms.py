"""Closed forms against root finding from the definitions, and against the papers' own closed forms."""

from __future__ import annotations

from fractions import Fraction

import pytest
from mpmath import mp, mpf
from sympy import Expr, Integer, N, Rational, cancel, simplify, solve

from taskalign.derive import closed_forms as forms
from taskalign.derive import error, resolvent, trace_polynomial
from taskalign.derive import notation as n

from .fixed_point import FixedPoint

DIGITS = mpf(10) ** -18


@pytest.fixture(autouse=True)
def _precision() -> None:
    mp.dps = 40


def value(expression: Expr, numbers: dict) -> mpf:
    exact = {symbol: Rational(str(x)) for symbol, x in numbers.items()}
    return mpf(str(N(expression.subs(exact), 35)))


def close(ours: mpf, reference: mpf) -> bool:
    return abs(ours - reference) < DIGITS * (1 + abs(reference))


def spectrum(atoms: list, weights: list | None) -> list[tuple[mpf, mpf]]:
    weights = weights or [1] * len(atoms)
    return [(mpf(c.numerator) / c.denominator, mpf(w) / sum(weights)) for c, w in zip(atoms, weights, strict=True)]


SPECTRA = [
    ([1], None),
    ([Fraction(7, 3)], None),
    ([0, 2], None),
    ([0, 3, 3], [1, 1, 2]),
    ([1, 2], [3, 1]),
    ([0, Fraction(1, 2), 1, 4], [1, 2, 3, 4]),
]


@pytest.mark.parametrize(("atoms", "weights"), SPECTRA)
@pytest.mark.parametrize(("kappa", "z"), [("1/3", "1/10"), ("1", "2"), ("7", "1/2")])
def test_trace_is_a_root_of_the_polynomial(atoms, weights, kappa, z) -> None:
    numbers = {n.kappa: Rational(kappa), n.z: Rational(z)}
    point = FixedPoint(spectrum(atoms, weights), mpf(1), mpf(2), mpf(str(N(numbers[n.kappa], 40))), mpf(0))
    trace = point.M(mpf(str(N(numbers[n.z], 40))))
    polynomial = trace_polynomial(atoms, weights).as_expr()
    residual = N(polynomial.subs(numbers).subs(n.M, str(trace)), 30)
    assert abs(residual) < 1e-25
    # and the polynomial is not zero everywhere
    assert abs(N(polynomial.subs(numbers).subs(n.M, str(trace * mpf("1.001"))), 30)) > 1e-8
    if trace_polynomial(atoms, weights).degree() == 2:
        closed = forms.larger_root(trace_polynomial(atoms, weights))
        assert close(mpf(str(N(closed.subs(numbers), 35))), trace)


@pytest.mark.parametrize(
    ("atoms", "degree"), [([1], 2), ([0, 1], 2), ([1, 1, 0], 2), ([1, 2], 3), ([0, 1, 2, 3], 4), (["1/2", "3/7"], 3)]
)
def test_degree_is_one_more_than_the_distinct_non_zero_atoms(atoms, degree) -> None:
    assert trace_polynomial(atoms).degree() == degree


def test_weights_are_normalised_and_equal_atoms_merged() -> None:
    assert trace_polynomial([1, 2, 2], [1, 1, 1]) == trace_polynomial([2, 1], ["2/3", "1/3"])
    assert trace_polynomial([1, 2], [5, 5]) == trace_polynomial([1, 2])


@pytest.mark.parametrize(
    ("atoms", "weights", "message"),
    [
        ([1.5], None, r"atoms\[0\]: 1.5 is not exact"),
        ([1, -2], None, r"atoms\[1\]: -2 is negative"),
        (["x"], None, r"atoms\[0\]: 'x' is no rational"),
        ([0, 0], None, "no eigenvalue above zero"),
        ([], None, "no eigenvalue above zero"),
        ([1, 2], [1], "weights: 1 of them for 2 atoms"),
        ([1, 2], [1, 0], "holds a zero"),
        ([1, 2], [1, -1], r"weights\[1\]: -1 is negative"),
        ([True], None, "not exact"),
    ],
)
def test_bad_spectra_are_refused(atoms, weights, message) -> None:
    with pytest.raises(ValueError, match=message):
        trace_polynomial(atoms, weights)


# --- isotropic ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kappa", "z", "c"), [("0.2", "0.1", "1"), ("1", "0.001", "3"), ("5", "2", "0.5")])
def test_isotropic_trace_is_that_of_the_paper(kappa, z, c) -> None:
    """Closed forms of the isotropic paper, as the theory notes state them."""
    k, x, level = mpf(kappa), mpf(z), mpf(c)
    root = mp.sqrt((x + level - level / k) ** 2 + 4 * level * x / k)
    M = 2 / (x + level - level / k + root)
    numbers = {n.kappa: kappa, n.z: z, n.c_train: c}
    assert close(value(forms.isotropic_M.rhs, numbers), M)
    slope = value(forms.isotropic_dM.rhs, {**numbers, n.M: str(M)})
    assert close(slope, -(M**2) / 2 * (1 + (x + level + level / k) / root))


def isotropic_error(regime: str) -> Expr:
    """The ridgeless error in alpha, tau, kappa, rho and the traces alone."""
    if regime == "above":
        at_root = [(n.effective_ridge, Integer(0)), (n.sigma, n.s), (n.M, forms.isotropic_M.rhs.subs(n.z, n.s))]
    else:
        equations = (resolvent.sigma, forms.isotropic_effective_ridge, forms.isotropic_trace_below, forms.isotropic_mu)
        at_root = [(equation.lhs, equation.rhs) for equation in equations]
    whole = forms.isotropic_error.rhs
    for symbol, value in (
        (n.q, error.q.rhs),
        (n.dM, forms.isotropic_dM.rhs.subs(n.z, n.sigma)),
        *at_root,
        (n.s, resolvent.summary_noise.rhs),
    ):
        whole = whole.subs(symbol, value)
    return whole


PARAMETERS = [("2", "4", "1/2", "1/100"), ("1/2", "3", "5", "1"), ("3", "1/2", "2", "1/4"), ("40", "3/10", "1/5", "0")]


@pytest.mark.parametrize(("alpha", "tau", "kappa", "rho"), PARAMETERS)
def test_isotropic_error_is_that_of_the_definitions(alpha, tau, kappa, rho) -> None:
    chosen = {n.alpha: alpha, n.tau: tau, n.kappa: kappa, n.rho: rho, n.c_train: "3/2"}
    chosen |= {n.c_test: "4/5", n.alpha_test: "5", n.rho_test: "1/10"}
    floats = {symbol: mpf(str(N(Rational(x), 40))) for symbol, x in chosen.items()}
    point = FixedPoint([(mpf("1.5"), mpf(1))], *(floats[x] for x in (n.alpha, n.tau, n.kappa, n.rho)))
    regime = "above" if floats[n.tau] > 1 else "below"
    ours = value(isotropic_error(regime), chosen)
    assert close(ours, point.error([floats[n.c_test]], floats[n.alpha_test], floats[n.rho_test]))
    if regime == "below":
        numbers = {**chosen, n.s: str(point.s)}
        mu = value(forms.isotropic_mu.rhs, numbers)
        assert close(value(forms.isotropic_effective_ridge.rhs, {n.tau: tau, n.mu: str(mu)}), point.effective_ridge)
        assert close(value(forms.isotropic_trace_below.rhs, {n.tau: tau, n.mu: str(mu)}), point.M(point.sigma))


def test_isotropic_quartic_holds_with_a_ridge() -> None:
    point = FixedPoint([(mpf("1.5"), mpf(1))], mpf(2), mpf("0.75"), mpf("0.5"), mpf("0.25"), mpf("0.125"))
    numbers = {n.c_train: "1.5", n.tau: "0.75", n.kappa: "0.5", n.ridge: "0.125"}
    numbers |= {n.sigma: str(point.sigma), n.effective_ridge: str(point.effective_ridge)}
    residual = forms.isotropic_quartic.lhs - forms.isotropic_quartic.rhs
    assert abs(value(residual, numbers)) < DIGITS
    assert abs(value(residual, {**numbers, n.ridge: "0.126"})) > 1e-6


# --- two atoms -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kappa", "z"), [("0.2", "0.1"), ("0.5", "0.001"), ("3", "2")])
def test_low_rank_is_that_of_the_paper(kappa, z) -> None:
    """Closed forms of the low-rank paper, as the theory notes state them for mean eigenvalue one."""
    k, x, f = mpf(kappa), mpf(z), mpf("0.4")
    middle = k - f + k * f * x
    spread = mp.sqrt(middle**2 + 4 * k * f**2 * x)
    v = 2 * k * f**2 * x / (middle + spread)
    dv = k * f * (f - v) / spread
    numbers = {n.kappa: kappa, n.z: z, n.rank_fraction: "0.4", n.c_train: "1"}
    a = value(forms.two_atom_a.rhs, numbers)
    assert close(a, 1 - (f - v) / k)
    b = value(forms.two_atom_b.rhs, {**numbers, n.a: str(a)})
    assert close(b, dv / k)
    M = value(forms.two_atom_M.rhs, {**numbers, n.a: str(a)})
    assert close(M, (1 - f + v) / x)
    assert close(value(forms.two_atom_dM.rhs, {**numbers, n.b: str(b), n.M: str(M)}), -((1 - f + v) / x - dv) / x)


def test_low_rank_with_another_trace_is_that_of_the_definitions() -> None:
    point = FixedPoint([(mpf(0), mpf("0.6")), (mpf(5), mpf("0.4"))], mpf(1), mpf(2), mpf("0.3"), mpf(0))
    numbers = {n.kappa: "0.3", n.z: "0.07", n.rank_fraction: "0.4", n.c_train: "2"}
    assert close(value(forms.two_atom_a.rhs, numbers), point.a(mpf("0.07")))


def test_completed_square_is_the_larger_root() -> None:
    for equation in (forms.isotropic_polynomial, forms.two_atom_polynomial):
        unknown = n.M if equation is forms.isotropic_polynomial else n.a
        stated = forms.isotropic_M if unknown is n.M else forms.two_atom_a
        numbers = {
            n.kappa: Rational(2, 7),
            n.z: Rational(3, 5),
            n.rank_fraction: Rational(1, 3),
            n.c_train: Rational(5, 4),
        }
        roots = solve((equation.lhs - equation.rhs).subs(numbers), unknown)
        assert simplify(stated.rhs.subs(numbers) - max(roots)) == 0


def test_trace_at_the_effective_noise_is_tau_mu() -> None:
    """With few contexts the quadratic of the trace at sigma is a multiple of that of mu at s."""
    equation = forms.isotropic_polynomial
    quadratic = equation.lhs - equation.rhs
    sigma = n.s + forms.isotropic_effective_ridge.rhs
    at_sigma = quadratic.subs({n.z: sigma, n.M: forms.isotropic_trace_below.rhs})
    at_s = quadratic.subs({n.M: n.mu, n.z: n.s, n.kappa: n.kappa / n.tau})
    assert not cancel(at_sigma / at_s).has(n.mu)
