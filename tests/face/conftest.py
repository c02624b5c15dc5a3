"""The report on the example covariances, written once."""

import json

import pytest

from taskalign.cli import main
from taskalign.inputs import tasks
from taskalign.report import Parameters, report_data

from .example import ARGUMENTS, POINT, TEST, TRAIN


@pytest.fixture(scope="session")
def digits():
    return report_data(tasks(TRAIN, TEST), Parameters(**POINT))


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "out"
    assert main(["report", "--train", TRAIN, "--test", TEST, *ARGUMENTS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def values(written):
    return json.loads((written / "values.json").read_text())
