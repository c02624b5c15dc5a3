"""Gradient ascent on the violation of the ordering."""

import numpy as np
import pytest

import taskalign as ta
from taskalign.numerics import InputError
from taskalign.proofs_check import scan
from taskalign.proofs_check.adversary import Adversary
from taskalign.proofs_check.points import PARAMETERS

from .scan_tools import contents


def columns_of(table):
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


def test_ascent_raises_the_violation(tmp_path):
    start, end = (
        columns_of(scan(Adversary(32, seed=1, atoms=3, steps=steps), out=tmp_path / str(steps)).table())
        for steps in (0, 40)
    )
    assert (~end["holds"]).sum() > 2 * (~start["holds"]).sum()
    assert end["violation"].mean() > 10 * start["violation"].mean()
    assert (end["violation"] >= start["violation"] * (1 - 1e-6)).all()


def test_violations_are_confirmed_with_many_digits(tmp_path):
    found = columns_of(scan(Adversary(32, seed=2, steps=40), out=tmp_path).table())
    fails = ~found["holds"]
    assert fails.any()
    assert set(found["decided_by"][fails]) == {"precise"}
    for k in np.flatnonzero(fails)[:5]:
        spectrum = ta.Spectrum([found["c1"][k], found["c2"][k]], [found["w1"][k], found["w2"][k]])
        K = ta.solve(spectrum, **{name: found[name][k] for name in PARAMETERS}).K(np.sort(spectrum.eigenvalues))
        assert K[1] / K[0] - 1 == pytest.approx(found["violation"][k], rel=1e-9, abs=0)


def test_without_noise_three_values_break_the_ordering(tmp_path):
    found = columns_of(
        scan(Adversary(48, atoms=3, steps=120, ranges={"rho": (0.0, 0.0), "c1": (0.0, 0.0)}), out=tmp_path).table()
    )
    assert (found["rho"] == 0).all()
    assert found["violation"].max() > 1


def test_points_stay_in_their_ranges():
    adversary = Adversary(20, atoms=2, steps=30, ranges={"alpha": (10.0, 20.0), "kappa": (2.0, 2.0)})
    for name, values in adversary.columns(0, 20).items():
        low, high = adversary.ranges[name][:2]
        assert (values >= low * (1 - 1e-12)).all()
        assert (values <= high * (1 + 1e-12)).all()


def test_goal_top_counts_the_ends_alone(tmp_path):
    found = columns_of(scan(Adversary(32, atoms=3, goal="top", steps=40), out=tmp_path).table())
    assert (found["optimal_spike"] == "bottom").mean() > 0.3


def test_files_do_not_depend_on_how_many_work(tmp_path):
    for jobs in (1, 3):
        scan(Adversary(40, steps=10), out=tmp_path / str(jobs), jobs=jobs, chunk=7)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"atoms": 1}, "atoms: 1"),
        ({"steps": -1}, "steps: -1"),
        ({"goal": "up"}, "goal: 'up'"),
        ({"ranges": {"tau": (0.5, 2.0)}}, "tau: 2.0"),
        ({"ranges": {"rho": (0.0, 1.0, "linear")}}, "rho"),
        ({"size": 0}, "size: 0"),
    ],
)
def test_bad_input_is_named(more, named):
    with pytest.raises(InputError, match=named):
        Adversary(**{"size": 5, **more})


def test_its_own_spectra_are_not_replaced(tmp_path):
    with pytest.raises(InputError, match="spectrum"):
        scan(Adversary(5), spectrum=ta.Spectrum([1.0]), out=tmp_path)
