"""Scans: the ordering of K at many points, on all processors or many machines, kept in a folder and resumable."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics.errors import InputError
from ..numerics.rows import most_threads
from ..numerics.spectrum import Spectrum
from .adversary import Adversary
from .chunks import MOST, ChunkFolder, as_text, bounds, chunk_files, encode, row_count
from .decide import MARGIN, decide
from .families import Family, OneSpectrum
from .on_dask import WorkersLost, on_dask
from .points import PARAMETERS, Grid, Points, RandomPoints, require_count

#: points of a chunk, and most points x eigenvalues of one whose points have spectra of their own
_CHUNK = 16_384
_CHUNK_NUMBERS = 400_000

#: points of a chunk where each takes long: found by gradient ascent, or all decided with many digits
_SLOW_CHUNK = 128

#: seconds that a scan waits for dask workers, where nothing else is said
WAIT = 60.0

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
    """Number of rows in a folder, finished or not; those of damaged files are not counted."""
    return sum(map(row_count, chunk_files(path))) if path.is_dir() else 0


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

    def bounds(self, place: int) -> tuple[int, int]:
        """First point of a chunk, and the first after it."""
        return bounds(place, self.chunk, self.points.size)

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
        return encode({**columns, **rows.columns()}, self.description, self.bounds(place))


def scan(
    grid: Points | Mapping[str, Any],
    *,
    out: str | os.PathLike[str],
    spectrum: Spectrum | Family | None = None,
    margin: float = MARGIN,
    chunk: int | None = None,
    jobs: int = -1,
    scheduler: Any = None,
    wait: float = WAIT,
    progress: Progress | None = None,
) -> Scan:
    r"""Decide the ordering of K at many points and keep the rows in a folder of Parquet files.

    The folder is one dataset for `pyarrow.dataset`, in the order of the points. A scan that was interrupted goes on
    when it is called again in the same way, and its files are then the same, byte for byte, as without interruption.
    Random points and those of an `Adversary` can be made more in the same folder: those there are taken, but for the
    last file if it is not full.

    Args:
        grid: `RandomPoints`, an `Adversary`, a `Grid`, or a mapping name -> values as `Grid` takes it; of alpha, tau,
            kappa, rho and the parameters of the family.
        out: folder, made if it is not there.
        spectrum: a Spectrum or a family of spectra; a mapping may hold it as "spectrum". An `Adversary` finds its own.
            Eigenvalues of a Spectrum within its tolerance of each other are one.
        margin: see `decide`.
        chunk: points of a file.
        jobs: how many chunks at once, -1 for the number of processors; dask counts those of its workers.
        scheduler: address of a dask scheduler, "tcp://host:port", or a `distributed.Client`; its workers must have
            taskalign. This machine alone if not given. Not asked where nothing is left to compute.
        wait: seconds to wait for dask while it has no worker, or its scheduler does not answer.
        progress: called as points are done.

    Raises:
        InputError: naming the argument; the folder is in use, holds something else, or the disk is full (what is
            finished is kept).
        WorkersLost: dask had no worker for `wait` seconds (what is finished is kept).

    References:
        THEORY A3.
    """
    if isinstance(jobs, bool) or not (jobs == -1 or jobs >= 1):
        raise InputError(f"jobs: {jobs!r} is not allowed, must be a whole number >= 1, or -1 for all processors")
    if not wait >= 0:
        raise InputError(f"wait: {wait!r} is not allowed, must be a number of seconds >= 0")
    plan = _plan(grid, spectrum, margin, chunk)
    folder = ChunkFolder(Path(out), plan.description, plan.points.size, plan.chunk)
    with folder.locked():
        found = folder.finished()
        done = reused = sum(last - first for first, last in map(plan.bounds, found))
        if progress:
            progress(done, plan.points.size)
        todo = [place for place in range(folder.count) if place not in found]
        try:
            with closing(_computed(plan, todo, jobs, scheduler, wait)) as computed:
                for place, data in computed:
                    folder.write(place, data)
                    first, last = plan.bounds(place)
                    done += last - first
                    if progress:
                        progress(done, plan.points.size)
        except WorkersLost as error:
            raise WorkersLost(f"scheduler: {error}; {folder.saved()}") from None
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
    tolerance = 0.0
    if isinstance(family, OneSpectrum):
        tolerance, family = family.spectrum.tolerance, _of_atoms(family)
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
    if grid.size > MOST * chunk:
        raise InputError(f"chunk: {chunk} is not allowed for {grid.size} points, of which {MOST} files must hold all")
    description = {
        "version": import_module("..", __package__).__version__,
        "points": grid.described(),
        "spectrum": family.described(),
        "margin": str(margin),
        "chunk": chunk,
    }
    if tolerance:
        description["tolerance"] = tolerance
    return Plan(grid, family, margin, chunk, as_text(description))


def _of_atoms(family: OneSpectrum) -> OneSpectrum:
    """With the eigenvalues that rounding may have split as one, or K at them would be compared."""
    values, weights = family.spectrum.atoms()
    if len(values) == len(np.unique(family.spectrum.eigenvalues[family.spectrum.weights > 0])):
        return family
    return OneSpectrum(Spectrum(values, weights, tolerance=0.0), family.source)


def _computed(
    plan: Plan, todo: list[int], jobs: int, scheduler: Any, wait: float
) -> Generator[tuple[int, bytes], None, None]:
    """The chunks as they are done, in any order."""
    if not todo:
        return
    yield from _on_threads(plan, todo, jobs) if scheduler is None else on_dask(plan.compute, todo, scheduler, wait)


def _on_threads(plan: Plan, todo: list[int], jobs: int) -> Iterator[tuple[int, bytes]]:
    # the kernels and Arrow run without the interpreter's lock, so threads are as quick as processes and start at once
    width = (os.cpu_count() or 1) if jobs == -1 else jobs
    pool = ThreadPoolExecutor(width)
    left = iter(todo)
    pending: dict[Any, int] = {}
    try:
        while True:
            # few wait, so that memory does not grow with the number of points
            pending |= {pool.submit(plan.compute, place): place for place in islice(left, 2 * width - len(pending))}
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future.result()
    finally:
        # no chunk begins any more, and those begun are waited for: a process must not end with threads at work
        pool.shutdown(cancel_futures=True)
