"""The command that pretrains for real, and sets what it measures beside the theory."""

from __future__ import annotations

import json as json_
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from taskalign.numerics.errors import InputError
from taskalign.options import (
    Alpha,
    AlphaTest,
    Kappa,
    Rho,
    RhoTest,
    Ridge,
    Spectrum,
    Tau,
    Tolerance,
    Whole,
    WholeIfGiven,
    app,
    read_tolerance,
)

if TYPE_CHECKING:
    import numpy as np

    from taskalign.inputs import Source
    from taskalign.models import Simulation
    from taskalign.numerics import Spectrum as Eigenvalues

#: in place of a deviation in standard errors where a single run gives none
_UNKNOWN = "-"
_DIGITS = 6


@app.command
def simulate(
    *,
    train: Spectrum,
    test: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=1,
            show_default=False,
            help="Spectra, or NAME=SPECTRUM for each; that of --train if not given.",
        ),
    ] = (),
    d: WholeIfGiven = None,
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    rho: Rho,
    ridge: Ridge = "1e-6",
    alpha_test: AlphaTest = None,
    rho_test: RhoTest = None,
    tolerance: Tolerance = None,
    repeats: Whole = 1,
    seed: Whole = 0,
    no_y2_column: bool = False,
    json: bool = False,
) -> None:
    """Pretrain linear attention on drawn contexts, and set its errors beside the theory's.

    Context length, contexts and tasks are rounded to whole numbers; the theory is evaluated at their ratios.

    Args:
        d: Dimension; the length of --train if not given. Short forms without a length of their own take this.
        repeats: Number of runs, each with tasks and contexts of its own.
        seed: Of the first; run r is the same for any number of repeats.
        no_y2_column: Leave out the column of mean squared labels that the layer also sees.
        json: Print JSON with all digits, with every run.
    """
    from taskalign.evaluation import single_parameters
    from taskalign.models import simulate as simulated
    from taskalign.progress import progress

    texts = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
    texts |= {"alpha_test": alpha_test, "rho_test": rho_test}
    given: dict[str, Any] = single_parameters(texts)
    spectrum, size, tests = _tasks(train, test, d, read_tolerance(tolerance))
    finished: list[Simulation] = []
    try:
        with progress(repeats) as show:

            def advance(found: Simulation) -> None:
                finished[:] = [found]
                show(found.repeats)

            show(0)
            simulated(
                spectrum,
                tests,
                d=size,
                repeats=repeats,
                seed=seed,
                y2_column=not no_y2_column,
                progress=advance,
                **given,
            )
    except KeyboardInterrupt:
        if finished:
            _print(finished[0], train, json)
            sys.stdout.flush()
        done = finished[0].repeats if finished else 0
        print(f"taskalign: {done} of {repeats} runs were finished", file=sys.stderr)
        raise
    _print(finished[0], train, json)


# --- spectra ------------------------------------------------------------------------------------------------------
def _tasks(
    train: str, test: tuple[str, ...], d: int | None, tolerance: float | None
) -> tuple[Eigenvalues, int, dict[str, np.ndarray]]:
    """Spectrum of C_train, dimension, and tests along its d eigenvectors, by name.

    Raises:
        InputError: naming the option.
    """
    from taskalign import inputs
    from taskalign.models.sizes import in_dimension
    from taskalign.numerics import Spectrum as Eigenvalues

    if d is not None and d < 2:
        raise InputError(f"--d: {d} is not allowed, must be a whole number >= 2")
    source = inputs.read("--train", train, d)
    if d is None and source.weights is not None:
        raise InputError(f"--d: a number is needed, {train} does not say how many eigenvalues it has")
    spectrum = inputs.spectrum_of("--train", source, tolerance)
    size = spectrum.size if d is None else d
    full = Eigenvalues(in_dimension(spectrum, size))
    if not test:
        return full, size, {train: full.eigenvalues}
    return (
        full,
        size,
        {name: _along(full, source, form, tolerance) for name, form in inputs.named("--test", test).items()},
    )


def _along(full: Eigenvalues, train: Source, text: str, tolerance: float | None) -> np.ndarray:
    """A test covariance along the d eigenvectors of C_train, by the rules of `--test` elsewhere."""
    import numpy as np

    from taskalign import inputs
    from taskalign.numerics.alignment import coupled_in_order

    test = inputs.read("--test", text, full.size)
    if test.kind == "covariance":
        if train.kind != "covariance":
            raise InputError("--test: a matrix needs a --train that is a matrix too, with eigenvectors to see it along")
        return inputs.along_matrix(train, test, tolerance)[0]
    values, weights = inputs.eigenvalues_of("--test", test, tolerance), test.weights
    if weights is None and train.kind == "eigenvalues" and test.kind == "eigenvalues":
        # two lists go entry by entry, and an entry of a list covers as many directions as it has copies
        if values.size in (train.values.size, full.size) and full.size % values.size == 0:
            return np.repeat(values, full.size // values.size)
    elif weights is not None or values.size == full.size:
        shares = np.full(values.size, 1 / values.size) if weights is None else weights
        falling = np.argsort(-full.eigenvalues, kind="stable")
        return coupled_in_order(falling, full.weights, values, shares)
    raise InputError(f"--test: {text}: {values.size} eigenvalues do not fit --d {full.size}")


# --- what is printed ----------------------------------------------------------------------------------------------
def _rows(found: Simulation) -> list[dict[str, Any]]:
    """A row for each test: theory, mean and standard error of the runs, and how far they are apart."""
    theory, mean, sem = found.theory.total, found.mean, found.sem
    rows = []
    for place, name in enumerate(found.names):
        gap = mean[place] - theory[place]
        rows.append(
            {
                "test": name,
                "theory": theory[place],
                "simulation": mean[place],
                "standard_error": sem[place] if found.repeats > 1 else None,
                "deviation_standard_errors": gap / sem[place] if found.repeats > 1 else None,
                "deviation_percent": 100 * gap / theory[place],
            }
        )
    return rows


def _print(found: Simulation, train: str, as_json: bool) -> None:
    from taskalign.quantities import plain

    realised = {"d": len(found.eigenvalues), **found.parameters, **found.at_test, "repeats": found.repeats}
    if as_json:
        runs = {name: getattr(found, name) for name in _RUNS}
        values = {"train": train, "realised": realised, "tests": _rows(found), "runs": runs}
        print(json_.dumps(plain(values), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from taskalign.evaluation import title
    from taskalign.quantities import shown

    print(title({"train": train, **{name: shown(value) for name, value in realised.items()}}))
    lines: list[tuple[str, ...]] = [("test", "theory", "simulation", "s.e.", "deviation/s.e.", "deviation %")]
    for row in _rows(found):
        numbers = [_UNKNOWN if value is None else shown(value, _DIGITS) for value in list(row.values())[1:4]]
        apart, percent = row["deviation_standard_errors"], row["deviation_percent"]
        lines.append((row["test"], *numbers, _UNKNOWN if apart is None else f"{apart:+.2f}", f"{percent:+.2f}"))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells))


#: what JSON has of every run
_RUNS = ("errors", "train_task_errors", "fresh_task_errors", "rotated_task_errors", "train_errors", "profiles")
