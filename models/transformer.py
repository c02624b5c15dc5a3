"""A small Transformer for in-context regression: softmax attention, MLP, LayerNorm, no positional code."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from ..numerics.arrays import Array
from ..numerics.display import Shown
from ..numerics.errors import InputError, need_library
from ..numerics.single import one_spectrum
from ..numerics.spectrum import Spectrum
from .contexts import draw_tasks
from .sizes import Seed, in_dimension, nearest, number, streams, whole
from .training import Parameters, Progress, Schedule, check_device, draw_batch, train


@dataclass(frozen=True)
class Transformer:
    r"""The architecture; its parameters are a dictionary of tensors that `initial` draws and `predict` takes.

    Tokens are $(\sqrt d\,x_i, y_i)$, the query's with 0 for its label, embedded in `width` dimensions. Each layer is

    $$Z \leftarrow Z + \mathrm{softmax}\big(Q K^\top/\sqrt{m}\big) V, \qquad Z \leftarrow Z + \mathrm{MLP}(Z),$$

    with LayerNorm before both, heads of m = width/heads dimensions, and one hidden layer of ReLU units in the MLP.
    The prediction is a linear function of the query's token. There is no positional code, so the order of a context
    does not matter. Context tokens attend to the context, the query to the context and itself; what follows the last
    attention is computed for the query alone, since nothing else is read.

    Attributes:
        d: dimension of x, >= 1.
        width: dimensions of a token, a multiple of `heads`; d + 1 in the published experiment.
        layers: >= 1.
        heads: >= 1.
        hidden: units of the MLP per dimension of a token, >= 1.

    Raises:
        InputError: naming the argument and its value.

    References:
        LZLP (arXiv 2509.26551), nonlinear experiments; THEORY A0 (7), A6.

    Example:
        >>> Transformer(d=16, width=17).size
        7583
    """

    d: int
    width: int
    layers: int = 2
    heads: int = 1
    hidden: int = 4

    def __post_init__(self) -> None:
        for name in ("d", "width", "layers", "heads", "hidden"):
            whole(name, getattr(self, name))
        if self.width % self.heads:
            raise InputError(f"width: {self.width} is not allowed, must be a multiple of heads, {self.heads}")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter by its name; matrices act from the right."""
        m, units = self.width, self.hidden * self.width
        shapes: dict[str, tuple[int, ...]] = {"embed": (self.d + 1, m)}
        for k in range(self.layers):
            shapes |= {f"{k}.scale": (m,), f"{k}.shift": (m,)}
            shapes |= {f"{k}.query": (m, m), f"{k}.key_value": (m, 2 * m), f"{k}.output": (m, m)}
            shapes |= {f"{k}.mlp_scale": (m,), f"{k}.mlp_shift": (m,)}
            shapes |= {f"{k}.up": (m, units), f"{k}.up_bias": (units,), f"{k}.down": (units, m), f"{k}.down_bias": (m,)}
        return shapes | {"scale": (m,), "shift": (m,), "read": (m,), "read_bias": ()}

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initial(self, generator: Array) -> Parameters:
        r"""Parameters before training: matrices $N(0, 1/\text{rows})$, outputs of a layer smaller, biases zero.

        Args:
            generator: torch.Generator; the parameters live on its device.
        """
        import torch

        parameters = {}
        for name, shape in self.shapes.items():
            if name.endswith("scale"):
                value = torch.ones(shape, device=generator.device)
            elif len(shape) == 2 or name == "read":
                # a residual stream that grows by as much in each layer would drown the tokens
                depth = 2 * self.layers if name.endswith(("output", "down")) else 1
                value = torch.randn(shape, generator=generator, device=generator.device)
                value *= (shape[0] * depth) ** -0.5
            else:
                value = torch.zeros(shape, device=generator.device)
            parameters[name] = value
        return parameters

    def predict(self, parameters: Parameters, x: Array, y: Array) -> Array:
        """Predicted label of the query.

        Args:
            parameters: as `initial` draws them.
            x: shape `(batch, l + 1, d)`, the query last.
            y: labels of the context, shape `(batch, l)`.

        Returns:
            shape `(batch,)`.
        """
        from torch.nn.functional import layer_norm, pad, relu

        def normed(z: Array, scale: str) -> Array:
            return layer_norm(z, (self.width,), parameters[scale], parameters[scale.replace("scale", "shift")])

        tokens = pad(y, (0, 1)).unsqueeze(-1)
        embed = parameters["embed"]
        z = (x @ embed[:-1]) * math.sqrt(self.d) + tokens * embed[-1]
        for k in range(self.layers):
            name = f"{k}."
            inner = normed(z, name + "scale")
            if k == self.layers - 1:
                z = z[:, -1:]
            z = z + self._attend(parameters, name, inner, last=k == self.layers - 1)
            units = relu(normed(z, name + "mlp_scale") @ parameters[name + "up"] + parameters[name + "up_bias"])
            z = z + units @ parameters[name + "down"] + parameters[name + "down_bias"]
        return normed(z[:, -1], "scale") @ parameters["read"] + parameters["read_bias"]

    def _attend(self, parameters: Parameters, name: str, z: Array, *, last: bool) -> Array:
        """Attention of all tokens, or of the query alone; the context does not see the query."""
        queries = (z[:, -1:] if last else z) @ parameters[name + "query"]
        keys, values = (z @ parameters[name + "key_value"]).chunk(2, dim=-1)
        queries, keys, values = (self._split(part) for part in (queries, keys, values))
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(self.width // self.heads)
        if not last:
            mask = scores.new_zeros(scores.shape[-2:])
            mask[:-1, -1] = -math.inf
            scores = scores + mask
        mixed = (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)
        return mixed @ parameters[name + "output"]

    def _split(self, z: Array) -> Array:
        """Tokens `(batch, tokens, width)` by head: `(batch, heads, tokens, width / heads)`."""
        return z.unflatten(-1, (self.heads, -1)).transpose(1, 2)


@dataclass(frozen=True, eq=False, repr=False)
class TrainedTransformer(Shown):
    """A Transformer after training.

    Attributes:
        network: its architecture.
        parameters: tensors by name, float32.
        tasks: the pretraining tasks, shape `(k, d)`.
        length: of the contexts that it was trained on, l.
        losses: steps done and validation loss (without the query's noise) at each check, shape `(checks, 2)`.
        steps: steps done.
        stopped_early: the loss stood still before the schedule was at its end.
    """

    network: Transformer
    parameters: Parameters = field(repr=False)
    tasks: np.ndarray
    length: int
    losses: np.ndarray
    steps: int
    stopped_early: bool

    def predict(self, x: Array, y: Array) -> Array:
        """Predicted labels of queries: x `(batch, l + 1, d)` with the query last, y `(batch, l)`."""
        return self.network.predict(self.parameters, x, y)


def train_transformer(
    spectrum: Spectrum,
    *,
    d: int | None = None,
    alpha: float = 2.0,
    kappa: float = 1.0,
    rho: float = 0.01,
    width: int | None = None,
    layers: int = 2,
    heads: int = 1,
    hidden: int = 4,
    schedule: Schedule | None = None,
    seed: Seed = 0,
    device: str = "cpu",
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> TrainedTransformer:
    r"""Train a small Transformer to regress in context, on fresh contexts of k fixed tasks.

    Tasks $t_j \sim N(0, C_{\mathrm{train}})$ are drawn once; every step draws new contexts
    $\{x_i, y_i\}$, $x \sim N(0, I_d/d)$, $y = \langle x, t_j\rangle + \epsilon$, of tasks chosen uniformly. So the
    number of contexts is not limited: there is no tau here, and n grows with the steps.

    Args:
        spectrum: of C_train, which is diagonal.
        d: dimension; number of the spectrum's eigenvalues if not given.
        alpha, kappa: context length and number of tasks per dimension; the nearest whole numbers are taken.
        rho: variance of the label noise, >= 0.
        width: dimensions of a token; d + 1 if not given.
        layers, heads, hidden: see `Transformer`.
        schedule: how long and how to train.
        seed: of the tasks, the initial parameters and the contexts.
        device: of torch.
        checkpoint: file from which an interrupted training goes on; see `train`.
        progress: called now and then with the steps done, those of the whole schedule, and the loss.

    Raises:
        InputError: naming the argument and its value.
        ConvergenceError: the loss is no longer finite.
        MissingLibraryError: torch is not installed.

    References:
        LZLP (arXiv 2509.26551), nonlinear experiments; THEORY A0 (7), A6.
    """
    need_library("torch")
    import torch

    size = one_spectrum(spectrum).size if d is None else whole("d", d)
    network = Transformer(size, size + 1 if width is None else width, layers=layers, heads=heads, hidden=hidden)
    length, count = nearest("alpha", alpha, size), nearest("kappa", kappa, size)
    check_device(device)
    noise, plan = number("rho", rho, zero=True), schedule or Schedule()
    values = in_dimension(spectrum, size)
    for_tasks, for_training = streams(seed, 2)
    tasks = draw_tasks(values, count, seed=for_tasks)
    on_device = torch.as_tensor(tasks, dtype=torch.float32, device=device)
    trained = train(
        network,
        lambda generator, batch: draw_batch(generator, on_device, batch, length=length, rho=noise),
        plan,
        seed=for_training,
        device=device,
        checkpoint=checkpoint,
        description=f"{network} {plan} length={length} rho={noise!r} tasks={_digest(tasks)} seed={for_training}",
        progress=progress,
    )
    return TrainedTransformer(
        network, trained.parameters, tasks, length, trained.losses, trained.steps, trained.stopped_early
    )


def _digest(array: np.ndarray) -> str:
    return sha256(array.tobytes()).hexdigest()[:16]
