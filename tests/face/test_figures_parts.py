"""What the figures are made of: tables, saved points, verdicts."""

import json

import numpy as np
import pytest

from taskalign.figures.points import Job, Points
from taskalign.figures.table import Table
from taskalign.figures.verdicts import deviation, extrapolated, trend
from taskalign.numerics import InputError

ROWS = [
    {"kind": "line", "series": "a, b", "x": 0.1 + 0.2, "theory": 1e-300},
    {"kind": "point", "series": "c", "x": 3, "theory": 2.0, "simulation": 2.5, "sem": 0.25},
]


def test_table_reads_what_it_writes():
    table = Table.of(ROWS)
    again = Table.read(table.csv())
    assert list(again.columns) == list(table.columns)
    assert again.csv() == table.csv()
    assert again["x"].tolist() == [0.1 + 0.2, 3.0]
    assert np.isnan(again["simulation"][0])
    assert again["series"].tolist() == ["a, b", "c"]
    assert again.where(kind="point")["simulation"].tolist() == [2.5]
    assert again.distinct("simulation") == [2.5]


def test_deviations():
    full = {"kind": "point", "simulation": 1.1, "theory": 1.0, "sem": 0.05}
    half = {"kind": "half", "simulation": 2.42, "theory": 2.0, "sem": 0.02}
    table = Table.of([full, half, {"kind": "line", "theory": 7.0}])
    found = deviation(table)
    assert (found.percent, found.errors, found.count) == pytest.approx((10, 2, 1), rel=1e-12, abs=0)
    limit = extrapolated(table)  # 2 x 10 % - 21 %
    assert (limit.percent, limit.errors) == pytest.approx((1, 0.01 / np.hypot(0.1, 0.01)), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([3, 2, 1], "falls"),
        ([1, 2, 3], "rises"),
        ([3, 1, 2], "is not monotone (lowest at 2)"),
        ([1, 3, 2], "is not monotone (highest at 2)"),
        ([1, 1, 1], "is not monotone"),
        ([2, 1, 1], "is not monotone"),
    ],
)
def test_trend(y, said):
    assert trend(np.array([3, 2, 1]), np.array(y)[::-1]) == said


# --- saved points -----------------------------------------------------------------------------------------------
class Counted:
    """Jobs that count how often they run."""

    def __init__(self):
        self.runs = []

    def jobs(self, count):
        return [Job({"place": place}, lambda place=place: self.outcome(place)) for place in range(count)]

    def outcome(self, place):
        self.runs.append(place)
        return {"value": place / 7}


def test_damaged_lines_are_told_and_computed_again(tmp_path, capsys):
    path, counted = tmp_path / "x.points.jsonl", Counted()
    first = Points(path).run(counted.jobs(5))
    lines = path.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["outcome"]["value"] += 1
    lines[1] = json.dumps(changed)
    lines[3] = "[1]"
    path.write_text("\n".join(lines[:4]) + "\n" + lines[4][:20])
    again = Points(path)
    err = capsys.readouterr().err.splitlines()
    assert err == [f"taskalign: {path}: line {k} is damaged, its point is computed again" for k in (2, 4, 5)]
    assert again.run(counted.jobs(5)) == first
    assert counted.runs == [0, 1, 2, 3, 4, 1, 3, 4]
    assert Points(path).run(counted.jobs(5)) == first
    assert len(counted.runs) == 8
    assert capsys.readouterr().err == ""


def test_an_outcome_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        Points().run([Job({}, lambda: {"value": float("nan")})])


def test_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "x.points.jsonl"
    path.mkdir()
    with pytest.raises(InputError, match=r"--out: .*x\.points\.jsonl: Is a directory"):
        Points(path)


def test_two_runs_do_not_share_a_file(tmp_path):
    path, counted = tmp_path / "x.points.jsonl", Counted()

    def inside():
        Points(path).run(counted.jobs(1))
        return {}

    with pytest.raises(InputError, match=r"x\.points\.jsonl: another run is making this figure"):
        Points(path).run([Job({}, inside)])
    assert counted.runs == []
