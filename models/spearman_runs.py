"""The runs behind the Spearman table: what is trained, on what it is measured, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics.errors import InputError
from ..numerics.files import whole_file
from ..numerics.spectrum import Spectrum
from .contexts import draw_tasks
from .evaluation import measure_errors
from .linear_attention import LinearAttention, fit_linear_attention
from .sizes import Sizes, check_room, sizes_of, streams, whole
from .training import Progress, Schedule, draw_batch, seeded
from .transformer import train_transformer

#: what is trained
MODELS = ("transformer", "linear attention")

#: exponents of the power-law test covariances: so many, up to so far from that of C_train
_POWERS, _REACH = 11, 0.5
#: share of a spiked test covariance that is isotropic
_MIX = 0.5
#: folder of the runs inside that of a table
RUNS = "runs"


@dataclass(frozen=True)
class SpearmanSetting:
    r"""What is trained and measured; the values of the published experiment where it states them.

    Attributes:
        d: dimension, >= 2.
        alpha, tau, rho: context length per dimension, contexts per squared dimension, label noise.
        exponent: of the power law of C_train, of mean eigenvalue 1.
        kappas: tasks per dimension.
        seeds: pretraining runs for each kappa, >= 2 for intervals.
        width, layers, heads, hidden: of the `Transformer`; width d + 1 if None.
        schedule: of its training.
        contexts: for measuring the error on one test covariance.
        resamples: of the bootstrap.
        seed: from which all runs are seeded.

    Raises:
        InputError: naming the argument and its value.
    """

    d: int = 20
    alpha: float = 2.0
    tau: float = 4.0
    rho: float = 0.01
    exponent: float = 0.9
    kappas: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 10.0)
    seeds: int = 3
    width: int | None = None
    layers: int = 2
    heads: int = 1
    hidden: int = 4
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=2400))
    contexts: int = 4096
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        spectrum = self.spectrum
        if np.ndim(self.kappas) != 1 or len(self.kappas) == 0:
            raise InputError(f"kappas: {self.kappas!r} is not allowed, must be a tuple of one number or more")
        for kappa in self.kappas:
            self.sizes(kappa, spectrum)
        if len({self.sizes(kappa).tasks for kappa in self.kappas}) < len(self.kappas):
            raise InputError(f"kappas: {self.kappas} is not allowed, two make the same number of tasks at d = {self.d}")
        whole("seeds", self.seeds)
        whole("resamples", self.resamples)
        whole("seed", self.seed, 0)
        whole("contexts", self.contexts, self.d + 1)
        for kappa in self.kappas:
            sizes = self.sizes(kappa, spectrum)
            # the contexts of linear attention are drawn whole
            check_room(sizes, sizes.contexts * (sizes.length + 1) * self.d)

    @classmethod
    def quick(cls) -> SpearmanSetting:
        """A small version, about two minutes on one core."""
        schedule = Schedule(steps=700)
        return cls(d=16, seeds=2, schedule=schedule, contexts=1024, resamples=400)

    @property
    def spectrum(self) -> Spectrum:
        """Spectrum of C_train."""
        return Spectrum.power_law(whole("d", self.d, 2), self.exponent)

    def sizes(self, kappa: float, spectrum: Spectrum | None = None) -> Sizes:
        """The whole numbers of a run; their ratios are what the theory is given."""
        more = {"d": self.d, "alpha": self.alpha, "tau": self.tau, "rho": self.rho, "ridge": 0.0}
        return sizes_of(spectrum or self.spectrum, kappa=kappa, **more)

    @property
    def runs(self) -> list[tuple[float, int]]:
        """(kappa, number of the seed) of every run, a seed of every kappa before the next seed."""
        return [(kappa, place) for place, kappa in product(range(self.seeds), self.kappas)]


def tests_of(setting: SpearmanSetting) -> dict[str, np.ndarray]:
    """The test covariances by name, as d eigenvalues along C_train's, largest of C_train first; mean 1.

    Power laws with exponents up to 0.5 below and above that of C_train, eleven of which the sixth is C_train itself
    (so it is not listed again), and spikes along each eigenvector of C_train, mixed half with the isotropic one.
    """
    offsets = np.linspace(-_REACH, _REACH, _POWERS)
    powers = {f"power {setting.exponent + offset:.3g}": setting.exponent + offset for offset in offsets}
    tests = {name: Spectrum.power_law(setting.d, float(p)).eigenvalues for name, p in powers.items()}
    for place in range(setting.d):
        tests[f"spike {place}"] = Spectrum.spiked(setting.d, place, _MIX).eigenvalues
    return tests


# --- one run ------------------------------------------------------------------------------------------------------
def run(
    setting: SpearmanSetting,
    kappa: float,
    place: int,
    tests: Mapping[str, np.ndarray],
    folder: Path | None,
    device: str,
    progress: Progress,
) -> dict[str, Any]:
    """Errors of both models on every test covariance, and the steps taken; from the folder where they are there."""
    sizes = setting.sizes(kappa)
    # JSON and back, so that it compares with what was read
    description = json.loads(json.dumps(_run_setting(setting)))
    kept = None if folder is None else _file(setting, folder, kappa, place, "json")
    if kept is not None and kept.exists():
        return _kept(kept, description)
    # runs of any two kappa or seeds are independent, and do not change when others are added
    for_transformer, for_linear = streams(np.random.SeedSequence([setting.seed, sizes.tasks, place]), 2)
    values = np.stack(list(tests.values()))
    measured = {"length": sizes.length, "rho": setting.rho, "contexts": setting.contexts, "seed": setting.seed}
    transformer = train_transformer(
        setting.spectrum,
        alpha=setting.alpha,
        kappa=kappa,
        rho=setting.rho,
        width=setting.width,
        layers=setting.layers,
        heads=setting.heads,
        hidden=setting.hidden,
        schedule=setting.schedule,
        seed=for_transformer,
        device=device,
        checkpoint=None if folder is None else _file(setting, folder, kappa, place, "pt"),
        progress=progress,
    )
    linear = _trained_linear(setting, sizes, for_linear)
    found: dict[str, Any] = {
        "transformer": measure_errors(transformer.predict, values, device=device, **measured).tolist(),
        "linear attention": measure_errors(linear, values, double=True, **measured).tolist(),
        "steps": transformer.steps,
    }
    if kept is not None:
        _keep(kept, {"setting": description} | found)
    return found


def _trained_linear(setting: SpearmanSetting, sizes: Sizes, seed: np.random.SeedSequence) -> Callable[..., Any]:
    """Linear attention at its minimum on n contexts of k tasks, as a function of x and y; in float64 on the CPU."""
    import torch

    for_tasks, for_contexts = streams(seed, 2)
    tasks = torch.as_tensor(draw_tasks(setting.spectrum, sizes.tasks, seed=for_tasks))
    generator = seeded(for_contexts)
    batch = draw_batch(generator, tasks, sizes.contexts, length=sizes.length, rho=setting.rho)
    noise = torch.randn(sizes.contexts, generator=generator, dtype=tasks.dtype)
    network = LinearAttention(setting.d)
    parameters = fit_linear_attention(network, batch, batch.target + noise * setting.rho**0.5)
    return lambda x, y: network.predict(parameters, x, y)


def _run_setting(setting: SpearmanSetting) -> dict[str, Any]:
    """All of the setting that a single run follows from: others may be added to a folder."""
    return {k: v for k, v in asdict(setting).items() if k not in ("kappas", "seeds", "resamples")}


def _keep(file: Path, found: dict[str, Any]) -> None:
    """Write what a run found, whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as beside:
            beside.write_text(json.dumps(found) + "\n")
    except OSError as error:
        raise InputError(f"out: {file}: {error.strerror or error}") from None


def _kept(file: Path, description: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"out: {file} is no result of a run: {error}") from None
    if not isinstance(found, dict) or found.get("setting") != description:
        raise InputError(f"out: {file} is of a run with another setting; take another folder")
    return found


def finished_runs(setting: SpearmanSetting, folder: Path) -> int:
    """How many runs of a setting are in a folder."""
    return sum(_file(setting, folder, kappa, place, "json").exists() for kappa, place in setting.runs)


def _file(setting: SpearmanSetting, folder: Path, kappa: float, place: int, kind: str) -> Path:
    return folder / RUNS / f"tasks-{setting.sizes(kappa).tasks}-seed-{place}.{kind}"
