"""Spectra and numbers as the command line takes them."""

import numpy as np
import pytest

import taskalign as ta
from taskalign.inputs import tasks
from taskalign.numerics import InputError
from taskalign.values import numbers


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def covariance(seed, d=5):
    factor = np.random.default_rng(seed).normal(size=(d, d))
    return factor @ factor.T / d


def saved(name, array):
    if name.endswith(".npy"):
        np.save(name, array)
    else:
        np.savetxt(name, array, delimiter="," if name.endswith(".csv") else " ", fmt="%.17g")
    return name


@pytest.mark.parametrize("kind", ["npy", "csv", "txt"])
def test_matrices_are_aligned_as_the_library_does(folder, kind):
    C_train, C_test = covariance(1), covariance(2)
    found = tasks(saved(f"a.{kind}", C_train), saved(f"b.{kind}", C_test))
    spectrum, test = ta.align(C_train, C_test)
    np.testing.assert_array_equal(found.spectrum.eigenvalues, spectrum.eigenvalues)
    np.testing.assert_array_equal(found.test, test)
    np.testing.assert_allclose(found.test_spectrum, np.linalg.eigvalsh(C_test)[::-1], rtol=1e-12)
    assert found.train_source.kind == "covariance"


@pytest.mark.parametrize(
    "text", ["1\n2\n3\n", "c\n1\n2\n3\n", "1,2,3\n", "1;2;3", "# units\n1 # first\n\n2\n3\n", "\ufeff1\r\n2\r\n3\r\n"]
)
def test_a_list_of_eigenvalues(folder, text):
    (folder / "c.csv").write_text(text, encoding="utf-8")
    assert tasks("c.csv", None).spectrum.eigenvalues.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("text", "spectrum"),
    [
        ("power:0.9", ta.Spectrum.power_law(128, 0.9)),
        ("power:0.9:7:2", ta.Spectrum.power_law(7, 0.9, trace=2.0)),
        ("lowrank:0.3", ta.Spectrum.low_rank(0.3)),
        ("iso", ta.Spectrum.isotropic()),
        ("iso:2.0", ta.Spectrum.isotropic(2.0)),
        ("spike:3:0.5:64", ta.Spectrum.spiked(64, 3, mix=0.5)),
    ],
)
def test_short_form(text, spectrum):
    found = tasks(text, None)
    np.testing.assert_array_equal(found.spectrum.eigenvalues, spectrum.eigenvalues)
    np.testing.assert_array_equal(found.spectrum.weights, spectrum.weights)
    np.testing.assert_array_equal(found.test, spectrum.eigenvalues)


def test_short_test_lies_along_a_matrix_from_its_largest_eigenvalue_down(folder):
    found = tasks(saved("a.csv", np.diag([1.0, 3.0, 2.0])), "power:1")
    by_size = found.test[np.argsort(-found.spectrum.eigenvalues)]
    np.testing.assert_allclose(by_size, 3 / (1 + 1 / 2 + 1 / 3) * np.array([1, 1 / 2, 1 / 3]))


def test_columns_go_entry_by_entry(folder):
    found = tasks(saved("a.csv", np.array([1.0, 3.0, 2.0])), saved("b.csv", np.array([5.0, 6.0, 7.0])))
    assert found.test.tolist() == [5.0, 6.0, 7.0]


def test_shares_of_different_size_are_averaged():
    found = tasks("lowrank:0.5", "lowrank:0.2")
    assert found.spectrum.eigenvalues.tolist() == [2.0, 0.0]
    np.testing.assert_allclose(found.test, [2.0, 0.0], atol=1e-15)
    found = tasks("power:1:10", "lowrank:0.25")
    np.testing.assert_allclose(found.test, [4, 4, 2, 0, 0, 0, 0, 0, 0, 0], atol=1e-12)
    assert tasks("lowrank:0.5", "power:1").test_spectrum.size == 128


def test_ranges():
    np.testing.assert_array_equal(numbers("--tau", "0.5:2:4"), [0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(numbers("--tau", "1:100:3:log"), [1, 10, 100])
    assert numbers("--tau", "1e-3") == 0.001


@pytest.mark.parametrize(
    "text", ["1:2", "1:2:0", "1:2:x", "0:2:5:log", "1:2:3:lin", "1:inf:3", "1:2:3:4:5", "1:2:9999999"]
)
def test_bad_range(text):
    with pytest.raises(InputError, match=r"^--tau: "):
        numbers("--tau", text)


def test_the_largest_grid(monkeypatch):
    from taskalign.evaluation import parameters

    found = parameters({"alpha": "1:2:1000", "tau": "2:3:10", "kappa": "1", "rho": "0:1:100", "ridge": None})
    assert [np.shape(found[name]) for name in ("alpha", "tau", "kappa", "rho")] == [
        (1000, 1, 1),
        (1, 10, 1),
        (),
        (1, 1, 100),
    ]
    with pytest.raises(InputError, match=r"^--rho: the ranges make 1001000 points, at most 1000000 are allowed$"):
        parameters({"alpha": "1:2:1001", "tau": "2:3:10", "rho": "0:1:100"})


def test_matrices_lie_along_their_eigenvectors_from_the_top(folder):
    """A list of test eigenvalues goes from the largest eigenvalue of the matrix down, whatever its own order."""
    found = tasks(saved("a.csv", np.diag([1.0, 3.0, 2.0])), saved("b.csv", np.array([5.0, 6.0, 7.0])))
    assert found.spectrum.eigenvalues.tolist() == [3.0, 2.0, 1.0]
    assert found.test.tolist() == [5.0, 6.0, 7.0]
    assert tasks("a.csv", saved("zero.csv", np.zeros(3))).test.tolist() == [0.0, 0.0, 0.0]
    assert tasks("a.csv", saved("none.csv", np.zeros((3, 3)))).test.tolist() == [0.0, 0.0, 0.0]
