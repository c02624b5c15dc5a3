"""Scans: the ordering of K at many points, on all processors or many machines, kept in a folder and resumable."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import joblib

from ..numerics.errors import InputError
from ..numerics.rows import most_threads
from ..numerics.spectrum import Spectrum
from .adversary import Adversary
from .chunks import ChunkFolder, as_text, chunk_files, encode
from .decide import MARGIN, decide
from .families import Family, OneSpectrum
from .points import PARAMETERS, Grid, Points, RandomPoints, require_count

#: points of a chunk, and most points x eigenvalues of one whose points have spectra of their own
_CHUNK = 16_384
_CHUNK_NUMBERS = 400_000

#: points of a chunk where each takes long: found by gradient ascent, or all decided with many digits
_SLOW_CHUNK = 128

#: one chunk is one task; few wait, so that memory does not grow with the number of points
_UNORDERED: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1, "pre_dispatch": "2 * n_jobs"}

#: seconds in which a dask scheduler must answer
ANSWER_WITHIN = 10
#: packages whose versions a dask worker must share
_ALIKE = ("taskalign", "numpy", "pyarrow")

#: called with the number of points that are done and the number of all
Progress = Callable[[int, int], Any]


@dataclass(frozen=True)
class Scan:
    """A finished scan.

    Attributes:
        path: its folder.
        size: number of points.
        computed: points that were computed now; the others were found in the folder.
    """

    path: Path
    size: int
    computed: int

    def table(self) -> Any:
        """All rows as a pyarrow Table, in the order of the points."""
        return self._dataset.to_table()

    @cached_property
    def failing(self) -> int:
        """Number of points at which the ordering fails."""
        from pyarrow.compute import field

        return self._dataset.count_rows(filter=~field("holds"))

    @cached_property
    def _dataset(self) -> Any:
        return _dataset(self.path)


def saved_rows(path: Path) -> int:
    """Number of rows in a folder, finished or not."""
    return _dataset(path).count_rows() if path.is_dir() and chunk_files(path) else 0


def _dataset(path: Path) -> Any:
    from pyarrow.dataset import dataset

    return dataset([str(file) for file in chunk_files(path)], format="parquet")


@dataclass(frozen=True)
class Plan:
    """All that the rows of a scan follow from; sent to the workers."""

    points: Points
    family: Family
    margin: float
    chunk: int
    description: str

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.points.size // self.chunk)

    def bounds(self, place: int) -> tuple[int, int]:
        """First point of a chunk, and the first after it."""
        return place * self.chunk, min((place + 1) * self.chunk, self.points.size)

    def compute(self, place: int) -> bytes:
        """One chunk as a Parquet file."""
        columns = self.points.columns(*self.bounds(place))
        token = most_threads.set(1)  # chunks run beside each other
        try:
            parameters = {name: columns[name] for name in PARAMETERS}
            confirm = isinstance(self.points, Adversary)
            rows = decide(self.family.spectra(columns), parameters, self.margin, confirm=confirm)
        finally:
            most_threads.reset(token)
        return encode({**columns, **rows.columns()}, self.description)


def scan(
    grid: Points | Mapping[str, Any],
    *,
    out: str | os.PathLike[str],
    spectrum: Spectrum | Family | None = None,
    margin: float = MARGIN,
    chunk: int | None = None,
    jobs: int = -1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Scan:
    r"""Decide the ordering of K at many points and keep the rows in a folder of Parquet files.

    The folder is one dataset for `pyarrow.dataset`, in the order of the points. A scan that was interrupted goes on
    when it is called again in the same way, and its files are then the same, byte for byte, as without interruption.

    Args:
        grid: `RandomPoints`, an `Adversary`, a `Grid`, or a mapping name -> values as `Grid` takes it; of alpha, tau,
            kappa, rho and the parameters of the family.
        out: folder, made if it is not there.
        spectrum: a Spectrum or a family of spectra; a mapping may hold it as "spectrum". An `Adversary` finds its own.
        margin: see `decide`.
        chunk: points of a file.
        jobs: how many chunks at once, -1 for the number of processors.
        scheduler: address of a dask scheduler, "tcp://host:port", whose workers have taskalign; this machine alone
            if not given.
        progress: called as points are done.

    Raises:
        InputError: naming the argument; the folder is in use, holds something else, or the disk is full (what is
            finished is kept).

    References:
        THEORY A3.
    """
    plan = _plan(grid, spectrum, margin, chunk)
    folder = ChunkFolder(Path(out), plan.description, plan.chunks)
    with folder.locked():
        found = folder.finished()
        done = reused = sum(last - first for first, last in map(plan.bounds, found))
        if progress:
            progress(done, plan.points.size)
        todo = [place for place in range(plan.chunks) if place not in found]
        with closing(_computed(plan, todo, jobs, scheduler)) as computed:
            for place, data in computed:
                folder.write(place, data)
                first, last = plan.bounds(place)
                done += last - first
                if progress:
                    progress(done, plan.points.size)
        folder.finish()
    return Scan(folder.path, plan.points.size, plan.points.size - reused)


def _plan(
    grid: Points | Mapping[str, Any], spectrum: Spectrum | Family | None, margin: float, chunk: int | None
) -> Plan:
    if isinstance(grid, Mapping):
        axes = dict(grid)
        spectrum = axes.pop("spectrum", spectrum)
        grid = Grid(axes)
    if isinstance(grid, Adversary):
        if spectrum is not None:
            raise InputError("spectrum: not allowed with an Adversary, which finds its own")
        spectrum = grid.family
    if spectrum is None:
        raise InputError("spectrum: none was given, must be a Spectrum or a family of spectra")
    family: Family = OneSpectrum(spectrum) if isinstance(spectrum, Spectrum) else spectrum
    if isinstance(grid, RandomPoints):
        grid = RandomPoints(grid.size, grid.seed, {**family.ranges, **grid.ranges})
    wrong = set(grid.names) ^ {*PARAMETERS, *family.ranges}
    if wrong:
        allowed = ", ".join((*PARAMETERS, *family.ranges))
        raise InputError(f"grid: {sorted(wrong)[0]} is missing or unknown, the names here are {allowed}")
    if not margin >= 0:
        raise InputError(f"margin: {margin!r} is not allowed, must be >= 0")
    if chunk is None:
        slow = isinstance(grid, Adversary) or margin > 1
        chunk = _SLOW_CHUNK if slow else min(_CHUNK, max(256, _CHUNK_NUMBERS // max(1, family.width)))
    require_count("chunk", chunk, 1)
    description = {
        "version": import_module("..", __package__).__version__,
        "points": grid.described(),
        "spectrum": family.described(),
        "margin": str(margin),
        "chunk": chunk,
    }
    return Plan(grid, family, margin, chunk, as_text(description))


def _computed(
    plan: Plan, todo: list[int], jobs: int, scheduler: str | None
) -> Generator[tuple[int, bytes], None, None]:
    """The chunks as they are done, in any order."""
    if not todo:
        return
    if scheduler is not None:
        yield from _on_dask(plan, todo, scheduler)
        return
    # the kernels and Arrow run without the interpreter's lock, so threads are as quick as processes and start at once
    gate = _Gate()
    try:
        yield from _results(joblib.Parallel(n_jobs=jobs, backend="threading", **_UNORDERED), gate.outcome, plan, todo)
    finally:
        gate.close()


class _Gate:
    """Lets no chunk begin once it is closed, and waits for those begun: a process must not end with threads at work."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside, self._closed = 0, False

    def outcome(self, plan: Plan, place: int) -> tuple[int, bytes | Exception]:
        """As `_outcome`."""
        with self._changed:
            if self._closed:
                return place, InterruptedError()
            self._inside += 1
        try:
            return _outcome(plan, place)
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait for those inside."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._inside)


def _results(
    parallel: joblib.Parallel, outcome: Callable[[Plan, int], Any], plan: Plan, todo: list[int]
) -> Iterator[tuple[int, bytes]]:
    outcomes: Any = parallel(joblib.delayed(outcome)(plan, place) for place in todo)
    for place, data in outcomes:
        if isinstance(data, Exception):
            raise data
        yield place, data


def _outcome(plan: Plan, place: int) -> tuple[int, bytes | Exception]:
    # an exception is handed back as a value: joblib would wait for ever for one that a dask worker raises
    try:
        return place, plan.compute(place)
    except Exception as error:
        return place, error


def _on_dask(plan: Plan, todo: list[int], scheduler: str) -> Iterator[tuple[int, bytes]]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError('scheduler: dask is missing, pip install "taskalign[dask]"') from None
    try:
        client = Client(scheduler, timeout=ANSWER_WITHIN, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"scheduler: {scheduler}: {error}") from None
    with client:
        versions: Any = client.get_versions(packages=list(_ALIKE))
        _require_equal_versions(versions)
        with joblib.parallel_config(backend="dask", client=client):
            parallel = joblib.Parallel(**_UNORDERED)
        yield from _results(parallel, _outcome, plan, todo)


def _require_equal_versions(versions: Mapping[str, Any]) -> None:
    """Workers must have what decides the bytes of a file; one without taskalign would never answer."""
    here = versions["client"]["packages"]
    for address, worker in versions["workers"].items():
        for package in _ALIKE:
            there, wanted = worker["packages"].get(package), here[package]
            if there != wanted:
                raise InputError(f"scheduler: worker {address} has {package} {there}, this process has {wanted}")
