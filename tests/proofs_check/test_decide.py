"""Verdicts of scans against many digits, and near their borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskalign as ta
from taskalign.proofs_check import decide as decide_module
from taskalign.proofs_check.decide import decide, decide_precisely
from taskalign.proofs_check.families import Atoms, PowerLaw, TwoAtoms
from taskalign.proofs_check.points import PARAMETERS, RandomPoints

NOISY = {"alpha": (10.0, 1e4), "tau": (0.05, 0.99), "rho": (0.1, 10.0)}


def rows_of(family, size, seed, margin, ranges=NOISY):
    columns = RandomPoints(size, seed, {**family.ranges, **ranges}).columns(0, size)
    return decide(family.spectra(columns), {name: columns[name] for name in PARAMETERS}, margin)


@pytest.mark.parametrize("family", [TwoAtoms(), PowerLaw(5), Atoms(4)], ids=lambda family: type(family).__name__)
def test_floats_agree_with_many_digits(family):
    floats = rows_of(family, 300, 1, 0.0).columns()
    digits = rows_of(family, 300, 1, np.inf).columns()
    assert set(floats.pop("decided_by")) == {"float64"}
    assert set(digits.pop("decided_by")) == {"precise"}
    assert 20 < floats["holds"].sum() < 280
    for name, values in floats.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values, digits[name], rtol=1e-11, atol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(values, digits[name], err_msg=name)


@pytest.mark.parametrize("family", [TwoAtoms(), PowerLaw(5), Atoms(4)], ids=lambda family: type(family).__name__)
def test_violation_is_the_worst_over_all_pairs(family):
    columns = RandomPoints(300, 2, {**family.ranges, **NOISY}).columns(0, 300)
    spectra, parameters = family.spectra(columns), {name: columns[name] for name in PARAMETERS}
    rows = decide(spectra, parameters)
    for k in range(300):
        point = ta.solve(
            ta.Spectrum(spectra.eigenvalues[k], spectra.weights[k]), **{name: v[k] for name, v in parameters.items()}
        )
        c = np.unique(spectra.eigenvalues[k])
        K = point.K(c)
        worst = max((K[j] / K[i] - 1 for j in range(len(c)) for i in range(j)), default=0.0)
        assert rows.violation[k] == pytest.approx(max(worst, 0.0), rel=1e-9, abs=1e-12)
        assert rows.holds[k] == (worst <= 0)
        assert K[c == rows.worst_spike[k]] == pytest.approx(K.max(), rel=1e-12, abs=0)


def border(spectrum, low, high, **fixed):
    """Neighbouring floats alpha between which the verdict changes."""
    while np.nextafter(low, high) < high:
        middle = (low + high) / 2
        holds = decide_precisely(spectrum, alpha=middle, **fixed)["holds"]
        low, high = (middle, high) if holds else (low, middle)
    return low, high


def test_a_verdict_at_the_border_is_decided_by_many_digits():
    spectrum, fixed = ta.Spectrum([0.0, 2.0]), {"tau": 0.3, "kappa": 1.0, "rho": 1.0}
    below, above = border(spectrum, 1.0, 50.0, **fixed)
    alpha = np.array([below, above, 0.9 * below, 1.1 * above])
    rows = decide(spectrum, {"alpha": alpha} | {name: np.full(4, value) for name, value in fixed.items()})
    assert rows.holds.tolist() == [True, False, True, False]
    assert rows.decided_by.tolist() == ["precise", "precise", "float64", "float64"]
    assert rows.gap[0] <= 0 < rows.gap[1] < 1e-14


def test_two_eigenvalues_that_nearly_agree_need_no_digits():
    spectrum = ta.Spectrum([1.0, 1.0 + 1e-13, 5.0])
    rows = decide(spectrum, {"alpha": np.ones(1), "tau": np.full(1, 2.0), "kappa": np.ones(1), "rho": np.ones(1)})
    assert rows.holds[0]
    assert rows.decided_by[0] == "float64"


def test_equality_to_all_digits_is_called_undecided(monkeypatch):
    spectrum, fixed = ta.Spectrum([0.0, 2.0]), {"tau": 0.3, "kappa": 1.0, "rho": 1.0}
    below, above = border(spectrum, 1.0, 50.0, **fixed)
    monkeypatch.setattr(decide_module, "DIGITS", (12, 15))
    assert decide_precisely(spectrum, alpha=above, **fixed)["decided_by"] == "undecided"
    assert decide_precisely(spectrum, alpha=below, **fixed)["holds"]


def test_one_eigenvalue_is_ordered():
    one = {"alpha": np.array([50.0]), "tau": np.array([0.3]), "kappa": np.ones(1), "rho": np.ones(1)}
    for margin in (0.0, np.inf):
        rows = decide(ta.Spectrum([1.0, 1.0]), one, margin)
        assert rows.holds[0]
        assert rows.optimal_spike[0] == "any"
        assert rows.gap[0] == rows.violation[0] == 0


def test_a_point_beyond_floats_does_not_spoil_the_others(monkeypatch):
    calls = []

    def failing(spectrum, **parameters):
        calls.append(len(parameters["alpha"]))
        if (parameters["alpha"] == 7).any():
            raise ta.ConvergenceError("not arrived")
        return ta.ordering(spectrum, **parameters)

    monkeypatch.setattr(decide_module, "ordering", failing)
    parameters = {"alpha": np.arange(1.0, 21.0)} | {name: np.full(20, 0.3) for name in ("tau", "kappa", "rho")}
    rows = decide(ta.Spectrum([0.0, 2.0]), parameters)
    assert rows.decided_by.tolist() == ["float64"] * 6 + ["precise"] + ["float64"] * 13
    assert len(calls) < 12
    monkeypatch.undo()
    plain = decide(ta.Spectrum([0.0, 2.0]), parameters)
    np.testing.assert_allclose(rows.peak, plain.peak, rtol=1e-13)
    np.testing.assert_array_equal(rows.holds, plain.holds)


@given(st.integers(0, 2**32), st.sampled_from([TwoAtoms(), Atoms(3)]))
def test_the_ordering_holds_above_one_and_above_tau_order(seed, family):
    rows = rows_of(family, 50, seed, 0.0, {"tau": (1.0, 100.0), "alpha": (0.1, 1e5)})
    assert rows.holds.all()
    columns = RandomPoints(50, seed, {**family.ranges, **NOISY}).columns(0, 50)
    rows = decide(family.spectra(columns), {name: columns[name] for name in PARAMETERS})
    assert (columns["tau"] < rows.tau_order)[~rows.holds].all()


@pytest.mark.parametrize(
    ("spectrum", "point", "least_wrong"),
    [
        (
            ([0.0, 0.2732759300936429], [0.044683221286343375, 0.48992988017467215]),
            {"alpha": 66173175.36906909, "tau": 0.9163098445732193, "kappa": 668.2823023012884, "rho": 2.0251671755e-4},
            4,
        ),
        (
            ([0.0, 0.054051471870849695, 0.06849171714231948], [7.333032473e-6, 0.3283188759937419, 0.0129489470432]),
            {"alpha": 95018717.57995987, "tau": 0.9998452866406952, "kappa": 291.52722514511204, "rho": 1.75680442e-5},
            0,  # doubles do not lose these: tau is compared with the small weight at zero itself
        ),
    ],
)
def test_where_doubles_lose_digits_next_to_the_border_they_do_not_decide(spectrum, point, least_wrong):
    """tau is just below the rank: the float64 verdict is wrong beside the border, though its terms differ by 1e-13."""
    spectrum = ta.Spectrum(*spectrum)

    def holds(rho):
        return decide_precisely(spectrum, **point | {"rho": rho})["holds"]

    low, high = point["rho"] * 0.999, point["rho"] * 1.001
    first = holds(low)
    assert first != holds(high)
    while (high - low) / low > 1e-15:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) == first else (low, middle)
    rho = low * (1 + np.arange(-40, 41) * 2e-14)
    parameters = {name: np.full(rho.size, value) for name, value in point.items()} | {"rho": rho}
    floats, rows = decide(spectrum, parameters, 1e-15), decide(spectrum, parameters)
    truth = [holds(float(x)) for x in rho]
    wrong = floats.holds != truth
    assert (floats.decided_by[wrong] == "float64").all()
    assert wrong.sum() >= least_wrong
    assert rows.holds.tolist() == truth
    assert set(rows.decided_by) == {"precise"}
