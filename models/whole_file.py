"""Files that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, put in its place at the end: an interruption leaves the old file.

    Raises:
        OSError: it cannot be put in place.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        beside.replace(path)
    except BaseException:
        with suppress(OSError):  # it may not be there, nor its folder
            beside.unlink()
        raise
