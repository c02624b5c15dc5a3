"""What `taskalign scan` does: options to points and spectra, progress, and the summary of a folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from taskalign import files, inputs
from taskalign.numerics import InputError
from taskalign.options import CheckFailed
from taskalign.progress import progress
from taskalign.proofs_check.adversary import Adversary
from taskalign.proofs_check.families import Atoms, Family, OneSpectrum, PowerLaw, TwoAtoms
from taskalign.proofs_check.on_dask import WorkersLost
from taskalign.proofs_check.points import Grid, Points, RandomPoints
from taskalign.proofs_check.scanning import WAIT, Scan, saved_rows, scan
from taskalign.values import number, numbers

#: beside the rows; readers of datasets skip names that begin with an underscore
PAGE, CERTIFICATES = "_summary.html", "_certificates"

#: arguments of `scan` that are options of the same name
_OPTIONS = ("out", "scheduler", "wait", "jobs", "summary", "seed", "atoms", "steps", "goal")

Made = TypeVar("Made")


def run(
    points: Points,
    family: Family | None,
    out: Path,
    *,
    jobs: int = -1,
    scheduler: str | None = None,
    wait: float = WAIT,
) -> Scan:
    """Scan, with progress on a terminal.

    Raises:
        InputError: naming the option.
        CheckFailed: dask has no worker; says what is saved.
        KeyboardInterrupt: after a line that says what is saved.
    """
    option = "--grid" if isinstance(points, Grid) else "--range"
    try:
        with progress(points.size) as show:
            more = {"jobs": jobs, "scheduler": scheduler, "wait": wait, "progress": lambda done, size: show(done)}
            return _in_options(option, lambda: scan(points, spectrum=family, out=out, **more))
    except WorkersLost as error:
        raise CheckFailed(f"--{error}") from None
    except KeyboardInterrupt:
        said = f"{saved_rows(out)} of {points.size} points are saved in {out}, the same command goes on from there"
        print(f"taskalign: {said}", file=sys.stderr)
        raise


# --- what the options mean ----------------------------------------------------------------------------------------
def points(
    *,
    grid: Sequence[str] = (),
    random: int | None = None,
    adversarial: int | None = None,
    ranges: Sequence[str] = (),
    seed: int = 0,
    atoms: int = 2,
    steps: int = 200,
    goal: str = "violation",
) -> Points:
    """The points of `--grid`, `--random` or `--adversarial`, of which one must be given.

    Raises:
        InputError: naming the option.
    """
    options = {"--grid": bool(grid), "--random": random is not None, "--adversarial": adversarial is not None}
    given = [option for option, there in options.items() if there]
    if len(given) != 1:
        raise InputError(f"{given[1] if given else '--grid'}: give one of --grid, --random and --adversarial")
    if grid:
        if ranges:
            raise InputError("--range: not allowed with --grid, whose axes are ranges themselves")
        axes = {name: numbers(f"--grid {name}", text) for name, text in _assignments("--grid", grid).items()}
        return _in_options("--grid", lambda: Grid(axes))
    ends = {name: _ends(name, text) for name, text in _assignments("--range", ranges).items()}
    if random is not None:
        _at_least_one("--random", random)
        return _in_options("--range", lambda: RandomPoints(random, seed, ends))
    assert adversarial is not None
    _at_least_one("--adversarial", adversarial)
    return _in_options("--range", lambda: Adversary(adversarial, seed, atoms, steps, goal, ends))


def family(train: str | None, name: str | None, drawn: Points) -> Family | None:
    """The spectra of `--train` or `--family`; none for adversarial points, which bring their own.

    Raises:
        InputError: naming the option.
    """
    given = [option for option, value in (("--train", train), ("--family", name)) if value is not None]
    if isinstance(drawn, Adversary):
        if given:
            raise InputError(f"{given[0]}: not allowed with --adversarial, which finds its own spectra")
        return None
    if len(given) != 1:
        raise InputError(f"{given[1] if given else '--train'}: give one of --train and --family")
    if train is not None:
        return OneSpectrum(inputs.tasks(train, None).spectrum, train)
    kind, _, count = str(name).partition(":")
    if kind == "two-atoms" and not count:
        return TwoAtoms()
    if kind in ("power-law", "atoms") and (count or kind == "power-law"):
        size = numbers("--family", count or "100")
        if isinstance(size, float) and size >= 1 and size == int(size):
            return PowerLaw(int(size)) if kind == "power-law" else Atoms(int(size))
    raise InputError(f"--family: {name!r} is not allowed, must be two-atoms, power-law[:D] or atoms:N")


def _assignments(option: str, texts: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, separated by commas or given one by one."""
    found: dict[str, str] = {}
    for text in ",".join(texts).split(",") if texts else ():
        name, equals, value = text.strip().partition("=")
        if not (name and equals and value):
            raise InputError(f"{option}: {text!r} is not allowed, must be NAME=VALUE")
        if name in found:
            raise InputError(f"{option}: {name} is given twice")
        found[name] = value
    return found


def _ends(name: str, text: str) -> tuple[Any, ...]:
    low, *rest = text.split(":")
    if len(rest) > 2 or rest[1:] not in ([], ["linear"]):
        raise InputError(
            f"--range: {name}={text} is not allowed, must be NAME=LOW:HIGH, NAME=LOW:HIGH:linear or NAME=VALUE"
        )
    first = number(f"--range {name}", low)
    return (first, number(f"--range {name}", rest[0]) if rest else first, *rest[1:])


def _at_least_one(option: str, count: int) -> None:
    if count < 1:
        raise InputError(f"{option}: {count} is not allowed, must be a whole number >= 1")


def _in_options(option: str, make: Callable[[], Made]) -> Made:
    """What `make` makes; its complaints name an option: that of the argument's name, or else the one given."""
    try:
        return make()
    except InputError as error:
        name, _, rest = str(error).partition(": ")
        if name in _OPTIONS:
            raise InputError(f"--{name}: {rest}") from None
        raise InputError(f"{option}: {rest if name == 'grid' else error}") from None


# --- summary ------------------------------------------------------------------------------------------------------
def check_summary(folder: Path, out: Path | None) -> None:
    """Raise, before a scan into `out`, if no summary can be written into a folder.

    Raises:
        InputError: naming the option.
    """
    from taskalign.proofs_check.summary import checked_folder

    if out is None or folder.resolve() != out.resolve():
        _in_options("--summary", lambda: checked_folder(folder))


def write_summary(folder: Path, worst: int = 10) -> list[str]:
    """Write the page and the certificates of the worst violations into a folder; lines for the reader.

    Raises:
        InputError: naming the option.
    """
    from taskalign.proofs_check.summary import summarise
    from taskalign.scan_page import page

    found = _in_options("--summary", lambda: summarise(folder, worst=worst))
    kept: dict[int, str] = {}
    # those of an earlier summary may be of rows that are no longer among the worst
    shutil.rmtree(folder / CERTIFICATES, ignore_errors=True)
    for violation in found.worst:
        if violation.certificate is not None:
            name = f"{CERTIFICATES}/row-{violation.place}.json"
            files.folder("--summary", folder / CERTIFICATES)
            files.write("--summary", folder / name, violation.certificate.text())
            kept[violation.place] = name
    files.write("--summary", folder / PAGE, page(found, kept))
    lines = [f"{found.rows} points, ordering fails at {found.failing} ({100 * found.failing / found.rows:.4g} %)"]
    if found.chunks_there < found.chunks:
        lines.append(f"not finished: {found.chunks_there} of {found.chunks} files")
    if found.tolerance:
        lines.append(f"eigenvalues closer than {found.tolerance:.3g} of the largest were taken as one")
    lines += [_counts("decided by", found.decided_by), _counts("best spike", found.optimal_spike)]
    for violation in found.worst:
        row = violation.row
        lines.append(f"row {violation.place}: K({row['worst_spike']:.6g}) is {1 + row['violation']:.6g} times K(c_min)")
        lines += [f"  {violation.command}"] if violation.command else []
        file = kept.get(violation.place)
        lines.append(f"  certificate {folder / file}" if file else f"  no certificate: {violation.problem}")
    return [*lines, f"wrote {folder / PAGE}"]


def _counts(title: str, counts: Mapping[str, int]) -> str:
    return f"{title}: " + ", ".join(f"{name} {count}" for name, count in counts.items())


def told(result: Scan, scheduler: str | None = None) -> str:
    """The line at the end of a scan."""
    reused = result.size - result.computed
    found = f" ({reused} were there)" if reused else ""
    if scheduler is not None and not result.computed:
        found = " (all were there, --scheduler was not needed)"
    share = f"{100 * result.failing / result.size:.4g} %"
    return f"{result.size} points{found}, ordering fails at {result.failing} ({share}); rows in {result.path}"
