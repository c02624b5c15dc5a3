"""Phases against the theory at tiny but finite noise, with many digits; both orders of the limits and between."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf

import taskalign as ta

SPECTRA = {
    "two atoms": ([2, 0], [1, 1]),
    "half rank": (["0.1", "0.5", 1, 3, 0, 0], None),
    "full": (["0.05", "0.3", 1, 4], [1, 2, 3, 1]),
    "wide": (["1e-6", "1e-3", 1, 0], [1, 1, 1, 1]),
}
# kappa, tau on all sides of the thresholds
PLACES = [("0.2", "3"), ("0.2", "0.7"), ("0.3", "0.15"), ("0.9", "0.2"), ("5", "0.3"), ("5", "3"), ("0.9", "0.85")]


def finite(which: str, kappa: str, tau: str, s: str, ridge: str | Fraction, rho: str = "0") -> dict[str, mpf]:
    """TM, IDG, ODG without the scalar part, for test contexts without end."""
    eigenvalues, weights = SPECTRA[which]
    exact = [Fraction(str(x)) for x in eigenvalues]
    shares = [Fraction(x) for x in weights or [1] * len(exact)]
    mean = sum(w * c for w, c in zip(shares, exact, strict=True)) / sum(shares)
    alpha = (Fraction(rho) + mean) / Fraction(s)
    point = ta.numerics.precise(exact, shares, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge, digits=40)
    with mp.workdps(60):
        q, z, lt, M, dM = point.q, point.sigma, point.effective_ridge, point.M, point.dM
        total = sum(shares)
        fresh = sum(mpf(float(w / total)) * mpf(float(c)) * point.K(c) for w, c in zip(shares, exact, strict=True))
        return {
            "TM": q * (1 - z * M) - (q * lt - z**2) * (M + z * dM),
            "IDG": fresh,
            "ODG": mpf(float(mean)) * (q * M + (q * lt - z**2) * dM),
        }


def limits(which: str, kappa: str, tau: str) -> ta.numerics.Phase:
    eigenvalues, weights = SPECTRA[which]
    return ta.phase(ta.Spectrum([float(x) for x in eigenvalues], weights), float(Fraction(kappa)), float(Fraction(tau)))


def close(finite_value: mpf, limit: float, tolerance: float) -> bool:
    return abs(float(finite_value) - limit) <= tolerance * (1 + abs(limit))


@pytest.mark.parametrize(("kappa", "tau"), PLACES)
@pytest.mark.parametrize("which", SPECTRA)
def test_ridge_first(which: str, kappa: str, tau: str) -> None:
    found = limits(which, kappa, tau).ridge_first
    far, farther = (finite(which, kappa, tau, s, "0") for s in ("1e-12", "1e-16"))
    for name in ("TM", "IDG", "ODG"):
        limit = getattr(found, name)
        assert close(farther[name], limit, 1e-8), name
        # it is the limit, and not merely close to it
        assert abs(farther[name] - limit) <= abs(far[name] - limit) / 1000 + 4e-15 * (1 + limit), name


@pytest.mark.parametrize(("kappa", "tau"), [*PLACES, ("0.2", "1"), ("5", "1")])
@pytest.mark.parametrize("which", SPECTRA)
def test_noise_first(which: str, kappa: str, tau: str) -> None:
    found = limits(which, kappa, tau).noise_first
    near = finite(which, kappa, tau, "1e-26", "1e-13")
    for name in ("TM", "IDG", "ODG"):
        # at tau = rank the approach is as the square root of the ridge
        assert close(near[name], getattr(found, name), 2e-6 if tau == "1" else 1e-6), name


@pytest.mark.parametrize("ratio", ["0.03", "1", "20"])
@pytest.mark.parametrize(("kappa", "tau"), [("0.2", "3"), ("0.2", "0.7"), ("0.2", "1"), ("5", "3")])
def test_ridge_and_noise_together(kappa: str, tau: str, ratio: str) -> None:
    found = limits("half rank", kappa, tau).errors(float(ratio))
    near = finite("half rank", kappa, tau, "1e-14", Fraction(ratio) / 10**14)
    for name in ("TM", "IDG", "ODG"):
        assert close(near[name], getattr(found, name), 1e-10), name


@pytest.mark.parametrize("ratio", ["0", "2"])
@pytest.mark.parametrize(("kappa", "tau"), [("0.2", "3"), ("0.2", "0.7"), ("0.9", "0.2"), ("5", "3"), ("0.9", "0.85")])
def test_with_label_noise(kappa: str, tau: str, ratio: str) -> None:
    found = limits("half rank", kappa, tau).noise(0.5, float(ratio))
    s = Fraction(1, 10**14)
    near = finite("half rank", kappa, tau, str(s), Fraction(ratio) * s, rho="1/2")
    assert close(near["TM"], found.TM, 1e-9)
    for name, grows in (("IDG", found.IDG_grows), ("ODG", found.ODG_grows)):
        value = near[name] * float(s) if grows else near[name]
        assert close(value, getattr(found, name), 1e-9), name
    assert found.IDG_grows == (float(kappa) < min(float(tau), 0.6666))


@pytest.mark.parametrize("which", SPECTRA)
def test_names_and_thresholds(which: str) -> None:
    rank = limits(which, "1", "1").threshold_kappa
    above, below = str(Fraction(rank) * 2), str(Fraction(rank) / 2)
    few_tasks, few_contexts, solved = (
        limits(which, below, above),
        limits(which, above, below),
        limits(which, above, "9"),
    )
    assert [found.name for found in (few_tasks, few_contexts, solved)] == ["few tasks", "few contexts", "solved"]
    assert few_tasks.threshold_tau == few_tasks.kappa
    assert solved.scale == solved.ridge_first.IDG == solved.ridge_first.TM == 0
    assert solved.theta == np.inf
    assert few_contexts.sigma > 0 == few_tasks.sigma
    assert limits(which, str(Fraction(rank)), "9").name == "threshold"
    assert limits(which, below, below).name == "threshold"
    # what stays unlearned in all is what is missing to the rank
    weights = ta.Spectrum([float(x) for x in SPECTRA[which][0]], SPECTRA[which][1]).weights
    for found, level in ((few_tasks, rank / 2), (few_contexts, rank / 2), (solved, rank)):
        assert float(weights @ found.unlearned) == pytest.approx(1 - level, rel=1e-12, abs=1e-12)


def test_low_rank_law() -> None:
    """THEORY 7 (ii): two atoms, noise first: 1 - min(kappa, tau, rank)/rank on fresh tasks."""
    for kappa in (0.1, 0.3, 0.8):
        for tau in (0.05, 0.25, 0.9, 1.0, 4.0):
            found = ta.phase(ta.Spectrum.low_rank(0.4), kappa, tau).noise_first
            least = min(kappa, tau, 0.4)
            limits_of_both = [found.IDG, found.ODG]
            assert limits_of_both == pytest.approx([1 - least / 0.4, 1 - least], abs=1e-12)


def test_duality_of_tasks_and_contexts() -> None:
    """THEORY 8: many tasks and few contexts, or few tasks and many contexts: the same function."""
    spectrum = ta.Spectrum.power_law(50, 1.2)
    for level in (0.01, 0.3, 0.77):
        tasks = ta.phase(spectrum, level, 1e9).ridge_first.IDG
        contexts = ta.phase(spectrum, 1e9, level).ridge_first.IDG
        assert tasks == pytest.approx(contexts, rel=1e-8, abs=0)


def test_linear_kink() -> None:
    spectrum = ta.Spectrum([2.0, 0.5, 0.1, 0.0], [1, 2, 1, 4])
    slope = 0.5 / float((np.array([1, 2, 1]) / 8 / np.array([2.0, 0.5, 0.1])).sum())
    for gap in (1e-4, 1e-7, 1e-9):
        found = [ta.phase(spectrum, *place).noise_first.IDG for place in ((0.5 - gap, 50), (50, 0.5 - gap))]
        assert found == pytest.approx([slope * gap] * 2, rel=100 * gap + 1e-6, abs=0)


@pytest.mark.parametrize("exponent", [0.25, 0.5])
def test_soft_transition(exponent: float) -> None:
    """Quantiles of a density c^(w-1) on (0, 1): the error vanishes with the exponent 1/w."""
    u = (np.arange(200_000) + 0.5) / 200_000
    spectrum = ta.Spectrum(u ** (1 / exponent))
    gaps = np.array([0.02, 0.01])
    errors = [ta.phase(spectrum, 1 - gap, 1e9).noise_first.IDG for gap in gaps]
    slope = np.log(errors[0] / errors[1]) / np.log(gaps[0] / gaps[1])
    assert slope == pytest.approx(1 / exponent, rel=0.03, abs=0)


def test_pole_at_one() -> None:
    spectrum = ta.Spectrum([2.0, 0.0])
    found = ta.phase(spectrum, 0.2, 1.0)
    assert np.isinf(found.ridge_first.IDG)
    assert np.isfinite(found.noise_first.IDG)
    near = [ta.phase(spectrum, 0.2, 1 + sign * 1e-9).ridge_first.IDG for sign in (1, -1)]
    assert near[0] == pytest.approx(near[1], rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: ta.phase(s, 0.0, 1.0), "kappa: 0.0"),
        (lambda s: ta.phase(s, 1.0, -2.0), "tau: -2.0"),
        (lambda s: ta.phase(s, 0.2, 2.0).errors(-1.0), "ridge_ratio: -1.0"),
        (lambda s: ta.phase(s, 0.2, 2.0).noise(0.0), "rho: 0.0"),
        (lambda _: ta.phase(ta.Spectrum.batch(np.ones((2, 3))), 1.0, 2.0), r"spectrum: a batch \(2,\)"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ta.numerics.InputError, match=message):
        call(ta.Spectrum([2.0, 0.0]))


def test_the_unlearned_share_cancelled_far_above_the_scale() -> None:
    """t/(c + t) as one minus the learned share kept no digits where c is far above t."""
    spectrum = ta.Spectrum([1e14, 1.0, 1e-14])
    found = ta.phase(spectrum, 0.5, 2.0)
    np.testing.assert_allclose(found.unlearned, found.scale / (spectrum.eigenvalues + found.scale), rtol=1e-14)


@pytest.mark.parametrize(("kappa", "tau"), [(2.0, 0.5), (0.2, 0.2), (0.5, 0.5)])
@pytest.mark.parametrize("ratio", [0.0, 0.5, np.inf])
def test_noise_at_the_threshold_of_contexts_was_not_a_number(kappa: float, tau: float, ratio: float) -> None:
    spectrum = ta.Spectrum([2.0, 0.0])
    found = ta.phase(spectrum, kappa, tau).noise(0.1, ratio)
    assert np.isinf([found.TM, found.IDG, found.ODG]).all()
    assert not found.IDG_grows
    assert not found.ODG_grows
    # the errors grow with the context, but by a lower power than the first
    alpha = np.array([1e8, 1e12])
    ridge = (0.0 if np.isinf(ratio) else ratio) * 1.1 / alpha
    given = {
        "alpha": alpha,
        "tau": tau,
        "kappa": kappa,
        "rho": 0.1,
        "ridge": ridge,
        "alpha_test": 1e30,
        "rho_test": 0.0,
    }
    for error in (
        ta.train_task_error(spectrum, **given),
        ta.icl_error(spectrum, spectrum.eigenvalues, **given),
        ta.rotated_task_error(spectrum, **given),
    ):
        assert 1e1 < error.total[1] / error.total[0] < 1e3
