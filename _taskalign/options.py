"""The command line's application, and the options that commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, Token

from taskalign import __version__
from taskalign.numerics.errors import InputError
from taskalign.values import number, whole

_HELP = """Theory of in-context learning: how the alignment of pretraining and test tasks governs the error.

Spectra (--train, --test) are a file or a short form.

.npy, .csv or .txt: a square matrix is a covariance,
a column (or one row) holds eigenvalues. Text is read as R,
pandas, NumPy and spreadsheets save it, with headers, labels
and comments after #; what has two readings is refused.

Numbers are decimals or fractions: 2, 0.5, 1e-3, 3/2. Where
many are allowed: a list 0.2,1,10, or LOW:HIGH:COUNT[:log].

power:EXPONENT[:D[:TRACE]]     eigenvalues ~ 1/j^EXPONENT
lowrank:FRACTION[:TRACE]       a share of equal ones, others 0
iso[:TRACE]                    all equal
spike:INDEX[:MIX[:D[:TRACE]]]  one direction, counted from 0;
                               a share MIX spread over all
TRACE is the mean eigenvalue, 1 if not given; D is 128.

A --test in short form has the length of --train and lies
along its eigenvectors, from the largest eigenvalue down.
A column of test eigenvalues goes entry by entry with a
column, from the largest eigenvalue down with a matrix.

Exit codes: 0 done, 1 a check failed, 2 bad input,
130 interrupted.
"""

app = App(
    name="taskalign",
    help=_HELP,
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)


class CheckFailed(Exception):
    """A check that the command made came out negative: exit code 1."""


def _whole(type_: type, tokens: Sequence[Token]) -> int:
    """A whole number as it is written; cyclopts by itself rounds 1.5 to 2."""
    [token] = tokens
    return whole(token.keyword or "argument", token.value)


def _path(type_: type, tokens: Sequence[Token]) -> Path:
    """A path to write to; an empty one, which pathlib takes for the current folder, is a variable that was not set."""
    [token] = tokens
    if not token.value.strip():
        raise InputError(f"{token.keyword}: {token.value!r} is not allowed, must be a path")
    return Path(token.value)


Whole = Annotated[int, Parameter(converter=_whole)]
WholeIfGiven = Annotated[int | None, Parameter(converter=_whole)]
PathGiven = Annotated[Path, Parameter(converter=_path)]
PathIfGiven = Annotated[Path | None, Parameter(converter=_path)]

Spectrum = Annotated[str, Parameter(help="Pretraining tasks: covariance or eigenvalues, a file or a short form.")]
Test = Annotated[
    str | None, Parameter(help="Test tasks, likewise. If not given, tasks of the pretraining distribution.")
]
Alpha = Annotated[str, Parameter(help="Context length per dimension, l/d.")]
Tau = Annotated[str, Parameter(help="Pretraining contexts per squared dimension, n/d^2.")]
Kappa = Annotated[str, Parameter(help="Pretraining tasks per dimension, k/d.")]
Rho = Annotated[str, Parameter(help="Variance of the label noise.")]
Ridge = Annotated[str, Parameter(help="Explicit ridge; 0 is the limit of a vanishing one.")]
AlphaTest = Annotated[
    str | None, Parameter(help="Context length per dimension at test; that of pretraining if not given.")
]
RhoTest = Annotated[
    str | None, Parameter(help="Variance of the label noise at test; that of pretraining if not given.")
]

Tolerance = Annotated[
    str | None,
    Parameter(
        help="What rounding did to a matrix or to eigenvalues, relative to the largest eigenvalue; by the digits of"
        " the file if not given."
    ),
]


def read_tolerance(text: str | None) -> float | None:
    """The value of `--tolerance`.

    Raises:
        InputError: not a number in [0, 1).
    """
    value = None if text is None else number("--tolerance", text)
    if value is not None and not 0 <= value < 1:
        raise InputError(f"--tolerance: {value} is not allowed, must be in [0, 1)")
    return value
