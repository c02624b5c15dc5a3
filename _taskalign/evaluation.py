"""The command `evaluate`: the theory at one point, to any number of digits, or over a product of ranges."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from taskalign.console import note
from taskalign.inputs import Tasks
from taskalign.numerics import IclError, InputError, icl_error
from taskalign.numerics.ordering import ordering_at
from taskalign.numerics.precise import precise
from taskalign.numerics.solvers import plain_below
from taskalign.quantities import ORDERING, QUANTITIES, Quantity, evaluated, of, ordered, plain, shown
from taskalign.values import MOST_POINTS, exact, is_several, number, numbers

#: points x eigenvalues from which it pays to load the compiled kernel for one evaluation
_PLAIN_BELOW = 100_000
#: decimal places that a table shows beyond which `--json` is the place to look
_DIGITS = 12
#: what is infinite at tau = 1 without a ridge
DIVERGING = frozenset({"q", "Qbar", "e_scalar", "e_misalign", "e_icl"})


def is_grid(texts: Mapping[str, str | None]) -> bool:
    """Whether any parameter is a list or a range."""
    return any(is_several(text) for text in texts.values() if text is not None)


def option(name: str) -> str:
    """The option of a parameter: `alpha_test` is `--alpha-test`."""
    return "--" + name.replace("_", "-")


def parameters(texts: Mapping[str, str | None]) -> dict[str, Any]:
    """The parameters as numbers; lists and ranges as arrays of which each has an axis of its own.

    Raises:
        InputError: naming the option.
    """
    given = {name: numbers(option(name), text) for name, text in texts.items() if text is not None}
    ranges = [name for name, value in given.items() if isinstance(value, np.ndarray)]
    points = int(np.prod([np.size(given[name]) for name in ranges], dtype=float))
    if points > MOST_POINTS:
        raise InputError(f"{option(ranges[-1])}: the ranges make {points} points, at most {MOST_POINTS} are allowed")
    for axis, name in enumerate(ranges):
        shape = [1] * len(ranges)
        shape[axis] = -1
        given[name] = np.reshape(given[name], shape)
    return given


def single_parameters(texts: Mapping[str, str | None]) -> dict[str, float]:
    """The parameters as numbers, where lists and ranges are not allowed.

    Raises:
        InputError: naming the option.
    """
    return {name: number(option(name), text) for name, text in texts.items() if text is not None}


def at_points(tasks: Tasks, given: Mapping[str, Any]) -> IclError:
    """The error at one point, or over a grid.

    Raises:
        InputError, ConvergenceError: as in `taskalign.icl_error`.
    """
    return icl_error(tasks.spectrum, tasks.test, **given)


# --- one point --------------------------------------------------------------------------------------------------
def point_values(tasks: Tasks, given: Mapping[str, Any]) -> dict[str, Any]:
    """Quantities and ordering at one point."""
    with plain_below(_PLAIN_BELOW):
        error = at_points(tasks, given)
        found = ordered(ordering_at(error.fixed_point))
    return {"inputs": _inputs(tasks, given), "quantities": evaluated(error), "ordering": found}


def precise_values(tasks: Tasks, texts: Mapping[str, str | None], digits: int) -> dict[str, Any]:
    """Quantities at one point as decimal strings; parameters are taken as they are written, 0.1 as one tenth.

    Raises:
        InputError: naming the argument.
    """
    from mpmath import nstr

    given: dict[str, Any] = {name: exact(option(name), text) for name, text in texts.items() if text is not None}
    at_test = {name: given.pop(name) for name in ("alpha_test", "rho_test") if name in given}
    point = precise(tasks.spectrum, **given, digits=digits)
    error = point.icl_error(tasks.test.tolist(), **at_test)
    values = {name: nstr(value, digits, strip_zeros=False) for name, value in of(point, error).items()}
    said = {name: text for name, text in texts.items() if text is not None}
    return {"inputs": _inputs(tasks, said) | {"digits": digits}, "quantities": values}


def _inputs(tasks: Tasks, given: Mapping[str, Any]) -> dict[str, Any]:
    test = None if tasks.test_source is None else tasks.test_source.text
    return {"train": tasks.train_source.text, "test": test, **given}


def as_json(values: Mapping[str, Any]) -> str:
    """JSON with all digits; infinite values are the string "inf"."""
    return json.dumps(plain(values), indent=1, ensure_ascii=False, allow_nan=False)


def title(given: Mapping[str, Any]) -> str:
    """The inputs in one line."""
    return "  ".join(f"{name} {value}" for name, value in given.items() if value is not None)


def table_rows(values: Mapping[str, Any]) -> list[tuple[Quantity, str]]:
    """Each quantity with its value as text."""
    found = [(quantity, values["quantities"][quantity.name]) for quantity in QUANTITIES]
    if "ordering" in values:
        found += [(quantity, values["ordering"][quantity.name]) for quantity in ORDERING]
    return [(quantity, value if isinstance(value, str) else shown(value, _DIGITS)) for quantity, value in found]


# --- a grid -----------------------------------------------------------------------------------------------------
def grid_rows(tasks: Tasks, given: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns, and a row for each point of the product of the ranges, the last range fastest."""

    def columns(points: Mapping[str, Any]) -> dict[str, Any]:
        error = at_points(tasks, points)
        return evaluated(error) | ordered(ordering_at(error.fixed_point))

    return rows_of(given, columns, DIVERGING)


def rows_of(
    given: Mapping[str, Any], columns: Callable[[Mapping[str, Any]], dict[str, Any]], diverging: Collection[str]
) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns, and a row for each point of the product of the ranges, the last range fastest.

    At tau = 1 without a ridge, `diverging` columns are infinite, and all others have one value for tau >= 1; that is
    what the rows there say, and a line on standard error.
    """
    tau, ridge = np.asarray(given["tau"]), np.asarray(given["ridge"])
    infinite = (tau == 1) & (ridge == 0) if tau.ndim else np.asarray(False)
    # tau and ridge may have axes of their own: a point with a ridge stays where it is
    moved = {**given, "tau": np.where(infinite, 2.0, tau)} if infinite.any() else given
    found = columns(moved)
    shape = np.broadcast_shapes(*(np.shape(column) for column in (*given.values(), *found.values())))
    if infinite.any():
        found = {
            # what is zero, such as the error of no tasks, stays zero
            name: np.where(infinite & (np.asarray(x) != 0), np.inf, x) if name in diverging else x
            for name, x in found.items()
        }
        note(f"--tau: 1 without a ridge has no finite error, {', '.join(sorted(diverging))} are inf: give a --ridge")
    flat = [np.broadcast_to(column, shape).ravel().tolist() for column in (*given.values(), *found.values())]
    return [*given, *found], [list(row) for row in zip(*flat, strict=True)]


def as_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV with a header line; floats with all their digits."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return stream.getvalue()


def as_json_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """JSON: a list with an object for each row, one a line."""
    objects = (json.dumps(plain(dict(zip(names, row, strict=True))), allow_nan=False) for row in rows)
    return "[\n" + ",\n".join(objects) + "\n]"
