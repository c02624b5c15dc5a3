"""Expressions that a user brings, or equations by name, as fast functions."""

from __future__ import annotations

import keyword
import reprlib
import unicodedata
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from sympy import Basic, Eq, Expr, Integer, sympify

from ..derive import Equation, catalogue
from .arrays import backend, broadcast_shape, in_one_library
from .errors import InputError, UnsupportedNodeError, need_library
from .exact import as_fraction
from .printing import FLOAT_TARGETS, NAMESPACE, Reading, function_source, numbered

Source = str | Equation | Expr | Eq | int | float


@dataclass(frozen=True)
class _Argument:
    """What is known of an argument."""

    name: str
    #: what the arrays of the same length share; empty if it is no array
    length: str = ""
    #: how many entries it has at least, and at most
    fewest: int = 0
    most: float = float("inf")
    is_matrix: bool = False
    #: whether the expression was simplified as that of a real number
    is_real: bool = False


@dataclass(frozen=True)
class Compiled:
    """A compiled expression: call it with its arguments, by position or by name. It can be copied and pickled.

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
    _known: tuple[_Argument, ...] = field(repr=False)
    _single: bool = field(repr=False)
    _call: Callable[..., Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_call", _build(self.source, self.target, self._known, len(self.names)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.arguments, self.names, self.target, self.source, self._known, self._single)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate.

        Raises:
            InputError: an argument is missing, unknown or given twice; it is not real, masked, or not a number for
                this target; lengths or shapes do not fit.
        """
        given = dict(zip(self.arguments, args, strict=False)) | kwargs
        doubled = set(self.arguments[: len(args)]) & set(kwargs)
        unknown = sorted(set(kwargs) - set(self.arguments))
        missing = [name for name in self.arguments if name not in given]
        surplus = max(0, len(args) - len(self.arguments))
        if doubled or unknown or missing or surplus:
            raise InputError(
                f"arguments: expected {', '.join(self.arguments) or 'none'}; missing {missing or 'none'},"
                f" unknown {unknown or 'none'}, given twice {sorted(doubled) or 'none'}, too many {surplus or 'none'}"
            )
        values = _converted({known: given[known.name] for known in self._known}, self.target)
        found = self._call(*values)
        results = [_result(value, self.target, values) for value in (found if len(self.names) > 1 else (found,))]
        return results[0] if self._single else _values(self.names, results)


@cache
def _values_type(names: tuple[str, ...]) -> Any:
    kind = namedtuple("Values", names)
    # pickle finds no class that was made at run time
    kind.__reduce__ = lambda self: (_values, (names, tuple(self)))  # type: ignore[method-assign]
    return kind


def _values(names: tuple[str, ...], values: Sequence[Any]) -> Any:
    return _values_type(names)(*values)


def compile(expression_or_names: Source | Sequence[Source], target: str = "numpy") -> Compiled:
    r"""Compile expressions, or equations of the catalogue by name (their right-hand sides).

    A SymPy `Sum` runs over whole arrays, such as `weights[i]`, `eigenvalues[i]`, `test[i]`: its limits are
    $0 \dots d - 1$ or $1 \dots d$, d their length. It may have several indices, hold other sums, and use its index as a
    number. Each array is taken with its entries along the last axis; all other axes and arguments broadcast against
    each other. An entry with an integer index counts as the sums beside it do.

    What is computed is real: where a real function has no real value it is nan (mpmath goes on in complex numbers).

    Args:
        expression_or_names: an expression, an `Equation`, a name in `taskalign.derive.catalogue()`, or a list of these.
        target: "numpy", "numba" (a NumPy ufunc), "torch", "jax", "mpmath" or "arb".

    Returns:
        a callable with the attributes `arguments`, `names` and `source`.

    Raises:
        InputError: an unknown name or target, or a symbol whose name is not a Python name.
        UnsupportedNodeError: the expression holds a node that the target cannot write, or another kind of sum.
        MissingLibraryError: the library of the target is not installed.

    Example:
        >>> evaluate = compile("resolvent")
        >>> evaluate.arguments
        ('a', 'c', 'z')
        >>> float(evaluate(a=0.5, c=2.0, z=1.0))
        0.5
    """
    if target not in NAMESPACE:
        raise InputError(f"target: {target!r} is not one of {', '.join(sorted(NAMESPACE))}")
    if target in ("torch", "jax"):
        need_library(target)
    several = isinstance(expression_or_names, (list, tuple))
    listed: list[Any] = list(expression_or_names) if several else [expression_or_names]  # type: ignore[arg-type]
    if not listed:
        raise InputError("expression_or_names: an empty list is not allowed")
    values = dict(_named(entry, f"value{k}") for k, entry in enumerate(listed))
    if len(values) < len(listed):
        raise InputError("expression_or_names: the same name stands twice in the list")
    for name in values:
        _require_name(name)
    reading = Reading(values.values())
    known = _arguments(reading)
    names = tuple(argument.name for argument in known)
    # results are named apart, so that an expression may use a symbol of the same name
    results = dict(zip((symbol.name for symbol in numbered("result", names)), values.values(), strict=False))
    source = function_source("evaluate", names, results, list(results), target)
    return Compiled(names, tuple(values), target, source, known, not several)


def _named(entry: Any, fallback: str) -> tuple[str, Basic]:
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
    if isinstance(entry, Eq):
        entry = entry.rhs
    # nothing else is made an expression of: SymPy would run the text in it
    if isinstance(entry, (int, float)) and not isinstance(entry, bool):
        entry = sympify(entry)
    if isinstance(entry, Basic) and not isinstance(entry, Expr):
        raise UnsupportedNodeError(f"expression_or_names: {entry} is a {type(entry).__name__}, which has no number")
    if not isinstance(entry, Expr):
        raise InputError(
            f"expression_or_names: a {type(entry).__name__} is not allowed, must be an expression, an Equation, a name"
            " in taskalign.derive.catalogue(), or a list of these"
        )
    return fallback, entry


def _require_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name != unicodedata.normalize("NFKC", name):
        raise InputError(f"expression_or_names: the symbol {name!r} is not a Python name, rename it")


def _arguments(reading: Reading) -> tuple[_Argument, ...]:
    for name in sorted(reading.inputs):
        _require_name(name)
    real = {symbol.name for symbol in reading.plain if symbol.is_extended_real}
    arrays = []
    for name, length in sorted(reading.lengths.items()):
        size = int(length) if isinstance(length, Integer) else None
        fewest = max(size or 0, reading.fewest.get(name, 0))
        arrays.append(_Argument(name, str(length), fewest, float("inf") if size is None else size))
    rest = sorted(reading.inputs - reading.lengths.keys())
    return (*arrays, *(_Argument(n, is_matrix=n in reading.matrices, is_real=n in real) for n in rest))


# --- arguments ----------------------------------------------------------------------------------------
def _converted(given: Mapping[_Argument, Any], target: str) -> list[Any]:
    """The arguments as the target takes them."""
    for argument, value in given.items():
        if _is_masked(value):
            raise InputError(f"{argument.name}: a masked array is not allowed, leave out what is masked")
    if target not in FLOAT_TARGETS:
        number = _to_mpf if target == "mpmath" else _to_ball
        values = [_numbers(number, argument, value) for argument, value in given.items()]
        _check_lengths({a: len(v) for a, v in zip(given, values, strict=True) if a.length})
        return values
    values = [_floats(value, argument.name, target) for argument, value in given.items()]
    if target == "torch":
        values = _tensors(values)
    if target == "jax":
        import jax.numpy as jnp  # pyright: ignore[reportMissingImports]

        values = in_one_library(*values) if backend(*values) == "jax" else [jnp.asarray(value) for value in values]
    shapes = {argument: tuple(value.shape) for argument, value in zip(given, values, strict=True)}
    matrices = any(argument.is_matrix for argument in given)
    for argument, shape in shapes.items():
        if argument.is_matrix and len(shape) != 2:
            raise InputError(f"{argument.name}: shape {shape} is not allowed, must be a matrix")
        if argument.length and not shape:
            raise InputError(f"{argument.name}: a number is not allowed, must be an array along its last axis")
        if matrices and not argument.is_matrix and shape[: len(shape) - bool(argument.length)]:
            raise InputError(f"{argument.name}: shape {shape} is not allowed beside a matrix, must be one number")
    _check_lengths({argument: shape[-1] for argument, shape in shapes.items() if argument.length})
    points = {a.name: s[:-1] if a.length else s for a, s in shapes.items() if not a.is_matrix}
    if points:
        broadcast_shape(points)
    return values


def _is_masked(value: Any) -> bool:
    return isinstance(value, np.ma.MaskedArray) or (isinstance(value, (list, tuple)) and any(map(_is_masked, value)))


def _check_lengths(sizes: Mapping[_Argument, int]) -> None:
    first: dict[str, tuple[str, int]] = {}
    for argument, size in sizes.items():
        if not argument.fewest <= size <= argument.most:
            least = "" if argument.fewest == argument.most else "at least "
            raise InputError(f"{argument.name}: {size} entries are not allowed, must be {least}{argument.fewest}")
        other, expected = first.setdefault(argument.length, (argument.name, size))
        if size != expected:
            raise InputError(f"{argument.name}: {size} entries do not fit the {expected} of {other}")


def _floats(value: Any, name: str, target: str) -> Any:
    """Real floating-point numbers: arrays of the target's library stay, all else becomes a NumPy array of doubles."""
    library = backend(value)
    if library != target or library == "numpy":
        try:
            array = np.asarray(value)
            if array.dtype.kind == "O":  # NumPy would make nan of None
                array = np.array([float(entry) for entry in array.flat]).reshape(array.shape)
            if array.dtype.kind not in "fiub":
                raise TypeError
            return array.astype(np.float64, copy=False)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            shown = reprlib.repr(value).replace("\n", " ")
            raise InputError(f"{name}: {shown} is not a real number or an array of real numbers") from None
    if library == "torch":
        is_complex, is_float = value.is_complex(), value.is_floating_point()
    else:
        import jax.numpy as jnp  # pyright: ignore[reportMissingImports]

        is_complex, is_float = jnp.iscomplexobj(value), jnp.issubdtype(value.dtype, jnp.floating)
    if is_complex:
        raise InputError(f"{name}: complex numbers are not allowed, must be real")
    return value if is_float else value.double() if library == "torch" else value.astype(float)


def _tensors(values: list[Any]) -> list[Any]:
    import torch

    # copies, since a tensor takes neither read-only nor reversed memory
    values = [np.array(value) if isinstance(value, np.ndarray) else value for value in values]
    return in_one_library(*values) if backend(*values) == "torch" else [torch.as_tensor(value) for value in values]


def _numbers(number: Callable[[Any, _Argument], Any], argument: _Argument, value: Any) -> Any:
    """One number, or a list of them for an array."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()  # numbers of NumPy are not those of mpmath and flint
    if not argument.length:
        if isinstance(value, (list, tuple)):
            raise InputError(f"{argument.name}: {reprlib.repr(value)} is not allowed, must be one number")
        return number(value, argument)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InputError(f"{argument.name}: {reprlib.repr(value)} is not allowed, must be a list of numbers")
    return [number(entry.item() if isinstance(entry, np.generic) else entry, argument) for entry in value]


def _to_mpf(value: Any, argument: _Argument) -> Any:
    from mpmath import mp, mpf

    if isinstance(value, mp.mpf):
        return value
    if isinstance(value, (complex, mp.mpc)):
        if argument.is_real or argument.length:
            raise InputError(f"{argument.name}: {value!r} is not allowed, must be real")
        return mp.mpc(value)
    exact = as_fraction(value, argument.name)
    return mpf(exact.numerator) / exact.denominator


def _to_ball(value: Any, argument: _Argument) -> Any:
    from flint import arb, fmpq

    if isinstance(value, (arb, fmpq)):
        return arb(value)
    if isinstance(value, float):
        raise InputError(
            f"{argument.name}: the float {value!r} is not allowed in ball arithmetic; give a string or a Fraction"
        )
    exact = as_fraction(value, argument.name)
    return arb(fmpq(exact.numerator, exact.denominator))


# --- functions ----------------------------------------------------------------------------------------
def _build(source: str, target: str, known: Sequence[_Argument], results: int) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(NAMESPACE[target][1] + "\n" + source, namespace)
    evaluate = namespace["evaluate"]
    return _numba_ufunc(evaluate, known, results) if target == "numba" and known else evaluate


def _numba_ufunc(evaluate: Callable[..., Any], known: Sequence[_Argument], results: int) -> Callable[..., Any]:
    """A generalised ufunc: points broadcast, arrays are along the last axis."""
    import numba

    given, outputs = [f"given{k}" for k in range(len(known))], [f"out{k}" for k in range(results)]
    namespace: dict[str, Any] = {"compiled": numba.njit(evaluate, error_model="numpy")}
    left = ", ".join(f"{name}[0]" for name in outputs)
    exec(f"def wrapped({', '.join([*given, *outputs])}):\n    {left} = compiled({', '.join(given)})\n", namespace)
    lengths = list(dict.fromkeys(argument.length for argument in known if argument.length))
    axes = [f"(m{lengths.index(argument.length)})" if argument.length else "()" for argument in known]
    layout = ",".join(axes) + "->" + ",".join(["()"] * results)
    types = tuple(numba.float64[:] if argument.length else numba.float64 for argument in known)
    return numba.guvectorize([types + (numba.float64[:],) * results], layout)(namespace["wrapped"])


def _result(value: Any, target: str, given: Sequence[Any]) -> Any:
    """An expression without arguments is a plain number: make it what the others are."""
    if target in ("numpy", "numba"):
        return np.float64(value) if isinstance(value, (int, float)) else value
    if target == "torch":
        import torch

        return torch.as_tensor(value, dtype=given[0].dtype if given else torch.float64)
    if target == "jax":
        import jax.numpy as jnp  # pyright: ignore[reportMissingImports]

        return jnp.asarray(value, dtype=given[0].dtype if given else float)
    if target == "mpmath":
        from mpmath import mp

        return mp.convert(value)
    from flint import arb

    return arb(value)
