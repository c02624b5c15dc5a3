"""One layer of linear self-attention, trained to the minimum on a fixed set of contexts."""

from __future__ import annotations

from dataclasses import dataclass

from ..numerics.arrays import Array
from ..numerics.errors import ConvergenceError
from .sizes import whole
from .training import Batch, Parameters

#: L-BFGS: steps, remembered steps, and how far the gradient must fall
_STEPS, _MEMORY, _FALL = 3000, 60, 1e-8


@dataclass(frozen=True)
class LinearAttention:
    r"""Linear attention in its reduced form: one parameter, the matrix Gamma.

    $$\hat y = x_{\ell+1}^\top \Gamma \begin{pmatrix} h \\ b \end{pmatrix}, \qquad
    h = \frac d\ell \sum_i y_i x_i, \quad b = \frac1\ell \sum_i y_i^2$$

    is the bottom-right element of $A = Z + V Z (KZ)^\top (QZ)/\ell$ with $v_{21} = 0$; see `attention_matrices`.

    Attributes:
        d: dimension of x, >= 1.

    Raises:
        InputError: naming the argument and its value.

    References:
        LZLP (arXiv 2509.26551), model; THEORY A0 (1).
    """

    d: int

    def __post_init__(self) -> None:
        whole("d", self.d)

    def initial(self, generator: Array) -> Parameters:
        """Zero, from which the ridgeless limit is reached: no part that the contexts do not see ever enters.

        Args:
            generator: torch.Generator; the parameter lives on its device.
        """
        import torch

        return {"gamma": torch.zeros(self.d, self.d + 1, device=generator.device)}

    def predict(self, parameters: Parameters, x: Array, y: Array) -> Array:
        """Predicted label of the query.

        Args:
            parameters: "gamma", shape `(d, d + 1)`.
            x: shape `(batch, l + 1, d)`, the query last.
            y: labels of the context, shape `(batch, l)`.

        Returns:
            shape `(batch,)`.
        """
        gamma = parameters["gamma"]
        return (x[:, -1] @ gamma * self.features(x, y)).sum(-1)

    def features(self, x: Array, y: Array) -> Array:
        """h and b of each context, shape `(batch, d + 1)`."""
        import torch

        h = self.d * (y.unsqueeze(1) @ x[:, :-1]).squeeze(1) / y.shape[1]
        return torch.cat([h, y.square().mean(1, keepdim=True)], dim=1)


def attention_matrices(gamma: Array) -> tuple[Array, Array]:
    r"""V and $K^\top Q$ of the attention layer whose reduced form is Gamma, each `(d + 1, d + 1)`.

    V reads the labels alone, $v_{21} = 0$ and $v_{22} = 1$; of $K^\top Q$ the query, whose label is 0, sees the first
    d columns.
    """
    d = gamma.shape[0]
    value, key_query = gamma.new_zeros(d + 1, d + 1), gamma.new_zeros(d + 1, d + 1)
    value[d, d] = 1.0
    key_query[:d, :d] = d * gamma[:, :d].T
    key_query[d, :d] = gamma[:, d]
    return value, key_query


def attend(value: Array, key_query: Array, x: Array, y: Array) -> Array:
    r"""The layer itself: bottom-right element of $Z + V Z Z^\top K^\top Q Z/\ell$.

    Tokens are $(x_i, y_i)$, and the label of the query's is 0.

    Args:
        value, key_query: V and $K^\top Q$, each `(d + 1, d + 1)`.
        x: shape `(batch, l + 1, d)`, the query last.
        y: shape `(batch, l)`.

    Returns:
        shape `(batch,)`.
    """
    import torch
    from torch.nn.functional import pad

    Z = torch.cat([x, pad(y, (0, 1)).unsqueeze(-1)], dim=-1).transpose(1, 2)
    attended = Z + value @ Z @ (Z.transpose(1, 2) @ key_query @ Z) / y.shape[1]
    return attended[:, -1, -1]


def fit_linear_attention(network: LinearAttention, prompts: Batch, labels: Array) -> Parameters:
    r"""Gamma that minimises the squared error on fixed contexts; of many, the smallest (the ridge to zero).

    Args:
        network: the layer.
        prompts: n contexts; float64 is advised.
        labels: noisy labels of the queries, shape `(n,)`.

    Raises:
        ConvergenceError: the gradient has not vanished, as next to n = d (d + 1), where the minimum is flat.

    References:
        THEORY A0 (1): ridge regression for Gamma, lambda to 0.
    """
    import torch

    queries, features = prompts.x[:, -1], network.features(prompts.x, prompts.y)
    gamma = torch.zeros(network.d, network.d + 1, dtype=queries.dtype, device=queries.device, requires_grad=True)

    def loss() -> Array:
        gamma.grad = None
        value = ((queries @ gamma * features).sum(-1) - labels).square().mean()
        value.backward()
        return value

    def steepness() -> float:
        loss()
        assert gamma.grad is not None
        return float(gamma.grad.abs().max())

    enough = _FALL * steepness()
    optimizer = torch.optim.LBFGS(
        [gamma],
        max_iter=_STEPS,
        max_eval=2 * _STEPS,
        history_size=_MEMORY,
        tolerance_grad=enough,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    optimizer.step(loss)
    left = steepness()
    if not left <= enough:
        raise ConvergenceError(
            f"linear attention: after {_STEPS} steps the gradient is {left:.3g}, and not below {enough:.3g}; "
            "next to n = d (d + 1) the minimum is flat: take another tau"
        )
    return {"gamma": gamma.detach()}
