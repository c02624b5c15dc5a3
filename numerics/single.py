"""Single numbers and single spectra, where arrays and batches have no meaning."""

from __future__ import annotations

import numpy as np

from .arrays import Array, nonnegative, positive
from .errors import InputError
from .spectrum import Spectrum


def number(name: str, value: Array, *, zero: bool = False, infinite: bool = False) -> float:
    """One number, > 0 or with `zero` >= 0, finite unless `infinite`; an array or tensor without axes is one too.

    Raises:
        InputError: naming the argument.
    """
    array = nonnegative(name, value) if zero else positive(name, value, infinite=infinite)
    if array.ndim:
        raise InputError(f"{name}: shape {tuple(array.shape)} is not allowed, must be a single number")
    return float(array)


def ratios(
    *, d: float, context_length: Array | None = None, contexts: Array | None = None, tasks: Array | None = None
) -> dict[str, Array]:
    r"""The ratios $\alpha = \ell/d$, $\tau = n/d^2$ and $\kappa = k/d$ of the sizes that are given.

    To be passed on with `**`.

    Args:
        d: dimension of the tokens, a single number > 0.
        context_length: $\ell$, pairs of token and label in a context, > 0.
        contexts: n, contexts of pretraining, > 0.
        tasks: k, different tasks of pretraining, > 0 or infinite.

    Raises:
        InputError: naming the argument.

    Example:
        >>> ratios(d=20, context_length=40, contexts=1600, tasks=20)
        {'alpha': 2.0, 'tau': 4.0, 'kappa': 1.0}
    """
    size = number("d", d)
    found = {}
    if context_length is not None:
        found["alpha"] = positive("context_length", context_length) / size
    if contexts is not None:
        found["tau"] = positive("contexts", contexts) / size**2
    if tasks is not None:
        found["kappa"] = positive("tasks", tasks, infinite=True) / size
    return {name: float(v) if isinstance(v, np.floating) else v for name, v in found.items()}


def one_spectrum(spectrum: object) -> Spectrum:
    """The spectrum, if it is one.

    Raises:
        InputError: it is something else, or a batch of spectra.
    """
    if not isinstance(spectrum, Spectrum):
        raise InputError(f"spectrum: {type(spectrum).__name__} is not allowed, must be a Spectrum")
    if spectrum.batch_shape:
        raise InputError(f"spectrum: a batch {spectrum.batch_shape} is not allowed, give one at a time")
    return spectrum
