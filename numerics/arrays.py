"""Arrays of any library: which one a call speaks, and bringing its arguments to one shape."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import array_api_compat as compat
import numpy as np

from .errors import InputError

Array = Any


def backend(*values: Any) -> str:
    """Name of the array library that the arguments call for: "torch" if any is a torch tensor, else "numpy"."""
    return "torch" if any(compat.is_torch_array(value) for value in values) else "numpy"


def in_one_library(*values: Any) -> list[Array]:
    """All as tensors on one device and of one floating type if any is a tensor, else all as NumPy arrays.

    NumPy arrays and numbers follow the tensors; among tensors the widest type of those with axes wins.
    """
    tensors = [value for value in values if compat.is_torch_array(value)]
    if not tensors:
        return [np.asarray(value) for value in values]
    import torch

    device = next((v.device for v in tensors if v.device.type != "cpu"), tensors[0].device)
    dtype = functools.reduce(torch.promote_types, {v.dtype for v in ([v for v in tensors if v.ndim] or tensors)})
    return [torch.as_tensor(value, dtype=dtype, device=device) for value in values]


def algebra_for(*values: Any) -> ModuleType:
    """The generated formulas for the library of the arguments."""
    return importlib.import_module(f".generated.{backend(*values)}_algebra", __package__)


def as_numpy(value: Any) -> np.ndarray:
    """The value as a NumPy array, without gradients."""
    return np.asarray(value.detach().cpu() if compat.is_torch_array(value) else value)


def as_float_array(value: Any, name: str) -> Array:
    """A float array of the caller's library: a torch tensor stays one, all else becomes a NumPy array.

    Raises:
        InputError: the value is not made of real numbers.
    """
    if compat.is_torch_array(value):
        import torch

        if value.is_complex():
            raise InputError(f"{name}: complex numbers are not allowed")
        return value if value.is_floating_point() else value.to(torch.get_default_dtype())
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError):
        raise InputError(f"{name}: {value!r} is not a real number or an array of real numbers") from None
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def first_offender(array: Array, allowed: Array) -> str:
    """The first entry that is not allowed, as text, with its place in an array of more than one."""
    values, good = as_numpy(array), as_numpy(allowed)
    place = tuple(int(k) for k in np.argwhere(~good)[0])
    text = repr(float(values[place]))
    if not place:
        return text
    return f"{text} at index {place[0] if len(place) == 1 else place}"


def require(array: Array, allowed: Array, name: str, what: str) -> None:
    """Raise unless every entry is allowed.

    Raises:
        InputError: naming the argument, the first offending value and what is allowed.
    """
    if not bool(allowed.all()):
        raise InputError(f"{name}: {first_offender(array, allowed)} is not allowed, must be {what}")


def is_finite(array: Array) -> Array:
    """Elementwise, in the array's own library."""
    return compat.array_namespace(array).isfinite(array)


def positive(name: str, value: Any) -> Array:
    """The value as an array, all entries finite and above zero."""
    array = as_float_array(value, name)
    require(array, is_finite(array) & (array > 0), name, "finite and > 0")
    return array


def nonnegative(name: str, value: Any) -> Array:
    """The value as an array, all entries finite and not below zero."""
    array = as_float_array(value, name)
    require(array, is_finite(array) & (array >= 0), name, "finite and >= 0")
    return array


def broadcast_shape(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Common shape of all arguments.

    Raises:
        InputError: they do not broadcast, with the shape of each.
    """
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise InputError(f"{next(iter(shapes))}: shapes do not broadcast: {listed}") from None
