"""What a scan found: counts, where in the parameters the ordering fails, and the worst violations with certificates."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute
from pyarrow import dataset

from ..numerics.arrays import as_numpy
from ..numerics.errors import ConvergenceError, InputError
from ..numerics.spectrum import Spectrum
from .certificate import Certificate, certify
from .chunks import Chunk, as_text, chunk_files, read_manifest
from .decide import RESULTS
from .families import family_from
from .points import PARAMETERS

#: a family with more parameters is mapped over alpha, tau, kappa and rho alone
_MAPPED_PARAMETERS = 2
#: cells along an axis of a map, and most values of a grid's axis that get a cell each
_CELLS, _MOST_CELLS = 32, 64
#: a range of this ratio is shown in logarithms
_LOGARITHMIC = 20.0
#: certificates are made for spectra of at most so many eigenvalues
_CERTIFIED = 1000


@dataclass(frozen=True)
class Violation:
    """A point at which the ordering fails.

    Attributes:
        place: of the row in the table.
        row: name -> value.
        command: a command line that reproduces it; None where the spectrum is not kept in the folder.
        certificate: proves it; None where none could be made.
        problem: why not.
    """

    place: int
    row: Mapping[str, Any]
    command: str | None
    certificate: Certificate | None
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class PhaseMap:
    """Share of failures over two parameters, in cells.

    Attributes:
        x, y: names of the parameters.
        x_edges, y_edges: of the cells.
        visited, failing: numbers of points, shape `(x cells, y cells)`.
    """

    x: str
    y: str
    x_edges: np.ndarray
    y_edges: np.ndarray
    visited: np.ndarray
    failing: np.ndarray


@dataclass(frozen=True, eq=False)
class Summary:
    """What is in the folder of a scan.

    Attributes:
        path: the folder.
        scan: description of the scan, as in the manifest.
        rows: number of points that are there; `chunks_there` of `chunks` files.
        failing: at how many of them the ordering fails.
        decided_by, optimal_spike: value -> number of rows.
        worst: the largest violations, the worst first.
        maps: for each pair of parameters that vary.
    """

    path: Path
    scan: Mapping[str, Any]
    rows: int
    chunks_there: int
    chunks: int
    failing: int
    decided_by: Mapping[str, int]
    optimal_spike: Mapping[str, int]
    worst: tuple[Violation, ...]
    maps: tuple[PhaseMap, ...]

    @property
    def tolerance(self) -> float:
        """Eigenvalues closer than this share of the largest were taken as one; 0 where only equal ones were."""
        return self.scan.get("tolerance", 0.0)


def summarise(path: str | Path, *, worst: int = 10, certificates: bool = True) -> Summary:
    """Read the folder of a scan, finished or not.

    Args:
        path: the folder.
        worst: how many violations to keep.
        certificates: make a certificate of each.

    Raises:
        InputError: the folder holds no scan, or a file in it is damaged, misplaced or of another scan.
    """
    folder = Path(path)
    manifest, files = checked_folder(folder)
    rows = dataset.dataset([str(file) for file in files], format="parquet")
    parameters: list[str] = [name for name in rows.schema.names if name not in RESULTS]
    mapped: list[str] = parameters if len(parameters) <= len(PARAMETERS) + _MAPPED_PARAMETERS else list(PARAMETERS)
    edges = {name: ends for name, ends in _edges(rows, mapped, manifest["scan"]).items() if len(ends) > 2}
    pairs = list(combinations(edges, 2))
    counts = {pair: np.zeros((2, *(len(edges[name]) - 1 for name in pair)), int) for pair in pairs}
    decided_by: Counter[str] = Counter()
    spikes: Counter[str] = Counter()
    found: list[tuple[float, int, dict[str, Any]]] = []
    place = failing = 0
    for batch in _batches(rows):
        fails = ~batch["holds"].to_numpy(zero_copy_only=False)
        failing += int(fails.sum())
        decided_by.update(_counted(batch["decided_by"]))
        spikes.update(_counted(batch["optimal_spike"]))
        cells = {name: _cell(batch[name].to_numpy(), ends) for name, ends in edges.items()}
        for (x, y), (visited, broken) in counts.items():
            np.add.at(visited, (cells[x], cells[y]), 1)
            np.add.at(broken, (cells[x][fails], cells[y][fails]), 1)
        sizes = batch["violation"].to_numpy()
        for k in np.argsort(-sizes, kind="stable")[:worst]:
            if fails[k]:
                found.append((-float(sizes[k]), place + int(k), batch.slice(k, 1).to_pylist()[0]))
        found = sorted(found, key=lambda entry: entry[:2])[:worst]
        place += batch.num_rows
    return Summary(
        path=folder,
        scan=manifest["scan"],
        rows=place,
        chunks_there=len(files),
        chunks=manifest["chunks"],
        failing=failing,
        decided_by=dict(sorted(decided_by.items())),
        optimal_spike=dict(sorted(spikes.items())),
        worst=tuple(_violation(manifest["scan"], place, row, certificates) for _, place, row in found),
        maps=tuple(PhaseMap(*pair, edges[pair[0]], edges[pair[1]], *counts[pair]) for pair in pairs),
    )


def checked_folder(folder: Path) -> tuple[dict[str, Any], list[Path]]:
    """Manifest and chunks of the folder of a scan.

    Raises:
        InputError: as `summarise`.
    """
    manifest = read_manifest(folder)
    files = chunk_files(folder) if folder.is_dir() else []
    if manifest is None or not files:
        raise InputError(f"summary: {folder} holds no rows of a scan")
    scan, size = manifest["scan"], manifest["points"]
    for file in files:
        try:
            sound = Chunk.read(file).holds(as_text(scan), scan["chunk"], size)
        except OSError as error:
            raise InputError(f"summary: {file}: {error.strerror or error}") from None
        if not sound:
            raise InputError(
                f"summary: {file} is damaged, misplaced or of another scan: the command that made {folder} mends it or"
                " says what to do"
            )
    return manifest, files


def _batches(rows: Any, columns: list[str] | None = None) -> Iterator[Any]:
    """In the order of the points, few at a time."""
    return rows.to_batches(columns=columns, batch_readahead=2, fragment_readahead=1)


def _counted(column: Any) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in pyarrow.compute.value_counts(column).to_pylist()}


def _cell(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def _edges(rows: Any, names: list[str], scan: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Edges of the cells for each parameter: around the values of a grid, else equal ones over what there is."""
    low, high = dict.fromkeys(names, np.inf), dict.fromkeys(names, -np.inf)
    for batch in _batches(rows, names):
        for name in names:
            values = batch[name].to_numpy()
            low[name], high[name] = min(low[name], values.min()), max(high[name], values.max())
    edges = {}
    for name in names:
        listed = scan["points"].get("axes", {}).get(name)
        if low[name] == high[name]:
            edges[name] = np.array([low[name], high[name]])
        elif isinstance(listed, list) and len(set(listed)) <= _MOST_CELLS:
            values = np.array(sorted(set(listed)))
            logs = _logarithmic(values[0], values[-1])
            middles = np.sqrt(values[1:] * values[:-1]) if logs else (values[1:] + values[:-1]) / 2
            edges[name] = np.concatenate([values[:1], middles, values[-1:]])
        elif _logarithmic(low[name], high[name]):
            edges[name] = np.geomspace(low[name], high[name], _CELLS + 1)
        else:
            edges[name] = np.linspace(low[name], high[name], _CELLS + 1)
    return edges


def _logarithmic(low: float, high: float) -> bool:
    return bool(low > 0 and high / low >= _LOGARITHMIC)


def _violation(scan: Mapping[str, Any], place: int, row: Mapping[str, Any], certificates: bool) -> Violation:
    family = family_from(scan["spectrum"])
    if family is None:
        return Violation(place, row, None, None, "the spectrum is too large to be kept in the folder")
    spectra = family.spectra({name: np.array([value]) for name, value in row.items()})
    values, weights = (as_numpy(part).reshape(-1, spectra.size)[0] for part in (spectra.eigenvalues, spectra.weights))
    parameters = {name: row[name] for name in PARAMETERS}
    command = _command(family.named(row), values, weights, parameters)
    if not certificates or len(values) > _CERTIFIED:
        return Violation(place, row, command, None, f"no certificate for {len(values)} eigenvalues")
    try:
        certificate = certify(Spectrum(values, weights, tolerance=0.0), **parameters, claim="ordering-fails")
    except (InputError, ConvergenceError) as error:
        return Violation(place, row, command, None, str(error))
    return Violation(place, row, command, certificate)


def _command(named: str | None, values: np.ndarray, weights: np.ndarray, parameters: Mapping[str, float]) -> str:
    if named is not None:
        options = " ".join(f"--{name} {value!r}" for name, value in parameters.items())
        return f"taskalign evaluate --train {shlex.quote(named)} {options}"
    given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    code = f"print(ta.ordering(ta.Spectrum({values.tolist()}, {weights.tolist()}), {given}))"
    return f'python -c "import taskalign as ta; {code}"'
