"""One thread for each matrix product, so that threads can be put where they pay: around many products.

OpenBLAS shares out every single product, however small, and its threads wait for each other by spinning: on a busy
machine that was measured to cost a factor of twenty.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

#: suffixes of the names in NumPy's builds of the library
_NAMES = (("scipy_openblas_", "64_"), ("scipy_openblas_", ""), ("openblas_", "64_"), ("openblas_", ""))


_lock = Lock()
#: threads of each product before the first who asked for one, while anybody does; and how many do
_before = _users = 0


@contextmanager
def single_threaded_products() -> Iterator[int]:
    """While it lasts NumPy's matrix products take one thread each; gives how many they took before.

    For the whole process, until the last of those who asked is done. Where NumPy came without an OpenBLAS of its own
    nothing changes, and the number is one.
    """
    global _before, _users
    control = _control()
    if control is None:
        yield 1
        return
    get, put = control
    with _lock:
        if _users == 0:
            _before = int(get())
            put(1)
        _users += 1
    try:
        yield _before
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                put(_before)


@cache
def _control() -> tuple[Any, Any] | None:
    """Functions that get and set the number of threads of the OpenBLAS that NumPy's wheels bring."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(file))
            for prefix, suffix in _NAMES:
                names = (f"{prefix}{verb}_num_threads{suffix}" for verb in ("get", "set"))
                functions = [getattr(library, name, None) for name in names]
                if None not in functions:
                    return functions[0], functions[1]
    return None
