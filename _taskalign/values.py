"""Numbers as options and files have them: one syntax, a number, a list `0.2,1,10` or a range `LOW:HIGH:COUNT[:log]`.

A number is a decimal (`2`, `-0.5`, `1e-3`) or a fraction of whole numbers (`3/2`), in ASCII digits, without blanks,
underscores or leading zeros. `inf` is a number too; what takes it says so. A number other than zero that double
precision cannot hold (1e400, 1e-400) is refused.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from taskalign.numerics.errors import InputError

if TYPE_CHECKING:
    import numpy as np

#: most points of a range, and of a product of ranges
MOST_POINTS = 1_000_000
#: most characters of a number; Python reads no more digits
_LONGEST = 4000

_WHOLE = r"(?:0|[1-9][0-9]*)"
DECIMAL = re.compile(rf"[+-]?(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_FRACTION = re.compile(rf"[+-]?{_WHOLE}/[1-9][0-9]*")
_INTEGER = re.compile(rf"[+-]?{_WHOLE}")
SYNTAX = "a number such as 2, 0.5, 1e-3 or 3/2"
FORMS = "a number, a list such as 0.2,1,10 or a range LOW:HIGH:COUNT[:log]"


def shorten(text: str) -> str:
    """A text as messages quote it: in one line, not longer than a line."""
    return repr(text if len(text) <= 40 else text[:36] + " ...")


def parsed(text: str) -> float | None:
    """The double nearest to a number; -0 is 0; None where the text is none.

    Raises:
        InputError: the number is too large, too small or too long for double precision.
    """
    if len(text) <= _LONGEST and DECIMAL.fullmatch(text):
        value = float(text)
        if math.isinf(value) or (value == 0 and re.split("[eE]", text)[0].strip("+-0.")):
            raise InputError(f"{shorten(text)} is beyond double precision")
        return value + 0.0
    if len(text) <= _LONGEST and _FRACTION.fullmatch(text):
        try:
            exact = Fraction(text)
            value = float(exact)
        except OverflowError:
            raise InputError(f"{shorten(text)} is beyond double precision") from None
        if value == 0 and exact != 0:
            raise InputError(f"{shorten(text)} is beyond double precision")
        return value
    if text in ("inf", "+inf"):
        return math.inf
    if text == "-inf":
        return -math.inf
    return None


def number(option: str, text: str) -> float:
    """One number, rounded once to double precision.

    Raises:
        InputError: naming the option.
    """
    try:
        value = parsed(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    if value is None:
        if text.lower() == "nan":
            raise InputError(f"{option}: nan is not allowed, must be {SYNTAX}")
        if is_several(text):
            raise InputError(f"{option}: {shorten(text)} is more than one value, must be {SYNTAX}")
        raise InputError(f"{option}: {not_a_number(text)}")
    return value


def not_a_number(text: str) -> str:
    """Why a text is no number, and how one is written where the text has digits."""
    hint = f", must be {SYNTAX}" if any(map(str.isdigit, text)) else ""
    return f"{shorten(text)} is not a number{hint}"


def exact(option: str, text: str) -> Fraction | float:
    """One number exactly as it is written, 0.1 as one tenth; an infinite one as a float.

    Raises:
        InputError: naming the option.
    """
    value = number(option, text)
    return Fraction(text) if math.isfinite(value) else value


def is_several(text: str) -> bool:
    """Whether a text is a list or a range."""
    return "," in text or ":" in text


def numbers(option: str, text: str) -> float | np.ndarray:
    """One number; or the entries of a list, or the points of a range with both ends, shape `(n,)`.

    A range is linear unless it says `log`.

    Raises:
        InputError: naming the option.
    """
    import numpy as np

    if not is_several(text):
        return number(option, text)
    if ":" not in text:
        entries = listed(option, text)
        _few(option, len(entries))
        return np.array([number(option, entry) for entry in entries])
    start, *rest = text.split(":")
    if len(rest) not in (2, 3) or rest[2:] not in ([], ["log"]) or "," in text:
        raise InputError(f"{option}: {shorten(text)} is no range, must be {FORMS}")
    first, last = number(option, start), number(option, rest[0])
    count = whole(option, rest[1], 1)
    _few(option, count)
    if not math.isfinite(last - first):
        raise InputError(f"{option}: the ends of {shorten(text)} must be finite")
    if count == 1 and first != last:
        raise InputError(f"{option}: {shorten(text)} has two ends and one point, must have at least 2 points")
    if len(rest) == 2:
        return np.linspace(first, last, count)
    if min(first, last) <= 0:
        raise InputError(f"{option}: the ends of the logarithmic range {shorten(text)} must be > 0")
    return np.geomspace(first, last, count)


def listed(option: str, text: str) -> list[str]:
    """The entries of a list that commas separate.

    Raises:
        InputError: naming the option; an entry is empty.
    """
    entries = text.split(",")
    if not all(entry.strip() for entry in entries):
        what = "an empty list" if not text.strip(" ,") else f"an empty entry in {shorten(text)}"
        raise InputError(f"{option}: {what} is not allowed, must be entries separated by commas")
    return entries


def whole(option: str, text: str, least: int | None = None) -> int:
    """A whole number, digits alone.

    Raises:
        InputError: naming the option.
    """
    if len(text) > _LONGEST or not _INTEGER.fullmatch(text):
        raise InputError(f"{option}: {shorten(text)} is not a whole number")
    value = int(text)
    if least is not None and value < least:
        raise InputError(f"{option}: {value} is not allowed, must be a whole number >= {least}")
    return value


def _few(option: str, count: int) -> None:
    if count > MOST_POINTS:
        raise InputError(f"{option}: {count} points are too many, at most {MOST_POINTS}")
