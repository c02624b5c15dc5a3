"""Expressions that a user brings, or equations by name, as fast functions."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sympy import Eq, Expr, Indexed, sympify

from ..derive import Equation, catalogue
from .arrays import in_one_library
from .errors import InputError
from .exact import as_fraction
from .printing import NAMESPACE, function_source, inputs

Source = str | Equation | Expr


@dataclass(frozen=True)
class Compiled:
    """A compiled expression: call it with its arguments, by position or by name.

    Attributes:
        arguments: names of the arguments, in order: arrays of the spectrum first, then the rest by name.
        names: names of what it returns; one value is returned as it is, several as a named tuple.
        target: the backend.
        source: the generated code.
    """

    arguments: tuple[str, ...]
    names: tuple[str, ...]
    target: str
    source: str = field(repr=False)
    _call: Callable[..., Any] = field(repr=False)
    _pack: Callable[[Any], Any] = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate.

        Raises:
            InputError: an argument is missing, unknown or given twice, or is not a number for this target.
        """
        given = dict(zip(self.arguments, args, strict=False)) | kwargs
        doubled = set(self.arguments[: len(args)]) & set(kwargs)
        unknown = [*map(str, args[len(self.arguments) :]), *(set(kwargs) - set(self.arguments))]
        missing = [name for name in self.arguments if name not in given]
        if doubled or unknown or missing:
            raise InputError(
                f"arguments: expected {', '.join(self.arguments)};"
                f" missing {missing or 'none'}, unknown {unknown or 'none'}, given twice {sorted(doubled) or 'none'}"
            )
        values = _converter(self.target)({name: given[name] for name in self.arguments})
        return self._pack(self._call(*values))


def compile(expression_or_names: Source | Sequence[Source], target: str = "numpy") -> Compiled:
    r"""Compile expressions, or equations of the catalogue by name (their right-hand sides).

    A mean over the spectrum (a SymPy `Sum` over `weights[i]`, `eigenvalues[i]`, `test[i]`) takes these as arrays whose
    last axis is summed; all other arguments broadcast against what is left.

    Args:
        expression_or_names: an expression, an `Equation`, a name in `taskalign.derive.catalogue()`, or a list of these.
        target: "numpy", "numba" (a NumPy ufunc), "torch", "jax", "mpmath" or "arb".

    Returns:
        a callable with the attributes `arguments`, `names` and `source`.

    Raises:
        InputError: an unknown name or target, or a symbol whose name is not a Python name.
        UnsupportedNodeError: the expression holds a node that the target cannot write.

    Example:
        >>> evaluate = compile("resolvent")
        >>> evaluate.arguments
        ('a', 'c', 'z')
        >>> float(evaluate(a=0.5, c=2.0, z=1.0))
        0.5
    """
    if target not in NAMESPACE:
        raise InputError(f"target: {target!r} is not one of {', '.join(sorted(NAMESPACE))}")
    single = isinstance(expression_or_names, (str, Equation, Expr))
    listed: list[Source] = [expression_or_names] if single else list(expression_or_names)  # type: ignore[list-item]
    if not listed:
        raise InputError("expression_or_names: an empty list is not allowed")
    values = dict(_named(entry, f"value{k}") for k, entry in enumerate(listed))
    if len(values) < len(listed):
        raise InputError("expression_or_names: the same name stands twice in the list")
    arguments = _arguments(list(values.values()))
    # results are named apart, so that an expression may use a symbol of the same name
    results = {f"result_{name}": expression for name, expression in values.items()}
    source = function_source("evaluate", arguments, results, list(results), target)
    call = _build(source, target, arguments, list(values.values()))
    names = tuple(values)
    kind = None if single else NamedTuple("Values", [(name, Any) for name in names])  # type: ignore[misc]
    pack = (lambda value: value) if kind is None else lambda value: kind(*(value if len(names) > 1 else (value,)))
    return Compiled(tuple(arguments), names, target, source, call, pack)


def _named(entry: Source, fallback: str) -> tuple[str, Expr]:
    if isinstance(entry, str):
        equations = catalogue()
        if entry not in equations:
            raise InputError(f"expression_or_names: {entry!r} is not an equation of the catalogue")
        entry = equations[entry]
    if isinstance(entry, Equation):
        if not isinstance(entry.statement, Eq):
            raise InputError(
                f"expression_or_names: {entry.name} has no right-hand side to evaluate, it is {entry.statement}"
            )
        return entry.name, entry.rhs
    expression = sympify(entry)
    return fallback, expression.rhs if isinstance(expression, Eq) else expression


def _arguments(expressions: list[Expr]) -> list[str]:
    names = {name for expression in expressions for name in inputs(expression)}
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"expression_or_names: the symbol {name!r} is not a Python name, rename it")
    arrays = _arrays(expressions)
    return sorted(arrays) + sorted(names - arrays)


def _arrays(expressions: list[Expr]) -> set[str]:
    """Names of the arguments that run along the spectrum."""
    return {str(entry.base.label) for expression in expressions for entry in expression.atoms(Indexed)}


def _converter(target: str) -> Callable[[dict[str, Any]], list[Any]]:
    if target in ("numpy", "numba"):
        return lambda given: [np.asarray(value, dtype=np.float64) for value in given.values()]
    if target == "torch":
        return _tensors
    if target == "jax":
        import jax.numpy as jnp  # pyright: ignore[reportMissingImports]

        return lambda given: [jnp.asarray(value) for value in given.values()]
    number = _to_mpf if target == "mpmath" else _to_ball
    return lambda given: [
        [number(entry, name) for entry in value] if isinstance(value, (list, tuple)) else number(value, name)
        for name, value in given.items()
    ]


def _tensors(given: dict[str, Any]) -> list[Any]:
    import torch

    values = list(given.values())
    if any(isinstance(value, torch.Tensor) for value in values):
        return in_one_library(*values)
    return [torch.as_tensor(value, dtype=torch.float64) for value in values]


def _to_mpf(value: Any, name: str) -> Any:
    from mpmath import mp, mpf

    if isinstance(value, (mp.mpf, mp.mpc)):
        return value
    exact = as_fraction(value, name)
    return mpf(exact.numerator) / exact.denominator


def _to_ball(value: Any, name: str) -> Any:
    from flint import arb, fmpq

    if isinstance(value, (arb, fmpq)):
        return arb(value)
    if isinstance(value, (float, np.floating)):
        raise InputError(f"{name}: the float {value!r} is not allowed in ball arithmetic; give a string or a Fraction")
    exact = as_fraction(value, name)
    return arb(fmpq(exact.numerator, exact.denominator))


def _build(source: str, target: str, arguments: list[str], expressions: list[Expr]) -> Callable[..., Any]:
    if target == "numba":
        return _numba_ufunc(source, arguments, _arrays(expressions), len(expressions))
    namespace: dict[str, Any] = {}
    exec(NAMESPACE[target][1] + "\n" + source, namespace)
    evaluate = namespace["evaluate"]
    return evaluate if target != "arb" else lambda *values: _balls(evaluate(*values))


def _balls(result: Any) -> Any:
    """An expression without arguments is a plain rational: make it a ball, too."""
    from flint import arb

    return tuple(map(arb, result)) if isinstance(result, tuple) else arb(result)


def _numba_ufunc(source: str, arguments: list[str], arrays: set[str], results: int) -> Callable[..., Any]:
    """A generalised ufunc: points broadcast, the spectrum is the last axis."""
    import math

    import numba

    namespace: dict[str, Any] = {"math": math}
    exec(source, namespace)
    namespace["compiled"] = numba.njit(namespace["evaluate"], error_model="numpy")
    outputs = [f"out{k}" for k in range(results)]
    left = ", ".join(f"{name}[0]" for name in outputs)
    exec(
        f"def wrapped({', '.join([*arguments, *outputs])}):\n    {left} = compiled({', '.join(arguments)})\n", namespace
    )
    layout = ",".join("(m)" if name in arrays else "()" for name in arguments) + "->" + ",".join(["()"] * results)
    types = tuple(numba.float64[:] if name in arrays else numba.float64 for name in arguments)
    signature = types + (numba.float64[:],) * results
    return numba.guvectorize([signature], layout)(namespace["wrapped"])
