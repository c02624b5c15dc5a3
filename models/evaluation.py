"""The error of a trained network on tasks of many covariances, measured on the same contexts for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..numerics.arrays import Array, nonnegative
from ..numerics.errors import InputError
from .sizes import number, streams, whole
from .training import seeded

#: contexts that a network sees at once
_BATCH = 1024


def measure_errors(
    predict: Callable[[Array, Array], Array],
    tests: Array,
    *,
    length: int,
    rho: float,
    contexts: int = 4096,
    seed: int = 0,
    device: str = "cpu",
    double: bool = False,
) -> Float[np.ndarray, " tests"]:
    r"""Mean squared error on tasks $w \sim N(0, C_{\mathrm{test}})$ for many C_test along the axes.

    $$e = \rho + \frac1N \sum_j \big(\hat y_j - \langle x_{j,\ell+1}, w_j\rangle\big)^2,
    \qquad w_j = C_{\mathrm{test}}^{1/2} z_j$$

    The query's own noise is independent of all else and enters as its variance. Inputs, noise and $z_j$ are the same
    for every covariance and every network of one seed, and the $z_j$ have exactly the covariance $I_d$: what is left
    of sampling noise hardly touches the ranking.

    Args:
        predict: takes x `(batch, l + 1, d)` and y `(batch, l)`, gives predictions `(batch,)`.
        tests: eigenvalues of each C_test, shape `(tests, d)`.
        length: of a context, l.
        rho: variance of the label noise.
        contexts: N, more than d.
        seed: of the contexts.
        device: of torch.
        double: whether the network takes float64.

    Raises:
        InputError: naming the argument and its value.
    """
    import torch

    values = np.asarray(nonnegative("tests", tests), dtype=np.float64)
    if values.ndim != 2:
        raise InputError(f"tests: shape {values.shape} is not allowed, must be (tests, d)")
    count, d, noise = whole("contexts", contexts, values.shape[1] + 1), values.shape[1], number("rho", rho, zero=True)
    length = whole("length", length)
    generator = seeded(streams(seed, 1)[0], device)
    options = {"generator": generator, "device": device, "dtype": torch.float64 if double else torch.float32}
    roots = torch.as_tensor(np.sqrt(values), dtype=options["dtype"], device=device)
    z = _whitened(torch.randn(count, d, **options))
    squares = np.zeros(len(values))
    with torch.no_grad():
        for chunk in z.split(_BATCH):
            x = torch.randn(len(chunk), length + 1, d, **options) / d**0.5
            label_noise = torch.randn(len(chunk), length, **options) * noise**0.5
            for place, root in enumerate(roots):
                clean = (x @ (chunk * root).unsqueeze(-1)).squeeze(-1)
                missed = predict(x, clean[:, :-1] + label_noise) - clean[:, -1]
                squares[place] += float(missed.cpu().double().square().sum())
    return noise + squares / count


def _whitened(z: Array) -> Array:
    """The rows turned so that their second moments are exactly those of N(0, I)."""
    import torch

    exact = z.cpu().double()  # not every device has float64
    # z L^-T for the Cholesky factor L of the second moments
    factor = torch.linalg.cholesky(exact.T @ exact / len(exact))
    return torch.linalg.solve_triangular(factor, exact.T, upper=False).T.to(z)
