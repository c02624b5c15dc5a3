"""Arrays of any library: which one a call speaks, and bringing its arguments to one shape."""

from __future__ import annotations

import functools
import operator
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from .entries import Entries
from .errors import InputError

Array = Any

#: from so many entries on, a look at vectors is worth the compiled kernel
_LARGE = 1 << 18


def _is_of(value: Any, library: str, kind: str) -> bool:
    # not array_api_compat's: torch.compile warns of their caches
    module = sys.modules.get(library)
    return module is not None and isinstance(value, getattr(module, kind))


def _matrices(values: Iterable[Any]) -> list[Any]:
    """The arrays themselves, of `Entries` their matrix."""
    return [value.matrix if isinstance(value, Entries) else value for value in values]


def backend(*values: Any) -> str:
    """Name of the array library that the arguments call for: "torch" or "jax" if any is theirs, else "numpy"."""
    arrays = _matrices(values)
    if any(_is_of(value, "torch", "Tensor") for value in arrays):
        return "torch"
    return "jax" if any(_is_of(value, "jax", "Array") for value in arrays) else "numpy"


def namespace(*values: Any) -> Any:
    """The array library that the arguments call for, with the functions of the array-API standard."""
    library = backend(*values)
    if library == "torch":
        import array_api_compat.torch

        return array_api_compat.torch
    if library == "jax":
        import jax.numpy

        return jax.numpy
    import array_api_compat.numpy

    return array_api_compat.numpy


def device_of(array: Array) -> Any:
    """Where a tensor lies; JAX and NumPy find out."""
    return array.device if backend(array) == "torch" else None


def compiles() -> bool:
    """Whether torch.compile is tracing, for which NumPy's arrays are tensors too."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()


def _is_transformed(value: Any) -> bool:
    """Whether a transformation of torch.func is at work on a tensor."""
    return _is_of(value, "torch", "Tensor") and sys.modules["torch"]._C._functorch.is_functorch_wrapped_tensor(value)


def beneath(value: Any) -> Any:
    """The tensor that transformations of torch.func work on, with all its batches."""
    while _is_transformed(value):
        value = sys.modules["torch"]._C._functorch.get_unwrapped(value)
    return value


def is_known(*values: Any) -> bool:
    """Whether the numbers in arrays can be looked at.

    They cannot while JAX, torch.compile or a transformation of torch.func traces a function.
    """
    arrays = _matrices(values)
    library = backend(*arrays)
    if library == "torch":
        return not compiles() and not any(_is_transformed(value) for value in arrays)
    if library == "jax":
        from jax.core import Tracer

        return not any(isinstance(value, Tracer) for value in arrays)
    return True


def is_live(*values: Any) -> bool:
    """Whether derivatives in the arrays may be asked for: they are recorded, or traced."""
    if not is_known(*values):
        return True
    if backend(*values) != "torch":
        return False
    import torch

    arrays = _matrices(values)
    recorded = torch.is_grad_enabled() and any(getattr(value, "requires_grad", False) for value in arrays)
    return recorded or torch.autograd.forward_ad._current_level >= 0


def frozen(value: Any) -> Any:
    """The array as a constant, for which nothing is recorded; of entries their diagonal."""
    array = value.diagonal if isinstance(value, Entries) else value
    library = backend(array)
    if library == "jax":
        import jax

        return jax.lax.stop_gradient(array)
    return array.detach() if library == "torch" else array


def in_one_library(*values: Any) -> list[Array]:
    """All as tensors on one device and of one floating type if any is a tensor; likewise for JAX; else NumPy arrays.

    NumPy arrays and numbers follow; among arrays of the library the widest type of those with axes wins.
    """
    library = backend(*values)
    if library == "numpy":
        return [np.asarray(value) for value in values]
    given = _matrices(values)
    if library == "jax":
        import jax.numpy as jnp

        arrays = [value for value in given if backend(value) == "jax"]
        widest = jnp.result_type(*([v for v in arrays if v.ndim] or arrays))

        def convert(value: Any) -> Array:
            return jnp.asarray(value, dtype=widest)
    else:
        import torch

        tensors = [value for value in given if backend(value) == "torch"]
        device = next((v.device for v in tensors if v.device.type != "cpu"), tensors[0].device)
        dtype = functools.reduce(torch.promote_types, {v.dtype for v in ([v for v in tensors if v.ndim] or tensors)})

        def convert(value: Any) -> Array:
            # a tensor must not share memory that NumPy forbids to write
            owned = np.array(value) if isinstance(value, np.ndarray) and not value.flags.writeable else value
            return torch.as_tensor(owned, dtype=dtype, device=device)

    return [
        Entries(convert(value.matrix), convert(value.one)) if isinstance(value, Entries) else convert(value)
        for value in values
    ]


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
    return np.asarray(value.detach().cpu() if backend(value) == "torch" else value)


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
    if backend(value) == "torch":
        import torch

        if value.is_complex():
            raise InputError(f"{name}: complex numbers are not allowed")
        return value if value.is_floating_point() else value.to(torch.get_default_dtype())
    if backend(value) == "jax":
        import jax.numpy as jnp

        if jnp.iscomplexobj(value):
            raise InputError(f"{name}: complex numbers are not allowed")
        return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)
    if isinstance(value, int | float) and compiles():
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
    library = backend(array)
    if library != "numpy":
        return array.clone() if library == "torch" else array
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


def checked(array: Array, allowed: Array, refusal: Callable[[], InputError]) -> Array:
    """The array, where it is allowed; what is refused is raised, and is not a number while it is not known.

    A factor, and not a choice, so that its derivatives are no numbers either.
    """
    if is_known(array, allowed):
        if not bool(allowed.all()):
            raise refusal()
        return array
    return array * poison(~allowed, array)


def poison(where: Array, like: Array) -> Array:
    """1, and not a number at some places; of the type of an array."""
    xp = namespace(where, like)
    one = xp.ones((), dtype=like.dtype, device=device_of(like))
    return xp.where(where, one * xp.nan, one)


def require(array: Array, allowed: Array, name: str, what: str) -> Array:
    """The array, if every entry is allowed; see `checked`.

    Raises:
        InputError: naming the argument, the first offending value and what is allowed.
    """
    return checked(
        array,
        allowed,
        lambda: InputError(f"{name}: {first_offender(array, allowed)} is not allowed, must be {what}"),
    )


def all_or_none(*parts: Array) -> list[Array]:
    """Results of one call, of one shape: while they are not known, where one is not a number none is."""
    if is_known(*parts):
        return list(parts)
    missing = functools.reduce(operator.or_, (namespace(part).isnan(part) for part in parts))
    return [part * poison(missing, part) for part in parts]


def spread(array: Array, shape: tuple[int, ...]) -> Array:
    """The array in a shape that it broadcasts to; a NumPy array without axes becomes a number."""
    spread_out = namespace(array).broadcast_to(array, shape)
    return spread_out[()] if isinstance(spread_out, np.ndarray) else spread_out


def is_finite(array: Array) -> Array:
    """Elementwise, in the array's own library."""
    return namespace(array).isfinite(array)


def is_large(array: Array) -> bool:
    """Whether a pass over the array is worth the compiled kernel: NumPy's passes each go through the memory."""
    plain = isinstance(array, np.ndarray) and array.dtype == np.float64 and array.flags.c_contiguous
    return plain and array.size >= _LARGE


def within(array: Array, *, strictly: bool) -> bool:
    """Whether all entries are known to be finite and not below zero, or above it."""
    if not is_known(array):
        return False
    if 0 in array.shape:
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
        return require(array, array > 0, name, "> 0, or infinite")
    if within(array, strictly=True):
        return array
    return require(array, is_finite(array) & (array > 0), name, "finite and > 0")


def nonnegative(name: str, value: Any) -> Array:
    """The value as an array, all entries finite and not below zero."""
    array = as_float_array(value, name)
    if within(array, strictly=False):
        return array
    return require(array, is_finite(array) & (array >= 0), name, "finite and >= 0")


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
