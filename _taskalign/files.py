"""Writing files so that an interruption leaves either the old one or the new one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from taskalign.numerics.errors import InputError
from taskalign.numerics.files import whole_file


def check_folder(option: str, path: Path) -> None:
    """Raise unless a folder is there or can be made, and written, so far as that can be seen beforehand.

    Raises:
        InputError: it is a file, or it cannot be made or written.
    """
    if os.path.lexists(path) and not path.is_dir():
        raise InputError(f"{option}: {path} is a file, must be a folder")
    there = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
    if not there.is_dir():
        raise InputError(f"{option}: {path}: Not a directory")
    _may_write(option, path, there)


def folder(option: str, path: Path) -> Path:
    """The folder, made if it is not there.

    Raises:
        InputError: as in `check_folder`.
    """
    check_folder(option, path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option}: {path}: {error.strerror or error}") from None
    return path


def check_file(option: str, path: Path) -> None:
    """Raise unless a file can be written there, so far as that can be seen beforehand.

    Raises:
        InputError: it is a folder, or its folder is not there or cannot be written.
    """
    if not path.name or path.is_dir():
        raise InputError(f"{option}: {path} is a folder, must be a file")
    if _is_special(path):
        return
    parent = _target(path).parent
    if not parent.is_dir():
        raise InputError(f"{option}: {path}: {'Not a directory' if parent.exists() else f'{parent} is no folder'}")
    _may_write(option, path, parent)


def write(option: str, path: Path, content: str | bytes) -> None:
    """Write a file whole: under another name first, then put in its place; a device or a pipe is written to.

    Raises:
        InputError: it cannot be written.
    """
    # names of files may hold bytes that are no text
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    check_file(option, path)
    try:
        if _is_special(path):
            # a file that is standard output is written where that stands
            sys.stdout.flush()
            with open(os.dup(1), "wb") if os.path.samestat(path.stat(), os.fstat(1)) else path.open("ab") as file:
                file.write(data)
            return
        with whole_file(_target(path)) as beside:
            beside.write_bytes(data)
    except OSError as error:
        raise InputError(f"{option}: {path}: {error.strerror or error}") from None


def _is_special(path: Path) -> bool:
    """Whether it is a device, a pipe or a socket, or a file by way of /dev/stdout: nothing may be put in its place."""
    return path.exists() and not path.is_dir() and (not path.is_file() or path.absolute().parts[:2] == ("/", "dev"))


def _target(path: Path) -> Path:
    """The file itself, behind links."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _may_write(option: str, path: Path, parent: Path) -> None:
    if not os.access(parent, os.W_OK | os.X_OK):
        read_only = hasattr(os, "statvfs") and os.statvfs(parent).f_flag & os.ST_RDONLY
        raise InputError(f"{option}: {path}: {'Read-only file system' if read_only else 'Permission denied'}")
