"""The training loop: resumed as if it had never stopped, stopped early, and loud when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.models import Schedule, train_transformer
from taskalign.models.training import Batch, draw_batch, train
from taskalign.numerics import ConvergenceError, InputError

SPECTRUM = ta.Spectrum.power_law(6, 0.9)
SCHEDULE = Schedule(steps=60, batch=16, warmup=5, check=10, validation=64)


def trained(seed: int = 0, schedule: Schedule = SCHEDULE, **more):
    return train_transformer(SPECTRUM, kappa=1.0, seed=seed, schedule=schedule, **more)


def killed_after(checks: int):
    """A progress function that ends the training at its so-manieth call."""
    left = iter(range(checks - 1))

    def progress(step: int, steps: int, loss: float) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("checks", [(2,), (1, 3)])
def test_resumed_training_ends_as_if_uninterrupted(checks, tmp_path: Path) -> None:
    file = tmp_path / "runs" / "run.pt"
    for count in checks:
        with pytest.raises(KeyboardInterrupt):
            trained(checkpoint=file, progress=killed_after(count))
    steps = []
    resumed = trained(checkpoint=file, progress=lambda step, all_, loss: steps.append(step))
    assert steps == list(range(10 * sum(checks) + 10, 61, 10))
    whole = trained()
    for name, value in whole.parameters.items():
        assert torch.equal(resumed.parameters[name], value), name
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    assert [path.name for path in file.parent.iterdir()] == ["run.pt"]


def test_a_finished_training_is_read_back_without_a_step(tmp_path: Path) -> None:
    first = trained(checkpoint=tmp_path / "run.pt")
    again = trained(checkpoint=tmp_path / "run.pt", progress=killed_after(1))
    assert torch.equal(first.parameters["embed"], again.parameters["embed"])
    assert again.steps == 60


def test_checkpoints_of_other_runs_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    trained(checkpoint=file)
    faster: dict[str, Any] = {"schedule": replace(SCHEDULE, learning_rate=1e-3)}
    others: list[dict[str, Any]] = [{"seed": 1}, {"rho": 0.5}, {"alpha": 2.5}, {"width": 8}, {"layers": 1}, faster]
    for other in others:
        with pytest.raises(InputError, match=r"^checkpoint: .*run\.pt is of another run"):
            trained(checkpoint=file, **other)
    # other tasks, as many and from the same seed
    with pytest.raises(InputError, match=r"^checkpoint: .*run\.pt is of another run"):
        train_transformer(ta.Spectrum.power_law(6, 0.8), kappa=1.0, schedule=SCHEDULE, checkpoint=file)
    content = file.read_bytes()
    for damaged in (content[:1000], b"", b"something else"):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"^checkpoint: .*run\.pt is no checkpoint"):
            trained(checkpoint=file)


def test_a_file_as_the_folder_of_a_checkpoint_made_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"^checkpoint: .*run\.pt: "):
        trained(checkpoint=tmp_path / "file" / "run.pt")
    assert (tmp_path / "file").read_text() == "kept"


def test_stops_where_nothing_improves() -> None:
    still = replace(SCHEDULE, learning_rate=1e-9, patience=3)
    found = trained(schedule=still)
    assert found.stopped_early
    # the first check counts as progress, whatever it finds
    assert found.steps == 40
    assert not trained(schedule=replace(SCHEDULE, patience=3, tolerance=0.0)).stopped_early


def test_learning_rate_rises_stays_and_falls() -> None:
    schedule = Schedule(steps=100, warmup=9, learning_rate=0.5)
    assert schedule.rate(0) == pytest.approx(0.05, rel=1e-12, abs=0)
    assert {schedule.rate(step) for step in range(9, 51)} == {0.5}
    assert schedule.rate(75) == pytest.approx(0.25, rel=1e-12, abs=0)
    assert 0 < schedule.rate(99) < 0.02


@pytest.mark.parametrize("field", ["steps", "batch", "check", "patience", "validation", "learning_rate"])
def test_bad_schedule(field: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: 0"):
        Schedule(**{field: 0})


@pytest.mark.parametrize("field", ["warmup", "tolerance"])
def test_schedule_below_zero(field: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: -1"):
        Schedule(**{field: -1})
    Schedule(**{field: 0})


# --- the loop, by hand --------------------------------------------------------------------------------------------
class Plane:
    """Linear in two parameters, with slopes of very different size from step to step."""

    def initial(self, generator):
        return {"a": torch.full((2,), 0.5, dtype=torch.float64)}

    def predict(self, parameters, x, y):
        return x @ parameters["a"]


def batches(size: int) -> list[Batch]:
    rng = np.random.default_rng(3)
    scales = [3.0, 0.05, 1.0, 0.2, 40.0, 0.01, 1.5]
    x = [torch.as_tensor(scale * rng.normal(size=(size, 2))) for scale in scales]
    return [Batch(one, one, one @ torch.tensor([1.0, -2.0], dtype=torch.float64)) for one in x]


def test_steps_are_those_of_adam_on_clipped_gradients() -> None:
    """Adam as published (Kingma and Ba), with the averages 0.9 and 0.99, on gradients of norm one at most."""
    schedule = Schedule(steps=6, batch=4, learning_rate=0.3, warmup=2, check=6)
    drawn = batches(4)
    given = iter(drawn)
    found = train(Plane(), lambda generator, batch: next(given), schedule, seed=np.random.SeedSequence(0))
    a, first, second, norms = np.full(2, 0.5), np.zeros(2), np.zeros(2), []
    for step, batch in enumerate(drawn[1:], 1):  # the first is for validation
        x, target = batch.x.numpy(), batch.target.numpy()
        slope = 2 * x.T @ (x @ a - target) / len(x)
        norms.append(np.linalg.norm(slope))
        slope = slope / max(1, norms[-1])
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        rate = 0.3 * min(1, step / 3) * min(1, 2 * (1 - (step - 1) / 6))
        a = a - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    assert min(norms) < 0.5 < 10 < max(norms)
    # torch puts 1e-6 beside the norm
    np.testing.assert_allclose(found.parameters["a"].numpy(), a, rtol=1e-5)
    validation = drawn[0]
    assert found.losses[0, 1] == pytest.approx(np.mean((validation.x.numpy() @ a - validation.target.numpy()) ** 2))


def test_contexts_for_validation_are_none_of_the_first_step() -> None:
    seen: list[Batch] = []

    def draw(generator, batch):
        x = torch.randn(batch, 2, generator=generator, dtype=torch.float64)
        seen.append(Batch(x, x, x[:, 0]))
        return seen[-1]

    train(Plane(), draw, Schedule(steps=2, batch=8, validation=8), seed=np.random.SeedSequence(0))
    assert len(seen) == 3
    assert not (seen[0].x == seen[1].x).any()
    assert not (seen[1].x == seen[2].x).any()


class Scripted:
    """Its validation loss is what a list says, check by check."""

    def __init__(self, losses: list[float]) -> None:
        self.losses = iter(losses)

    def initial(self, generator):
        return {"a": torch.ones(())}

    def predict(self, parameters, x, y):
        if torch.is_grad_enabled():
            return parameters["a"] * torch.ones(len(x))
        return torch.full((len(x),), next(self.losses), dtype=torch.float64).sqrt()


#: with a tolerance of a tenth: progress at checks 1, 4 and 5, so that three checks without it are over at check 8
LOSSES = [1.0, 0.95, 0.91, 0.89, 0.8, 0.79, 0.75, 0.721, 0.1, 0.01]


@pytest.mark.parametrize("interrupted", [(), (2,), (3, 4)])
def test_patience_counts_checks_without_progress(interrupted: tuple[int, ...], tmp_path: Path) -> None:
    """Progress is below the loss of the last progress by the tolerance; a check that is not leaves that as it is."""
    schedule = Schedule(steps=50, batch=4, check=4, patience=3, tolerance=0.1, validation=4)
    network = Scripted(LOSSES)

    def run(progress=None):
        zero = torch.zeros(4)
        return train(
            network,
            lambda generator, batch: Batch(zero, zero, zero),
            schedule,
            **{"seed": np.random.SeedSequence(0), "checkpoint": tmp_path / "run.pt", "progress": progress},
        )

    for checks in interrupted:
        with pytest.raises(KeyboardInterrupt):
            run(killed_after(checks))
    found = run()
    assert found.stopped_early
    assert found.steps == 32
    np.testing.assert_allclose(found.losses, [(4 * k, loss) for k, loss in enumerate(LOSSES[:8], 1)], rtol=1e-12)


def test_the_last_step_is_checked() -> None:
    found = trained(schedule=replace(SCHEDULE, steps=25))
    assert found.losses[:, 0].tolist() == [10, 20, 25]
    assert (found.steps, found.stopped_early) == (25, False)


class Broken:
    """Its loss overflows from the start."""

    def initial(self, generator):
        return {"a": torch.ones(())}

    def predict(self, parameters, x, y):
        return parameters["a"] * 1e30 * torch.ones(len(x))


def test_an_infinite_loss_is_no_result() -> None:
    tasks = torch.ones(1, 4)
    with pytest.raises(ConvergenceError, match=r"the loss is (inf|nan) after 10 steps"):
        train(
            Broken(),
            lambda generator, batch: draw_batch(generator, tasks, batch, length=3, rho=0.1),
            SCHEDULE,
            seed=np.random.SeedSequence(0),
        )


def test_moments_of_the_contexts() -> None:
    """Each within five standard errors of what the model says."""
    d, n, rho = 8, 40_000, 0.5
    tasks = torch.tensor([[3.0] + [0.0] * 7, [0.0] * 7 + [-1.0]], dtype=torch.float64)
    batch = draw_batch(torch.Generator().manual_seed(0), tasks, n, length=2, rho=rho)
    x, y = batch.x.numpy(), batch.y.numpy()
    assert x.shape == (n, 3, d)
    assert (x**2).mean() == pytest.approx(1 / d, rel=5 * np.sqrt(2 / x.size), abs=0)
    # |w|^2/d is 9/8 and 1/8, with equal shares
    assert (y**2).mean() == pytest.approx(rho + 5 / d, rel=0.03, abs=0)
    assert (batch.target.numpy() ** 2).mean() == pytest.approx(5 / d, rel=0.06, abs=0)
    # E[y x] averages the tasks over d
    np.testing.assert_allclose(d * (x[:, 0] * y[:, :1]).mean(0), tasks.numpy().mean(0), atol=0.07)
    # labels of one context share a task: given the first input along e_1 alone, its label is that task's
    first = np.abs(batch.target.numpy() - 3 * x[:, -1, 0]) < 1e-12
    assert first.mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(n))
    assert np.allclose(batch.target.numpy()[~first], -x[~first, -1, -1])
