"""Arrays of any library: which one a call speaks, and bringing its arguments to one shape."""

from __future__ import annotations

import functools
import sys
import textwrap
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import array_api_compat as compat
import numpy as np

from .errors import InputError

Array = Any

#: from so many entries on, a look at vectors is worth the compiled kernel
_LARGE = 1 << 18


def backend(*values: Any) -> str:
    """Name of the array library that the arguments call for: "torch" or "jax" if any is theirs, else "numpy"."""
    if any(compat.is_torch_array(value) for value in values):
        return "torch"
    return "jax" if any(compat.is_jax_array(value) for value in values) else "numpy"


def _compiles() -> bool:
    """Whether torch.compile is tracing, for which NumPy's arrays are tensors too."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()


def is_known(*values: Any) -> bool:
    """Whether the numbers in arrays can be looked at; while JAX or torch.compile traces a function they cannot."""
    library = backend(*values)
    if library == "torch":
        return not _compiles()
    if library == "jax":
        from jax.core import Tracer

        return not any(isinstance(value, Tracer) for value in values)
    return True


def in_one_library(*values: Any) -> list[Array]:
    """All as tensors on one device and of one floating type if any is a tensor; likewise for JAX; else NumPy arrays.

    NumPy arrays and numbers follow; among arrays of the library the widest type of those with axes wins.
    """
    library = backend(*values)
    if library == "numpy":
        return [np.asarray(value) for value in values]
    if library == "jax":
        import jax.numpy as jnp

        arrays = [value for value in values if compat.is_jax_array(value)]
        widest = jnp.result_type(*([v for v in arrays if v.ndim] or arrays))
        return [jnp.asarray(value, dtype=widest) for value in values]
    import torch

    tensors = [value for value in values if compat.is_torch_array(value)]
    device = next((v.device for v in tensors if v.device.type != "cpu"), tensors[0].device)
    dtype = functools.reduce(torch.promote_types, {v.dtype for v in ([v for v in tensors if v.ndim] or tensors)})
    # a tensor must not share memory that NumPy forbids to write
    owned = (np.array(v) if isinstance(v, np.ndarray) and not v.flags.writeable else v for v in values)
    return [torch.as_tensor(value, dtype=dtype, device=device) for value in owned]


def algebra_for(*values: Any) -> ModuleType:
    """The generated formulas for the library of the arguments."""
    # import statements, which torch.compile can follow
    library = backend(*values)
    if library == "torch":
        from .generated import torch_algebra

        return torch_algebra
    if library == "jax":
        from .generated import jax_algebra

        return jax_algebra
    from .generated import numpy_algebra

    return numpy_algebra


def as_numpy(value: Any) -> np.ndarray:
    """The value as a NumPy array, without gradients."""
    return np.asarray(value.detach().cpu() if compat.is_torch_array(value) else value)


def _masks(value: Any) -> bool:
    """Whether an array, or one in a list, has a mask that NumPy's conversion would drop."""
    if isinstance(value, list | tuple):
        return any(_masks(entry) for entry in value)
    return bool(np.ma.is_masked(value))


def as_float_array(value: Any, name: str) -> Array:
    """A float array of the caller's library: arrays of torch and JAX stay, all else becomes a NumPy array.

    Raises:
        InputError: the value is not made of real numbers.
    """
    if compat.is_torch_array(value):
        import torch

        if value.is_complex():
            raise InputError(f"{name}: complex numbers are not allowed")
        return value if value.is_floating_point() else value.to(torch.get_default_dtype())
    if compat.is_jax_array(value):
        import jax.numpy as jnp

        if jnp.iscomplexobj(value):
            raise InputError(f"{name}: complex numbers are not allowed")
        return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)
    if isinstance(value, int | float) and _compiles():
        import torch

        return torch.tensor(float(value), dtype=torch.float64)
    if _masks(value):
        raise InputError(f"{name}: masked entries are not allowed: fill them, or leave them out")
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError):
        text = textwrap.shorten(repr(value), 80, placeholder=" ...")
        raise InputError(f"{name}: {text} is not a real number or an array of real numbers") from None
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def own(array: Array) -> Array:
    """The array's values where nobody else can change them: a copy, which cannot be written to in NumPy.

    It is a view of memory that can, see `rows.rows_of`.
    """
    if compat.is_torch_array(array):
        return array.clone()
    if compat.is_jax_array(array):
        return array
    view = np.array(array).view()
    view.flags.writeable = False
    return view


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
    if is_known(allowed) and not bool(allowed.all()):
        raise InputError(f"{name}: {first_offender(array, allowed)} is not allowed, must be {what}")


def spread(array: Array, shape: tuple[int, ...]) -> Array:
    """The array in a shape that it broadcasts to; a NumPy array without axes becomes a number."""
    spread_out = compat.array_namespace(array).broadcast_to(array, shape)
    return spread_out[()] if isinstance(spread_out, np.ndarray) else spread_out


def is_finite(array: Array) -> Array:
    """Elementwise, in the array's own library."""
    return compat.array_namespace(array).isfinite(array)


def is_large(array: Array) -> bool:
    """Whether a pass over the array is worth the compiled kernel: NumPy's passes each go through the memory."""
    plain = compat.is_numpy_array(array) and array.dtype == np.float64 and array.flags.c_contiguous
    return plain and array.size >= _LARGE


def within(array: Array, *, strictly: bool) -> bool:
    """Whether all entries are finite and not below zero, or above it; numbers that are not known count as such."""
    if not compat.size(array) or not is_known(array):
        return True
    if is_large(array):
        from .kernel import all_within

        return bool(all_within(array.reshape(-1), strictly))
    if backend(array) == "jax":  # while a function is traced, JAX's own operations on known numbers are unknown
        array = np.asarray(array)
    lowest, highest = array.min(), array.max()  # not a number, if any entry is not
    return bool((lowest > 0) if strictly else (lowest >= 0)) and bool(highest < float("inf"))


def positive(name: str, value: Any, *, infinite: bool = False) -> Array:
    """The value as an array, all entries above zero, and finite unless infinity is allowed."""
    array = as_float_array(value, name)
    if infinite:
        require(array, array > 0, name, "> 0, or infinite")
    elif not within(array, strictly=True):
        require(array, is_finite(array) & (array > 0), name, "finite and > 0")
    return array


def nonnegative(name: str, value: Any) -> Array:
    """The value as an array, all entries finite and not below zero."""
    array = as_float_array(value, name)
    if not within(array, strictly=False):
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
        # the first argument that does not fit those before it, and those that it clashes with
        names = list(shapes)
        last = next(k for k in range(1, len(names)) if not _broadcast(*(shapes[name] for name in names[: k + 1])))
        clashing = [name for name in names[:last] if not _broadcast(shapes[name], shapes[names[last]])]
        listed = ", ".join(f"{name} {shapes[name]}" for name in (*clashing, names[last]))
        raise InputError(f"{names[last]}: shapes do not broadcast: {listed}") from None


def _broadcast(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True
