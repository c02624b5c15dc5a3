"""A scan on a real dask scheduler with two workers, one of which is killed on the way."""

import re
import subprocess
import sys
import time

import pytest

from taskalign.numerics import InputError
from taskalign.proofs_check import scanning

from .scan_tools import CHUNK, SIZE, contents, run, small


class Engine:
    """A `dask scheduler` or `dask worker` in a process of its own."""

    def __init__(self, log, *arguments):
        self.log = log
        with log.open("w") as file:
            command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard", "--host", "127.0.0.1"]
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)

    def says(self, pattern):
        """What it says about itself, once it does."""
        for _ in range(1200):
            if found := re.search(pattern, self.log.read_text()):
                return found[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler on loopback, and its two workers."""
    started = [Engine(tmp_path / "scheduler.log", "scheduler", "--port", "0")]
    try:
        address = started[0].says(r"tcp://127\.0\.0\.1:\d+")
        for name in ("one", "two"):
            options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / name))
            started.append(Engine(tmp_path / f"{name}.log", "worker", address, *options))
        for worker in started[1:]:
            worker.says("Registered to")
        yield address, started[1:]
    finally:
        for engine in started:
            engine.kill()


def test_worker_killed_in_mid_scan_changes_nothing(tmp_path, cluster):
    address, workers = cluster
    run(tmp_path / "local")

    def progress(done, size):
        if done == 10 * CHUNK:
            workers[0].kill()

    result = run(tmp_path / "dask", scheduler=address, progress=progress)
    assert workers[0].process.returncode != 0
    assert workers[1].process.poll() is None
    assert result.computed == SIZE
    assert contents(tmp_path / "dask") == contents(tmp_path / "local")


def test_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "ANSWER_WITHIN", 0.5)
    with pytest.raises(InputError, match=r"scheduler: tcp://127\.0\.0\.1:9"):
        small(tmp_path, scheduler="tcp://127.0.0.1:9")
