"""Training of a network on fresh contexts: seeded, kept in a checkpoint, resumable, stopped early."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..numerics.arrays import Array
from ..numerics.errors import ConvergenceError, InputError
from ..numerics.files import whole_file
from .sizes import number, streams, whole

#: tensors by name
Parameters = dict[str, Any]
#: called with the number of steps done, the number of all, and the loss on the validation contexts
Progress = Callable[[int, int, float], Any]
#: exponential averages of Adam; the second is short, since gradients shrink by orders of magnitude
_BETAS = (0.9, 0.99)
#: largest norm of a gradient
_CLIP = 1.0


class Batch(NamedTuple):
    """A batch of contexts with their queries, as tensors.

    Attributes:
        x: inputs, the query last, shape `(batch, l + 1, d)`.
        y: noisy labels of the context, shape `(batch, l)`.
        target: label of the query without noise, shape `(batch,)`.
    """

    x: Array
    y: Array
    target: Array


@runtime_checkable
class Network(Protocol):
    """What is trained: parameters are apart from the function."""

    def initial(self, generator: Any) -> Parameters:
        """Parameters before training, on the device of a torch.Generator."""
        ...

    def predict(self, parameters: Parameters, x: Array, y: Array) -> Array:
        """Predicted labels of the queries of a `Batch`."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How long and how to train.

    Attributes:
        steps: of Adam, >= 1, each on fresh contexts.
        batch: contexts of a step.
        learning_rate: reached after `warmup` steps, and falling linearly to zero over the second half.
        warmup: steps.
        check: the validation loss is looked at, and the checkpoint written, every so many steps.
        patience: stop early after so many checks without progress.
        tolerance: by what share the validation loss must fall to count as progress.
        validation: number of fixed contexts of the training tasks for the validation loss.

    Raises:
        InputError: naming the argument and its value.
    """

    steps: int = 3000
    batch: int = 128
    learning_rate: float = 1e-2
    warmup: int = 100
    check: int = 50
    patience: int = 20
    tolerance: float = 0.02
    validation: int = 1024

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "check", "patience", "validation"):
            whole(name, getattr(self, name))
        whole("warmup", self.warmup, 0)
        number("learning_rate", self.learning_rate)
        number("tolerance", self.tolerance, zero=True)

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        rising = min(1.0, (step + 1) / (self.warmup + 1))
        return self.learning_rate * rising * min(1.0, 2.0 * (1.0 - step / self.steps))


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training.

    Attributes:
        parameters: tensors by name, without gradients.
        losses: steps done and validation loss at each check, shape `(checks, 2)`.
        steps: steps done.
        stopped_early: the validation loss stood still.
    """

    parameters: Parameters
    losses: np.ndarray
    steps: int
    stopped_early: bool


def check_device(device: str) -> None:
    """Raise unless torch can work on a device.

    Raises:
        InputError: it is unknown or not there.
    """
    import torch

    try:
        torch.zeros(1, device=device)
        torch.Generator(device=device)
    # what torch raises depends on the kind of device, and on how torch was built
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device: {device!r} is not allowed, must be one that torch can use here: {reason}") from None


def seeded(seed: np.random.SeedSequence, device: str = "cpu") -> Array:
    """A torch.Generator on a device."""
    import torch

    generator = torch.Generator(device=device)
    generator.manual_seed(int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1)))
    return generator


def draw_batch(generator: Array, tasks: Array, batch: int, *, length: int, rho: float) -> Batch:
    r"""Contexts of tasks drawn uniformly: $x \sim N(0, I_d/d)$, $y = \langle x, w\rangle + \epsilon$.

    Args:
        generator: torch.Generator.
        tasks: shape `(k, d)`, on the generator's device.
        batch: number of contexts.
        length: of a context, l.
        rho: variance of the label noise.
    """
    import torch

    options = {"generator": generator, "device": generator.device, "dtype": tasks.dtype}
    d = tasks.shape[1]
    w = tasks[torch.randint(len(tasks), (batch,), generator=generator, device=generator.device)]
    x = torch.randn(batch, length + 1, d, **options) / d**0.5
    clean = (x @ w.unsqueeze(-1)).squeeze(-1)
    noise = torch.randn(batch, length, **options) * rho**0.5
    return Batch(x, clean[:, :-1] + noise, clean[:, -1])


def train(
    network: Network,
    draw: Callable[[Array, int], Batch],
    schedule: Schedule,
    *,
    seed: np.random.SeedSequence,
    device: str = "cpu",
    checkpoint: str | os.PathLike[str] | None = None,
    description: str = "",
    progress: Progress | None = None,
) -> Trained:
    """Lower the mean squared error on fresh contexts by Adam.

    Training that was interrupted goes on from its checkpoint, and ends with the same parameters, bit for bit on one
    machine and number of threads, as without interruption. The target is the label without noise: the gradient is the
    same on average, and quieter.

    Args:
        network: what is trained.
        draw: makes so many contexts with a torch.Generator on `device`.
        schedule: how long and how.
        seed: of the initial parameters, the contexts and those for validation.
        device: of torch.
        checkpoint: file, written at every check; without it nothing is kept.
        description: of the run; a checkpoint of another description is refused.
        progress: called at every check. What it raises ends the training, which can be resumed.

    Raises:
        InputError: the checkpoint is of another run, or no checkpoint.
        ConvergenceError: the loss is no longer finite.
    """
    import torch

    file = None if checkpoint is None else Path(checkpoint)
    first, contexts, held_out = streams(seed, 3)
    generator = seeded(contexts, device)
    # drawn on the CPU, so that a run starts from the same parameters on every device
    parameters = {name: value.to(device) for name, value in network.initial(seeded(first)).items()}
    for value in parameters.values():
        value.requires_grad_()
    optimizer = torch.optim.Adam(parameters.values(), lr=schedule.learning_rate, betas=_BETAS)
    validation = draw(seeded(held_out, device), schedule.validation)
    step, losses, best, waited = 0, [], float("inf"), 0
    if file is not None and file.exists():
        state = _load(file, description, device)
        step, losses, best, waited = state["step"], state["losses"], state["best"], state["waited"]
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"].cpu())
        with torch.no_grad():
            for name, value in parameters.items():
                value.copy_(state["parameters"][name])
    while step < schedule.steps and waited < schedule.patience:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        batch = draw(generator, schedule.batch)
        loss = (network.predict(parameters, batch.x, batch.y) - batch.target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), _CLIP)
        optimizer.step()
        step += 1
        if step % schedule.check and step < schedule.steps:
            continue
        with torch.no_grad():
            predicted = network.predict(parameters, validation.x, validation.y)
            reached = float((predicted - validation.target).square().mean())
        if not np.isfinite(reached):
            raise ConvergenceError(f"training: the loss is {reached} after {step} steps; lower the learning rate")
        losses.append((step, reached))
        waited = 0 if reached < best * (1 - schedule.tolerance) else waited + 1
        best = min(best, reached) if waited == 0 else best
        if file is not None:
            state = {"description": description, "step": step, "losses": losses, "best": best, "waited": waited}
            state |= {"parameters": {name: value.detach() for name, value in parameters.items()}}
            _save(file, state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()})
        if progress is not None:
            progress(step, schedule.steps, reached)
    return Trained(
        parameters={name: value.detach() for name, value in parameters.items()},
        losses=np.array(losses, dtype=np.float64).reshape(-1, 2),
        steps=step,
        stopped_early=step < schedule.steps,
    )


def _save(file: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all."""
    import torch

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as beside:
            torch.save(state, beside)
    except OSError as error:
        raise InputError(f"checkpoint: {file}: {error.strerror or error}") from None
    except RuntimeError as error:  # what torch makes of a full disk
        raise InputError(f"checkpoint: {file}: {str(error).partition(chr(10))[0]}") from None


def _load(file: Path, description: str, device: str) -> dict[str, Any]:
    import torch

    try:
        state = torch.load(file, map_location=device, weights_only=True)
    except Exception as error:  # a damaged file makes the reader fail in any way at all
        reason = str(error).partition("\n")[0]
        raise InputError(f"checkpoint: {file} is no checkpoint of a training: {reason}") from None
    found = state.get("description") if isinstance(state, dict) else None
    if found != description:
        raise InputError(f"checkpoint: {file} is of another run, {found!r}, and not of {description!r}")
    return state
