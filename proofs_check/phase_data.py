"""Phase diagrams as JSON files: corners of boxes as the exact rationals that they are, a row a box."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics.errors import InputError
from .box import BoxVerdict, Part
from .box_sign import AXES, Box
from .phase import PhaseDiagram

_FORMAT = "taskalign phase diagram 1"
#: digits of the border and the curve, which are of double precision
_DIGITS = 9


def save(diagram: PhaseDiagram, path: Path) -> None:
    """Write a diagram; the same diagram gives the same bytes."""
    Path(path).write_text(as_json(diagram), encoding="utf-8")


def as_json(diagram: PhaseDiagram) -> str:
    """The text of the file: rows of boxes are alpha from, to, tau from, to, status, how it was proved."""
    box = diagram.verdict.box
    head = {
        "format": _FORMAT,
        **{name: [exact_text(end) for end in ends] for name, ends in zip(AXES, box.intervals, strict=True)},
        "shares": {name: getattr(diagram, name) for name in ("decided", "holds", "fails", "above_tau_order")},
        "eigenvalues": [exact_text(value) for value in diagram.eigenvalues],
        "weights": [exact_text(value) for value in diagram.weights],
        "tolerance": exact_text(diagram.tolerance),
        "border": [_points(line) for line in diagram.border],
        "tau_order": _points(diagram.tau_order),
    }
    rows = [
        [*(exact_text(end) for ends in (part.box.alpha, part.box.tau) for end in ends), part.status, part.by]
        for part in diagram.verdict.parts
    ]
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    boxes = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    return "{\n" + ",\n".join([*lines, f'"boxes": [\n{boxes}\n]']) + "\n}\n"


def load(path: Path) -> PhaseDiagram:
    """Read a diagram; what it says was proved is taken as it stands.

    Raises:
        InputError: not such a file.
    """
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ValueError(f"format {found['format']!r}")
        box = Box(**{name: _interval(found[name]) for name in AXES})
        parts = tuple(_part(row, box) for row in found["boxes"])
        return PhaseDiagram(
            eigenvalues=tuple(map(Fraction, found["eigenvalues"])),
            weights=tuple(map(Fraction, found["weights"])),
            verdict=BoxVerdict(box, parts),
            border=tuple(np.array(line, dtype=float) for line in found["border"]),
            tau_order=np.array(found["tau_order"], dtype=float),
            tolerance=Fraction(found.get("tolerance", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"path: {path} is no phase diagram: {error}") from None


def exact_text(value: Fraction) -> str:
    """A decimal where that is the number exactly, else p/q."""
    denominator, places = value.denominator, 0
    while denominator % 10 == 0:
        denominator, places = denominator // 10, places + 1
    for factor in (2, 5):
        while denominator % factor == 0:
            denominator, places = denominator // factor, places + 1
    if denominator != 1 or places > 30:
        return str(value)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _interval(ends: list[str]) -> tuple[Fraction, Fraction]:
    low, high = map(Fraction, ends)
    return low, high


def _part(row: list[str], whole: Box) -> Part:
    box = Box(_interval(row[:2]), _interval(row[2:4]), whole.kappa, whole.rho)
    return Part(box, row[4], row[5], box.share(whole))


def _points(line: np.ndarray) -> list[list[float]]:
    return [[float(f"{x:.{_DIGITS}g}") for x in point] for point in line]
