"""What can go wrong: bad input, and numerical failure."""

from __future__ import annotations


class InputError(ValueError):
    """An argument is outside of what is allowed; the message names it, its value and what is allowed."""


class MissingLibraryError(InputError, ImportError):
    """A library of an extra is not installed; the message says how to install it."""


class UnsupportedNodeError(InputError):
    """An expression holds a SymPy node that the chosen target cannot print."""


class ConvergenceError(ArithmeticError):
    """An iteration did not reach its fixed point; the message gives the residual and the likely cause."""


#: libraries that are not required -> the extra that brings them
_EXTRAS = {name: name for name in ("torch", "jax", "dask")}
_EXTRAS |= {"distributed": "dask", "matplotlib": "report", "latex2mathml": "report"}


def need_library(*libraries: str) -> None:
    """Raise unless libraries of extras are installed.

    Raises:
        MissingLibraryError: naming the library, and how to install it.
    """
    from importlib.util import find_spec

    for library in libraries:
        if find_spec(library) is None:
            extra = _EXTRAS[library]
            raise MissingLibraryError(
                f'{library} is missing: pip install "taskalign[{extra}]",'
                f' or in a checkout .venv/bin/python -m pip install -e ".[{extra}]"'
            )
