"""Tables of numbers in text files as programs and people save them: R, pandas, NumPy, spreadsheets.

Read are header lines (words, two at most), a column of labels or of row numbers, quotes, a trailing delimiter,
comments after `#`, and decimal commas where semicolons or tabs part the fields. What has two readings is refused in
one line that names the line, the field and the way on.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from dataclasses import dataclass
from itertools import pairwise

from taskalign.numerics.errors import InputError
from taskalign.values import DECIMAL, not_a_number, parsed, shorten

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
#: a comment begins with #, which is not that of a spreadsheet's error
_ERRORS = r"N/A|DIV/0!|NUM!|REF!|VALUE!|NAME\?|NULL!"
_COMMENT = re.compile(rf'((?:[^"#]|"[^"]*"|#(?={_ERRORS}))*)#(?!{_ERRORS}).*')
_BLANKS = re.compile(r'("[^"]*")| +')
_QUOTED = re.compile(r'"[^"]*"')
#: how programs write that a value is missing: never the name of a column
_MISSING = {"", "-", "--", "?", ".", "na", "n/a", "#n/a", "<na>", "nan", "+nan", "-nan", "null", "nil", "none"}
_MISSING |= {"missing", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "nat"}
_WHOLE = re.compile(r"[0-9]+")
#: letters that are taken for digits
_ALIKE = str.maketrans("OoIl", "0011")
#: groups of three digits, which may be thousands
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
#: most header lines: names, and units
_HEADERS = 2
#: a table with fewer significant digits than this is taken as it is written, not as rounded
_ROUNDED = 4
#: the most significant digits that single precision needs
_SINGLE = 9


@dataclass(frozen=True)
class Row:
    """A line of a table: its place in the file, its fields as text, and the place of the first; counted from 1."""

    line: int
    fields: list[str]
    first: int = 1

    def __getitem__(self, part: slice) -> Row:
        return Row(self.line, self.fields[part], self.first + (part.start or 0))


@dataclass(frozen=True)
class Table:
    """Numbers of a file.

    Attributes:
        values: rows of one length.
        half_unit: half a unit of the last digit written, of the entries with the most significant digits; 0 where
            these are few or all numbers are whole. Numbers that a program rounded have the same count of decimals or
            of significant digits, but for zeros at the end that some programs drop, and for short ones that are exact.
        is_single: whether no entry has more digits than single precision is written with.
    """

    values: list[list[float]]
    half_unit: float
    is_single: bool


def read_table(content: bytes) -> Table:
    """The numbers of a text file.

    Raises:
        InputError: naming the line and the field.
    """
    headers, rows = _headers(_split(_lines(_decoded(content))))
    rows = _without_labels(headers, _without_trailing(rows))
    values, digits, half = _numbers(rows)
    down, right = _counting(rows, headers)
    values, rows = [row[right:] for row in values[down:]], [row[right:] for row in rows[down:]]
    if len(rows[0].fields) == 1 and len(rows) > 1 and not headers:
        _refuse_numeric_name(rows[0], [row[0] for row in values], [row.fields[0] for row in rows])
    return Table(values, half if digits >= _ROUNDED else 0.0, _ROUNDED <= digits <= _SINGLE)


# --- text to fields -----------------------------------------------------------------------------------------------
def _decoded(content: bytes) -> str:
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", ""))
    try:
        text = content[len(mark) :].decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if mark:
            raise InputError("not a text file") from None
        text = content.decode("latin-1")  # its letters can only stand in names; numbers are ASCII
    if _CONTROL.search(text):
        raise InputError("not a text file")
    return text


def _lines(text: str) -> list[tuple[int, str]]:
    """Lines that hold something, with their places; comments are gone."""
    lines = []
    for place, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        commented = _COMMENT.fullmatch(line)
        # tabs at the ends may part empty fields
        rest = (commented[1] if commented else line).strip(" \f\v")
        if rest.strip():
            lines.append((place, rest))
    return lines


def _split(lines: list[tuple[int, str]]) -> list[Row]:
    if not lines:
        raise InputError("holds no numbers")
    delimiter = ""
    if re.fullmatch(r'"?sep=."?', lines[0][1].strip(), re.IGNORECASE):  # how spreadsheets say it
        delimiter = lines[0][1].strip().strip('"')[-1]
        if delimiter not in ";,\t|":
            raise InputError(
                f"line {lines[0][0]}: {delimiter!r} parts no fields here, must be a comma, a semicolon or a tab"
            )
        lines = lines[1:]
    elif re.fullmatch(r"sep=", lines[0][1].strip(), re.IGNORECASE):
        delimiter, lines = "\t", lines[1:]
    delimiter = delimiter or _delimiter([line for _, line in lines])
    rows = []
    for place, line in lines:
        if delimiter == " ":
            line = _BLANKS.sub(lambda match: match[1] or " ", line)
        try:
            fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True))
        except csv.Error as error:
            raise InputError(f"line {place}: {error}") from None
        fields = [field.strip() for field in fields]
        if any(fields):  # spreadsheets write the delimiters of empty lines
            rows.append(Row(place, fields))
    return rows if delimiter in ", " else _with_points(rows)


def _delimiter(lines: list[str]) -> str:
    """What parts the fields: the first of semicolon, tab, comma and blank that stands in a line of numbers."""
    bare = [_QUOTED.sub("0", line) for line in lines]
    # words may hold commas and blanks, so lines of numbers come first
    numeric = [line for line in bare if not re.search(r"[^0-9eE+\-.,;\s]", line)]
    return next((mark for mark in ";\t," if any(mark in line for line in numeric or bare)), " ")


def _with_points(rows: list[Row]) -> list[Row]:
    """Decimal commas as points, where all numbers are written so.

    Raises:
        InputError: a comma may part thousands, or fields.
    """
    with_comma = [(row, k) for row in rows for k, field in enumerate(row.fields) if _comma(field)]
    if not with_comma:
        return rows
    row, k = with_comma[0]
    said = f"line {row.line}, field {k + 1}: {shorten(row.fields[k])}"
    points = [row for row in rows for field in row.fields if "." in field and DECIMAL.fullmatch(field)]
    if points:
        raise InputError(f"{said} has a decimal comma, line {points[0].line} a decimal point: write points alone")
    if all(_THOUSANDS.fullmatch(row.fields[k]) for row, k in with_comma):
        raise InputError(f"{said} may be a decimal comma or part thousands: write a decimal point, and no other commas")
    if len(rows) == 1 and len(rows[0].fields) > 1:
        raise InputError(
            f"{said} may be a number with a decimal comma or a row of a matrix: write decimal points,"
            " and a row of a matrix in each line"
        )
    return [
        Row(row.line, [field.replace(",", ".") if _comma(field) else field for field in row.fields]) for row in rows
    ]


def _comma(field: str) -> bool:
    return field.count(",") >= 1 and all(c in "0123456789+-,eE" for c in field)


# --- fields to numbers --------------------------------------------------------------------------------------------
def _is_word(field: str) -> bool:
    """Whether a field can only be a name: not a missing or a damaged number, such as 2.0.1, $2 or O.5."""
    if not any(map(str.isdigit, field)):
        return field.lower() not in _MISSING and not field.startswith("#")
    return (field[0].isalpha() or field[0] == "_") and DECIMAL.fullmatch(field.translate(_ALIKE)) is None


def _numbers(rows: list[Row]) -> tuple[list[list[float]], int, float]:
    """The values, the most significant digits, and half a unit of the last one, see `Table`.

    Raises:
        InputError: naming the line and the field.
    """
    values, most, half = [], 0, 0.0
    for row in rows:
        if len(row.fields) != len(rows[0].fields):
            said = f"the first {len(rows[0].fields)} (line {rows[0].line})"
            raise InputError(f"line {row.line} holds {len(row.fields)} numbers, {said}")
        found = []
        for place, field in enumerate(row.fields, row.first):
            found.append(_number(row.line, place, field))
            digits, own = _last_digit(field)
            if digits > most or (digits == most and own > half):
                most, half = digits, own
        values.append(found)
    return values, most, half


def _last_digit(field: str) -> tuple[int, float]:
    """Count of significant digits, and half a unit of the last one; zeros for a whole number or a fraction."""
    mantissa, _, exponent = field.lower().partition("e")
    whole, point, decimals = mantissa.partition(".")
    if "/" in field or not (point or exponent):
        return 0, 0.0
    return len((whole.lstrip("+-") + decimals).lstrip("0")), float(f"5e{int(exponent or 0) - len(decimals) - 1}")


def _number(line: int, place: int, field: str) -> float:
    try:
        value = parsed(field)
    except InputError as error:
        raise InputError(f"line {line}, field {place}: {error}") from None
    if field == "":
        raise InputError(f"line {line}, field {place} is empty")
    if value is None:
        raise InputError(f"line {line}, field {place}: {not_a_number(field)}")
    if value in (math.inf, -math.inf):
        raise InputError(f"line {line}, field {place}: {shorten(field)} is not allowed, must be finite")
    return value


def _headers(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Leading lines of words, and the rest; an empty field is the corner above labels."""
    count = 0
    while count < min(_HEADERS, len(rows)) and _is_header(rows[count].fields):
        count += 1
    headers, rest = rows[:count], rows[count:]
    if not rest:
        raise InputError("holds no numbers")
    if not headers and len(rest) > 2 and _counts(rest[0].fields[1:]) and rest[0].fields[0] == "":
        # pandas: an empty corner and the numbers of the columns
        headers, rest = rest[:1], rest[1:]
    return headers, rest


def _is_header(fields: list[str]) -> bool:
    named = [field for field in fields if field]
    return bool(named) and all(map(_is_word, named))


def _counts(fields: list[str]) -> bool:
    """Whether fields are 0, 1, 2, ... or 1, 2, 3, ..., as programs number lines and columns."""
    numbers = [int(field) if _WHOLE.fullmatch(field) and len(field) < 10 else -1 for field in fields]
    return bool(numbers) and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _without_trailing(rows: list[Row]) -> list[Row]:
    """Without the empty last field that a delimiter at the end of every line makes."""
    if all(len(row.fields) > 1 and row.fields[-1] == "" for row in rows):
        return [row[:-1] for row in rows]
    return rows


def _without_labels(headers: list[Row], rows: list[Row]) -> list[Row]:
    """Without a first column of names, or of what an empty corner or a header shorter by one says are names."""
    width = len(rows[0].fields)
    if width == 1 or any(len(row.fields) != width for row in rows):
        return rows
    named = all(_is_word(row.fields[0]) for row in rows)
    first = headers[0].fields if headers else []
    corner = bool(first) and (len(first) == width - 1 or (len(first) >= width and first[0] == ""))
    return [row[1:] for row in rows] if named or corner else rows


def _counting(rows: list[Row], headers: list[Row]) -> tuple[int, int]:
    """How many first lines and columns only number the columns and the lines.

    Raises:
        InputError: they may also be values.
    """
    high, wide, first = len(rows), len(rows[0].fields), rows[0]
    said = f"line {first.line}, field {first.first}: {shorten(first.fields[0])}"
    if high == wide + 1 and wide > 1 and not headers and all(map(_WHOLE.fullmatch, first.fields)):
        if _counts(first.fields):
            return 1, 0
        raise InputError(f"{said} may be a number or the name of a column: take the line out if it holds names")
    if wide == 1 or high == 1 or not _counts([row.fields[0] for row in rows]):
        return 0, 0
    whole = all(_WHOLE.fullmatch(row.fields[1]) for row in rows)
    if wide == high == 2 and not whole:
        raise InputError(
            f"{said} may be a number or count the lines: write it with a decimal point, or take the column out"
        )
    if wide == 2 and high > 2 and whole and not headers:
        raise InputError(
            f"{said} may count the lines or stand before a decimal comma: take the column out, or write decimal points"
        )
    return 0, 1 if wide == high + 1 or (wide == 2 and high > 2) else 0


def _refuse_numeric_name(row: Row, values: list[float], fields: list[str]) -> None:
    """Raise where the first entry of a column may be its name: 0 from pandas, or a year."""
    first, others = fields[0], fields[1:]
    if not _WHOLE.fullmatch(first):
        return
    rising = all(a <= b for a, b in pairwise(values))
    falling = all(a >= b for a, b in pairwise(values))
    alone = not any(map(_WHOLE.fullmatch, others))
    if first == "0":
        doubtful = alone or not rising
    elif re.fullmatch("(19|20)[0-9][0-9]", first):
        doubtful = alone or values[0] > 10 * max(values[1:])
    else:
        doubtful = alone and not (rising or falling)
    if doubtful:
        raise InputError(
            f"line {row.line}, field {row.first}: {shorten(first)} may be a number or the name of the column:"
            f" write {first}.0 if it is a number, or take the line out"
        )
