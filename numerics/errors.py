"""What can go wrong: bad input, and numerical failure."""

from __future__ import annotations


class InputError(ValueError):
    """An argument is outside of what is allowed; the message names it, its value and what is allowed."""


class UnsupportedNodeError(InputError):
    """An expression holds a SymPy node that the chosen target cannot print."""


class ConvergenceError(ArithmeticError):
    """An iteration did not reach its fixed point; the message gives the residual and the likely cause."""
