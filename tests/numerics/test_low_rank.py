"""Low-rank tasks against Takanami et al.'s own order-parameter equations, solved on their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import taskalign as ta

from . import low_rank_oracle

ORDER = ("q", "m", "q0", "m0", "q_bar", "m_bar")


def draws(count: int = 300, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    draw = np.random.default_rng(seed)

    def log_uniform(low: float, high: float) -> np.ndarray:
        return np.exp(draw.uniform(np.log(low), np.log(high), count))

    given = {
        "alpha": log_uniform(0.1, 30),
        "tau": log_uniform(0.1, 10),
        "kappa": log_uniform(0.1, 5),
        "ridge": log_uniform(1e-2, 10),
        "noise_std": draw.uniform(0, 1, count),
    }
    given["tau"][:20] = 1.0
    at_test = {"alpha_test": log_uniform(0.1, 30), "rho_test": draw.uniform(0, 0.5, count)}
    return draw.uniform(0.05, 1, count), given, at_test


def test_against_their_order_parameters() -> None:
    share, given, at_test = draws()
    ours = ta.low_rank_errors(share, **given, **at_test)
    theirs = low_rank_oracle.solve(share, **given)
    for name in ORDER:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10, err_msg=name)
    errors = {"TM": (theirs.m, theirs.q), "IDG": (theirs.m0, theirs.q0), "ODG": (theirs.m_bar, theirs.q_bar)}
    for name, (m, q) in errors.items():
        np.testing.assert_allclose(getattr(ours, name), theirs.error(m, q, **at_test), rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("alpha", [0.5, 1e3, 1e9, 1e14])
def test_closed_forms_are_the_general_theory(alpha: float) -> None:
    """To rounding, at contexts at which the order parameters alone would have lost all digits of an error."""
    share = np.array([0.2, 0.5, 0.9, 1.0])[:, None]
    kappa = np.array([0.1, 0.5, 0.7, 3.0])
    for tau, ridge, noise in ((4.0, 0.0, 0.0), (0.3, 0.0, 0.2), (1.0, 0.05, 0.0)):
        ours = ta.low_rank_errors(
            share, alpha=alpha, tau=tau, kappa=kappa, ridge=ridge, noise_std=noise, alpha_test=2 * alpha, rho_test=0.0
        )
        for i, rank in enumerate(share[:, 0]):
            spectrum = ta.Spectrum.low_rank(float(rank))
            given = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": noise**2, "ridge": kappa * ridge / tau}
            given |= {"alpha_test": 2 * alpha, "rho_test": 0.0}
            general = {
                "TM": ta.train_task_error(spectrum, **given).total,
                "IDG": ta.icl_error(spectrum, spectrum.eigenvalues, **given).total,
                "ODG": ta.rotated_task_error(spectrum, **given).total,
            }
            for name, value in general.items():
                np.testing.assert_allclose(getattr(ours, name)[i], value, rtol=1e-12, err_msg=name)


def test_gradient_of_every_parameter() -> None:
    values = [0.6, 3.0, 0.7, 0.8, 0.02, 0.3, 5.0, 0.1]
    names = ("alpha", "tau", "kappa", "ridge", "noise_std", "alpha_test", "rho_test")
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in values]

    def errors(share: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        found = ta.low_rank_errors(share, **dict(zip(names, parameters, strict=True)))
        return torch.stack([found.TM, found.IDG, found.ODG])

    assert torch.autograd.gradcheck(errors, leaves, rtol=1e-6)
    assert errors(*leaves).dtype == torch.float64


def test_shapes_and_defaults() -> None:
    found = ta.low_rank_errors(0.5, alpha=np.array([[2.0], [4.0]]), tau=np.array([0.5, 2.0, 3.0]), kappa=1.0)
    assert found.TM.shape == found.m.shape == found.q0.shape == (2, 3)
    # tests are free of noise, unless given
    noisy = ta.low_rank_errors(0.5, alpha=2.0, tau=2.0, kappa=1.0, noise_std=0.5)
    explicit = ta.low_rank_errors(0.5, alpha=2.0, tau=2.0, kappa=1.0, noise_std=0.5, alpha_test=2.0, rho_test=0.0)
    assert noisy.IDG == explicit.IDG
    assert "TM" in repr(noisy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank_fraction": 0.0}, r"rank_fraction: 0.0 is not allowed"),
        ({"rank_fraction": 1.5}, r"rank_fraction: 1.5 is not allowed, must be in \(0, 1\]"),
        ({"rank_fraction": np.array([0.5, -0.1])}, r"rank_fraction: -0.1 at index 1"),
        ({"alpha": 0.0}, "alpha: 0.0"),
        ({"kappa": -1.0}, "kappa: -1.0"),
        ({"tau": 0.0}, "tau: 0.0"),
        ({"tau": 1.0, "ridge": 0.0}, "tau: 1.0 is not allowed, must be other than 1 without a ridge"),
        ({"ridge": -0.1}, "ridge: -0.1"),
        ({"noise_std": -0.5}, "noise_std: -0.5"),
        ({"alpha_test": 0.0}, "alpha_test: 0.0"),
        ({"rho_test": -1.0}, "rho_test: -1.0"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    given = {"rank_fraction": 0.5, "alpha": 2.0, "tau": 2.0, "kappa": 1.0, "ridge": 0.1, "noise_std": 0.1} | change
    with pytest.raises(ta.numerics.InputError, match=message):
        ta.low_rank_errors(given.pop("rank_fraction"), **given)
