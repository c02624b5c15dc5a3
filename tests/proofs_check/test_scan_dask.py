"""Scans on real dask schedulers and workers, on loopback, which are killed on the way."""

import asyncio
import contextlib
import logging
import re
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client

from taskalign.numerics import InputError
from taskalign.proofs_check import on_dask
from taskalign.proofs_check.on_dask import WorkersLost

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


class Cluster:
    """A scheduler, and workers as they are asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.engines = []
        self.start_scheduler("0")
        self.address = self.scheduler.says(r"tcp://127\.0\.0\.1:\d+")

    def start(self, name, *arguments):
        self.engines.append(Engine(self.folder / f"{name}-{len(self.engines)}.log", *arguments))
        return self.engines[-1]

    def start_scheduler(self, port, *options):
        self.scheduler = self.start("scheduler", "scheduler", "--port", port, *options)

    def worker(self, *options, wait=True):
        folder = self.folder / str(len(self.engines))
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder), *options)
        found = self.start("worker", "worker", self.address, *options)
        if wait:
            found.says("Registered to")
        return found


@pytest.fixture
def cluster(tmp_path):
    with contextlib.ExitStack() as stack:
        made = Cluster(tmp_path)
        stack.callback(lambda: [engine.kill() for engine in made.engines])
        yield made


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Contents of the folder that this process makes alone."""
    out = tmp_path_factory.mktemp("local")
    run(out)
    return contents(out)


def at(count, act):
    """A progress that acts once, when `count` points are done."""
    todo = [act]

    def progress(done, size):
        if done >= count and todo:
            todo.pop()()

    return progress


def test_worker_killed_in_mid_scan_changes_nothing(tmp_path, cluster, expected):
    workers = [cluster.worker(), cluster.worker()]
    result = run(tmp_path / "dask", scheduler=cluster.address, progress=at(10 * CHUNK, workers[0].kill))
    assert workers[0].process.returncode != 0
    assert workers[1].process.poll() is None
    assert result.computed == SIZE
    assert contents(tmp_path / "dask") == expected
    cluster.scheduler.says("Close client connection")


def test_client_is_taken_and_stays_open(tmp_path, cluster, expected):
    cluster.worker()
    with Client(cluster.address, set_as_default=False) as client:
        run(tmp_path / "dask", scheduler=client)
        assert not client.futures
        assert client.submit(sum, [1, 2]).result(timeout=10) == 3
    assert contents(tmp_path / "dask") == expected
    with pytest.raises(InputError, match=r"scheduler: .* must be a synchronous Client that is connected"):
        small(tmp_path / "small", scheduler=client)


def test_interrupted_scan_leaves_nothing_with_the_client(tmp_path, cluster):
    """Chunks that take long, of which one is under way and others wait."""
    cluster.worker()

    def stop():
        raise KeyboardInterrupt

    with Client(cluster.address, set_as_default=False) as client:
        with pytest.raises(KeyboardInterrupt):
            small(tmp_path / "small", scheduler=client, margin=float("inf"), progress=at(10, stop))
        assert not [state for state in client.futures.values() if state.status == "pending"]


def test_asynchronous_client_is_refused(tmp_path, cluster):
    async def given():
        async with Client(cluster.address, asynchronous=True, set_as_default=False) as client:
            small(tmp_path / "small", scheduler=client)

    with pytest.raises(InputError, match=r"scheduler: .* must be a synchronous Client that is connected"):
        asyncio.run(given())


@pytest.mark.parametrize("given", [5, "nonsense://x", "tcp://127.0.0.1:9"])
def test_scheduler_that_does_not_answer_is_named(tmp_path, given):
    with pytest.raises(InputError, match=rf"^scheduler: {given}") as caught:
        small(tmp_path, scheduler=given, wait=0.5)
    assert "\n" not in str(caught.value)


# --- nobody works -----------------------------------------------------------------------------------------------
def test_no_worker_is_said_and_ends_after_the_wait(tmp_path, cluster, caplog):
    start, level = time.monotonic(), logging.getLogger("distributed.client").level
    with pytest.raises(WorkersLost, match=r"^scheduler: no dask worker for 2 s; 0 of 3 chunks are saved, the same"):
        small(tmp_path / "dask", scheduler=cluster.address, wait=2)
    assert 2 <= time.monotonic() - start < 8
    assert [record.message for record in caplog.records if record.name == "taskalign"] == [
        "taskalign: no dask worker answers: waiting 2 s for one"
    ]
    assert logging.getLogger("distributed.client").level == level


def test_worker_that_comes_in_the_wait_is_taken(tmp_path, cluster, expected):
    first = cluster.worker()

    def exchange():
        first.kill()
        cluster.worker(wait=False)

    run(tmp_path / "dask", scheduler=cluster.address, wait=15, progress=at(5 * CHUNK, exchange))
    assert contents(tmp_path / "dask") == expected


def test_last_worker_killed_ends_with_what_is_saved(tmp_path, cluster, expected):
    worker = cluster.worker()
    with pytest.raises(WorkersLost, match=r"no dask worker for 2 s; (\d+) of 30 chunks are saved") as caught:
        run(tmp_path / "dask", scheduler=cluster.address, wait=2, progress=at(5 * CHUNK, worker.kill))
    saved = int(re.findall(r"; (\d+) of", str(caught.value))[0])
    assert saved == len(list((tmp_path / "dask").glob("*.parquet"))) >= 5
    assert run(tmp_path / "dask").computed == SIZE - saved * CHUNK
    assert contents(tmp_path / "dask") == expected


def test_chunk_that_ends_its_workers_is_named(tmp_path, cluster, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    cluster.start_scheduler("0")
    cluster.address = cluster.scheduler.says(r"tcp://127\.0\.0\.1:\d+")
    (tmp_path / "preloaded.py").write_text(
        "import os; from taskalign.proofs_check.scanning import Plan; Plan.compute = lambda plan, place: os._exit(1)"
    )
    cluster.worker("--preload", str(tmp_path / "preloaded.py"))
    message = r"^scheduler: several dask workers died at chunk \d, for lack of memory\?; 0 of 3 chunks are saved"
    with pytest.raises(WorkersLost, match=message):
        small(tmp_path / "dask", scheduler=cluster.address, wait=10)


@pytest.mark.parametrize("own", [True, False])
def test_scheduler_killed_ends_with_what_is_saved(tmp_path, cluster, own):
    cluster.worker()
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        scheduler = cluster.address
        if not own:
            scheduler = Client(cluster.address, set_as_default=False, timeout=1)
            stack.callback(scheduler.close, timeout=1)
        with pytest.raises(WorkersLost, match=r"; \d+ of 30 chunks are saved"):
            run(tmp_path / "dask", scheduler=scheduler, wait=2, progress=at(5 * CHUNK, cluster.scheduler.kill))
    assert time.monotonic() - start < 15
    assert len(list((tmp_path / "dask").glob("*.parquet"))) >= 5


def test_scheduler_that_comes_back_is_asked_again(tmp_path, cluster, expected):
    """Longer away than dask's own client waits for it."""
    cluster.worker()

    def restart():
        cluster.scheduler.kill()
        cluster.start_scheduler(cluster.address.rpartition(":")[2])
        cluster.worker(wait=False)

    run(tmp_path / "dask", scheduler=cluster.address, wait=30, progress=at(5 * CHUNK, restart))
    assert contents(tmp_path / "dask") == expected


@pytest.mark.parametrize(
    ("count", "output", "errors"),
    [
        (SIZE, f"{SIZE}\n", ""),
        (
            5 * CHUNK,
            "",
            "taskalign: no dask worker answers: waiting 3 s for one\n"
            r"scheduler: no dask worker for 3 s; \d+ of 30 chunks are saved, the same command goes on from there\n",
        ),
    ],
)
def test_nothing_else_is_said_when_the_scheduler_is_killed(tmp_path, cluster, count, output, errors):
    """When all is computed, and before; nothing of what dask says itself."""
    cluster.worker()
    code = (
        "import os, sys; from tests.proofs_check.scan_tools import run\n"
        "from taskalign.proofs_check import WorkersLost\n"
        "def progress(done, size):\n"
        f"    if done == {count}: os.kill(int(sys.argv[3]), 9)\n"
        "try: print(run(sys.argv[1], scheduler=sys.argv[2], wait=3, progress=progress).computed)\n"
        "except WorkersLost as error: print(error, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, tmp_path / "dask", cluster.address, str(cluster.scheduler.process.pid)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stdout) == (0, output)
    assert re.fullmatch(errors, found.stderr)


# --- other workers ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("found", [None, "0.0.1"])
def test_worker_without_this_taskalign_is_named(found):
    here = {"taskalign": "1.0", "numpy": "2.0", "pyarrow": "20.0"}
    other = {"packages": here | {"taskalign": found}}
    versions = {"client": {"packages": here}, "scheduler": {"packages": here}, "workers": {"tcp://a:1": other}}
    with pytest.raises(InputError, match=f"worker tcp://a:1 has taskalign {found}, this process has 1.0"):
        on_dask._require_equal_versions(versions)
    with pytest.raises(InputError, match=f"scheduler: it has taskalign {found}, this process has 1.0"):
        on_dask._require_equal_versions(versions | {"scheduler": other, "workers": {}})
    on_dask._require_equal_versions(versions | {"workers": {}})


#: a worker as it is where nothing of taskalign is installed
ABSENT = """
import importlib.metadata, sys
from distributed import versions
sys.modules["taskalign"] = None
versions.version = lambda name: importlib.metadata.version("absent" if name == "taskalign" else name)
"""


OLDER = "import taskalign; taskalign.__version__ = '0.0.1'"


@pytest.mark.parametrize(
    ("preloaded", "late", "said"),
    [
        (ABSENT, False, "has taskalign None, this process has "),
        (OLDER, False, r"has taskalign 0\.0\.1, this process has "),
        (OLDER, True, r"has taskalign 0\.0\.1, this process has "),
        ("import pyarrow; pyarrow.__version__ = '0.0.1'", False, r"has pyarrow 0\.0\.1, this process has "),
    ],
)
def test_other_worker_is_refused(tmp_path, cluster, preloaded, late, said):
    """One that is there at the start, or that comes on the way."""
    (tmp_path / "preloaded.py").write_text(preloaded)
    options = ("--preload", str(tmp_path / "preloaded.py"))
    first = cluster.worker(*(() if late else options))

    def exchange():
        first.kill()
        cluster.worker(*options, wait=False)

    with pytest.raises(InputError, match=rf"^scheduler: worker tcp://\S+ {said}"):
        run(tmp_path / "dask", scheduler=cluster.address, wait=10, progress=at(5 * CHUNK, exchange))
    assert bool(list((tmp_path / "dask").glob("*.parquet"))) == late


def test_scheduler_without_taskalign_is_refused(tmp_path, cluster):
    (tmp_path / "preloaded.py").write_text(ABSENT)
    cluster.start_scheduler("0", "--preload", str(tmp_path / "preloaded.py"))
    cluster.address = cluster.scheduler.says(r"tcp://127\.0\.0\.1:\d+")
    cluster.worker()
    with pytest.raises(InputError, match=r"^scheduler: it has taskalign None, this process has "):
        small(tmp_path / "dask", scheduler=cluster.address, wait=5)


def test_worker_is_looked_at_again_where_it_works(monkeypatch):
    """One that came a moment ago has not been asked yet."""
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(address="tcp://a:1"))
    with pytest.raises(InputError, match=f"worker tcp://a:1 has numpy {np.__version__}, this process has 1.0"):
        on_dask._on_worker(bytes, on_dask._versions() | {"numpy": "1.0"}, 5)
    assert on_dask._on_worker(bytes, on_dask._versions(), 5) == bytes(5)
