"""Files that are written whole or not at all, and locks that fall with the process that holds them."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(path: Path, beside: Path | None = None) -> Iterator[Path]:
    """A path to write to, which is put in the place of `path` at the end, and on the disk.

    An interruption, also of the machine, leaves the old file or the new one.

    Args:
        path: of the file.
        beside: what to write to, in the same folder; `.NAME.part` if not given.

    Raises:
        OSError: it cannot be put in place.
    """
    beside = path.with_name(f".{path.name}.part") if beside is None else beside
    try:
        yield beside
        _to_disk(beside)
        beside.replace(path)
        _to_disk(path.parent)
    except BaseException:
        with suppress(OSError):  # it may not be there, nor its folder
            beside.unlink()
        raise


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # what file systems say that cannot
            raise
    finally:
        os.close(handle)


def lock(file: int | IO[str]) -> None:
    """Hold an open file alone until it is closed, or its process ends, however that ends.

    Raises:
        BlockingIOError: another holds it.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
