"""Simulated points of a figure, each saved when it is finished, so that an interrupted figure goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskalign import __version__, files
from taskalign.numerics.errors import InputError
from taskalign.numerics.files import lock
from taskalign.progress import progress


@dataclass(frozen=True)
class Job:
    """One simulated point.

    Attributes:
        key: all that the outcome depends on; values that JSON knows.
        run: makes the outcome, a mapping of values that JSON knows.
    """

    key: Mapping[str, Any]
    run: Callable[[], Mapping[str, Any]]


@dataclass
class Points:
    """The finished points of one figure: in memory, and in a file of one JSON object a line.

    Args:
        path: of the file; none keeps the points in memory alone.

    Raises:
        InputError: the file cannot be read or written.
    """

    path: Path | None = None
    finished: int = 0
    asked: int = 0
    _saved: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.path is None or not self.path.exists():
            return
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError as error:
            raise InputError(f"--out: {self.path}: {error.strerror or error}") from None
        damaged = False
        for place, line in enumerate(lines, 1):
            found = _parsed(line)
            if found is None:
                damaged = True
                print(f"taskalign: {self.path}: line {place} is damaged, its point is computed again", file=sys.stderr)
            else:
                self._saved[found[0]] = found[1]
        if damaged:  # whole again, so that a line can be added
            text = "".join(_line(key, outcome) for key, outcome in self._saved.items())
            files.write("--out", self.path, text)

    def run(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        """The outcomes of all jobs, in their order; those that are saved are not run again.

        Raises:
            InputError: the file cannot be written, or another run is writing it.
            KeyboardInterrupt: what was finished is saved.
        """
        keys = [_digest(_text({"version": __version__, **job.key})) for job in jobs]
        done = len([key for key in keys if key in self._saved])
        self.asked += len(keys)
        self.finished += done
        with progress(len(keys)) as show, self._file() as keep:
            show(done)
            for key, job in zip(keys, jobs, strict=True):
                if key not in self._saved:
                    # as JSON reads it, so that a figure is the same from saved points
                    outcome = json.loads(_text(job.run()))
                    keep(_line(key, outcome))
                    self._saved[key] = outcome
                    self.finished += 1
                    done += 1
                    show(done)
        return [self._saved[key] for key in keys]

    @contextmanager
    def _file(self) -> Iterator[Callable[[str], None]]:
        if self.path is None:
            yield lambda line: None
            return
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                lock(stream)

                def keep(line: str) -> None:
                    stream.write(line)
                    stream.flush()

                yield keep
        except BlockingIOError:
            raise InputError(f"--out: {self.path}: another run is making this figure, choose another folder") from None
        except OSError as error:
            raise InputError(f"--out: {self.path}: {error.strerror or error}") from None


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _check(key: str, outcome: Any) -> str:
    return _digest(f"{key} {_text(outcome)}")


def _line(key: str, outcome: Any) -> str:
    return _text({"check": _check(key, outcome), "key": key, "outcome": outcome}) + "\n"


def _parsed(line: bytes) -> tuple[str, Any] | None:
    """Key and outcome of a line; None if it is not as it was written."""
    try:
        read = json.loads(line)
        key, outcome = read["key"], read["outcome"]
        return (key, outcome) if read["check"] == _check(key, outcome) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
