"""Writing files so that an interruption leaves either the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

from taskalign.numerics.errors import InputError
from taskalign.numerics.files import whole_file


def folder(option: str, path: Path) -> Path:
    """The folder, made if it is not there.

    Raises:
        InputError: it is a file, or it cannot be made or written.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{option}: {path} is a file, must be a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option}: {path}: {error.strerror or error}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"{option}: {path}: Permission denied")
    return path


def check_file(option: str, path: Path) -> None:
    """Raise unless a file can be written there, so far as that can be seen beforehand.

    Raises:
        InputError: it is a folder, or its folder is not there or cannot be written.
    """
    if not path.name or path.is_dir():
        raise InputError(f"{option}: {path} is a folder, must be a file")
    if not path.parent.is_dir():
        raise InputError(f"{option}: {path}: {path.parent} is no folder")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{option}: {path}: Permission denied")


def write(option: str, path: Path, content: str | bytes) -> None:
    """Write a file whole: under another name first, then put in its place.

    Raises:
        InputError: it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    check_file(option, path)
    try:
        with whole_file(path) as beside:
            beside.write_bytes(data)
    except OSError as error:
        raise InputError(f"{option}: {path}: {error.strerror or error}") from None
