"""While a function is traced nothing can be refused: what the plain call refuses is then not a number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import taskalign as ta
from taskalign.numerics.errors import InputError

jax.config.update("jax_enable_x64", True)

ROOT = Path(__file__).parents[2]
NAN, INF = float("nan"), float("inf")
GOOD = {
    **{"alpha": 2.0, "tau": 0.5, "kappa": 0.8, "rho": 0.1, "ridge": 0.0, "alpha_test": 3.0, "rho_test": 0.2},
    **{"eigenvalues": [2.0, 1.0, 0.0], "weights": [1.0, 2.0, 1.0], "test": [0.5, 0.0, 1.0]},
    **{"C_train": [[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 0.0]], "C_test": np.diag([1.0, 0.0, 2.0]).tolist()},
}
POSITIVE = [2.0, 1e-3, 0.0, -1.0, -1e-300, NAN, INF, -INF]
NOT_NEGATIVE = [0.0, 0.3, -0.1, NAN, INF, -INF]
FIRST = [1.0, 0.0, -1e-3, NAN, INF]
#: what an argument may be, right or wrong; of a vector the first entry, of a matrix any
VALUES: dict[str, list[Any]] = {
    **dict.fromkeys(("alpha", "kappa", "alpha_test"), POSITIVE),
    "tau": [*POSITIVE, 1.0],
    **dict.fromkeys(("rho", "ridge", "rho_test"), NOT_NEGATIVE),
    **{name: [[x, *GOOD[name][1:]] for x in FIRST] + [[0.0, 0.0, 0.0]] for name in ("eigenvalues", "weights", "test")},
    **{
        name: [
            np.eye(3).tolist(),
            np.diag([0.0, 1.0, 2.0]).tolist(),
            np.zeros((3, 3)).tolist(),
            (np.eye(3) + np.eye(3, k=1)).tolist(),  # not symmetric
            (np.eye(3) + 1e-17 * np.eye(3, k=1)).tolist(),
            [[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]],  # indefinite
            (-np.eye(3)).tolist(),
            np.diag([1.0, NAN, 1.0]).tolist(),
            np.diag([1.0, INF, 1.0]).tolist(),
            [[1.0, NAN, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        ]
        for name in ("C_train", "C_test")
    },
}
SOLVED = ("alpha", "tau", "kappa", "rho", "ridge")


def spectral(x: dict[str, Any]) -> list[Any]:
    spectrum = ta.Spectrum(x["eigenvalues"], x["weights"])
    found = ta.icl_error(spectrum, x["test"], **{name: x[name] for name in (*SOLVED, "alpha_test", "rho_test")})
    return [found.total, found.scalar, found.misalignment]


def tasks(x: dict[str, Any]) -> list[Any]:
    spectrum = ta.Spectrum(x["eigenvalues"], x["weights"])
    given = {name: x[name] for name in (*SOLVED, "alpha_test", "rho_test")}
    both = [task(spectrum, **given) for task in (ta.train_task_error, ta.rotated_task_error)]
    return [getattr(found, name) for found in both for name in ("total", "scalar", "misalignment")]


def law(x: dict[str, Any]) -> list[Any]:
    spectrum = ta.Spectrum(x["eigenvalues"], x["weights"])
    given = {name: x[name] for name in (*SOLVED, "alpha_test", "rho_test")}
    found = ta.prediction_law(spectrum, x["test"], **given)
    names = ("var_y", "cov", "var_yhat", "slope_given_label", "var_given_label", "var_given_clean", "var_given_query")
    return [*(getattr(found, name) for name in names), found.error, found.budget.noise, found.budget.bias]


def covariances(x: dict[str, Any]) -> list[Any]:
    given = {name: x[name] for name in SOLVED}
    error = ta.icl_error(x["C_train"], x["C_test"], **given)
    spectrum, test = ta.align(x["C_train"], x["C_test"])
    pair = ta.icl_error(spectrum, test, **given)
    return [error.total, error.scalar, error.misalignment, pair.total]


def metrics(x: dict[str, Any]) -> list[Any]:
    return list(ta.metrics(x["C_train"], x["C_test"], **{name: x[name] for name in SOLVED}).values())


def other(x: dict[str, Any]) -> list[Any]:
    """Sources of the implicit ridge, and the fixed point."""
    found = ta.numerics.implicit_ridge(
        ta.Spectrum(x["eigenvalues"], x["weights"]), **{name: x[name] for name in SOLVED}
    )
    point = found.fixed_point
    names = ("explicit", "context", "samples", "given_tasks", "tasks_factor", "tasks", "total")
    return [getattr(found, name) for name in names] + [getattr(point, name) for name in ("t", "s", "M", "dM", "q")]


FUNCTIONS = {
    spectral: ("eigenvalues", "weights", "test", *SOLVED, "alpha_test", "rho_test"),
    tasks: ("eigenvalues", "weights", *SOLVED, "alpha_test", "rho_test"),
    law: ("eigenvalues", "weights", "test", *SOLVED, "alpha_test", "rho_test"),
    other: ("eigenvalues", "weights", *SOLVED),
    covariances: ("C_train", "C_test", *SOLVED),
    metrics: ("C_train", "C_test", *SOLVED),
}
WRONG = [(name, value) for name, values in VALUES.items() for value in values]


def plain(function: Any, x: dict[str, Any]) -> list[Any] | None:
    """What NumPy gives; None where it is refused."""
    try:
        return function(x)
    except InputError:
        return None


def agree(found: Any, expected: list[Any] | None) -> None:
    values = [float(value) for value in found]
    if expected is None:
        assert all(np.isnan(values)), values
    else:
        assert values == pytest.approx([float(value) for value in expected], rel=1e-10, abs=1e-13)


jitted = {function: jax.jit(function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_jit_does_not_answer_where_the_plain_call_refuses(function: Any) -> None:
    """Each value of each argument alone, beside good ones."""
    refused = 0
    for name, value in WRONG:
        if name in FUNCTIONS[function]:
            x = {key: np.asarray(GOOD[key]) for key in FUNCTIONS[function]} | {name: np.asarray(value)}
            expected = plain(function, x)
            refused += expected is None
            agree(jitted[function](x), expected)
    assert refused > 20
    at_one = {key: np.asarray(GOOD[key]) for key in FUNCTIONS[function]} | {"tau": np.asarray(1.0)}
    agree(jitted[function](at_one | {"ridge": np.asarray(0.3)}), plain(function, at_one | {"ridge": 0.3}))


@settings(max_examples=60)
@given(st.fixed_dictionaries({name: st.sampled_from([GOOD[name], *VALUES[name]]) for name in FUNCTIONS[covariances]}))
@example({name: GOOD[name] for name in FUNCTIONS[covariances]})
def test_any_mixture(x: dict[str, Any]) -> None:
    arrays = {name: np.asarray(value) for name, value in x.items()}
    agree(jitted[covariances](arrays), plain(covariances, arrays))


@pytest.mark.parametrize("name", FUNCTIONS[spectral] + ("C_train", "C_test"))
@pytest.mark.parametrize("library", ["jax", "torch"])
def test_vmap_refuses_one_by_one(library: str, name: str) -> None:
    function = covariances if name.startswith("C_") else spectral
    batch = np.asarray([GOOD[name], *VALUES[name]], dtype=float)
    if library == "jax":
        given = {key: jnp.asarray(GOOD[key]) for key in FUNCTIONS[function]}
        together = jax.vmap(lambda v: function(given | {name: v}))(jnp.asarray(batch))
    else:
        given = {key: torch.tensor(GOOD[key], dtype=torch.float64) for key in FUNCTIONS[function]}
        together = torch.func.vmap(lambda v: tuple(function(given | {name: v})))(torch.tensor(batch))
    known = {key: np.asarray(GOOD[key], dtype=float) for key in FUNCTIONS[function]}
    for k, value in enumerate(batch):
        agree([part[k] for part in together], plain(function, known | {name: value}))


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_gradients_are_refused_too(library: str) -> None:
    """A gradient of zero would look like a minimum."""
    wrong = {"alpha": -1.0, "tau": -1.0, "kappa": -1.0, "rho": -0.5, "ridge": -0.1, "alpha_test": -1.0}
    wrong["rho_test"] = -0.1
    names = FUNCTIONS[spectral]
    for name, value in wrong.items():
        if library == "jax":
            given = {key: jnp.asarray(GOOD[key]) for key in names}
            gradient = jax.grad(lambda v, g=given, n=name: spectral(g | {n: v})[0])
            assert np.isfinite(gradient(given[name] + 0.01))
            assert np.isnan(gradient(jnp.asarray(value))), name
        else:
            given = {key: torch.tensor(GOOD[key], dtype=torch.float64) for key in names}
            gradient = torch.func.grad(lambda v, g=given, n=name: spectral(g | {n: v})[0])
            assert gradient(given[name] + 0.01).isfinite()
            assert gradient(torch.tensor(value, dtype=torch.float64)).isnan(), name


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's forward mode
def test_vmap_and_derivatives_of_torch_in_any_order() -> None:
    given = {name: torch.tensor(GOOD[name], dtype=torch.float64) for name in FUNCTIONS[spectral]}

    def error(tau: torch.Tensor) -> torch.Tensor:
        return spectral(given | {"tau": tau})[0]

    def of_eigenvalues(values: torch.Tensor) -> torch.Tensor:
        return spectral(given | {"eigenvalues": values})[0]

    taus = torch.tensor([0.3, 0.5, 1.7], dtype=torch.float64)
    leaf = taus.clone().requires_grad_()
    alone = torch.stack([error(tau) for tau in leaf])
    (slopes,) = torch.autograd.grad(alone.sum(), leaf)
    together = torch.func.vmap(error)
    torch.testing.assert_close(together(taus), alone.detach(), rtol=1e-14, atol=0)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(error))(taus), slopes)
    torch.testing.assert_close(torch.func.grad(lambda t: together(t).sum())(taus), slopes)
    torch.testing.assert_close(torch.func.jacfwd(together)(taus), torch.diag(slopes))
    torch.testing.assert_close(torch.func.jacrev(together)(taus), torch.diag(slopes))
    spectra = torch.tensor([[2.0, 1.0, 0.5], [1.0, 1.0, 1.0], [3.0, 0.1, 0.0]], dtype=torch.float64)
    alone = torch.stack([of_eigenvalues(values) for values in spectra])
    torch.testing.assert_close(torch.func.vmap(of_eigenvalues)(spectra), alone, rtol=1e-14, atol=0)
    gradients = torch.func.vmap(torch.func.grad(of_eigenvalues))(spectra)
    for values, gradient in zip(spectra, gradients, strict=True):
        values = values.clone().requires_grad_()
        torch.testing.assert_close(torch.autograd.grad(of_eigenvalues(values), values)[0], gradient)


def test_low_rank_errors_and_density_while_traced() -> None:
    given = {"alpha": 2.0, "tau": 0.5, "kappa": 0.8, "ridge": 0.1, "noise_std": 0.3}
    shares = jnp.asarray([0.5, 1.0, 1.1, 0.0, NAN])
    found = jax.jit(jax.vmap(lambda share: jnp.stack(jax.tree.leaves(_low_rank(share, given)))))(shares)
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2:]).all()
    plainly = _low_rank(0.5, given)
    np.testing.assert_allclose(found[0], plainly, rtol=1e-12)
    law = ta.prediction_law(ta.Spectrum(jnp.asarray([2.0, 1.0])), alpha=2.0, tau=0.5, kappa=0.8, rho=0.1)
    density = jax.vmap(lambda y: law.density(y, 0.3))(jnp.asarray([0.1, NAN, INF]))
    assert density[0] == pytest.approx(float(law.density(0.1, 0.3)), rel=1e-14, abs=0)
    assert np.isnan(density[1:]).all()


def _low_rank(share: Any, given: dict[str, float]) -> list[Any]:
    found = ta.low_rank_errors(share, **given)
    return [getattr(found, name) for name in ("TM", "IDG", "ODG", "q", "m", "q0", "m0", "q_bar", "m_bar")]


def test_vmap_over_covariances() -> None:
    """With a gradient, and with one covariance of equal eigenvalues among them."""
    factors = np.random.default_rng(0).normal(size=(3, 4, 6))
    stack = np.concatenate([factors @ factors.transpose(0, 2, 1) / 6, np.eye(4)[None]])
    test = np.diag([1.0, 0.5, 0.2, 0.0])
    parameters = {name: GOOD[name] for name in SOLVED}

    def error(C: Any) -> Any:
        library = torch.tensor(test) if isinstance(C, torch.Tensor) else jnp.asarray(test)
        return ta.icl_error(C, library, **parameters).total

    values, gradients = [], []
    for C in stack:
        leaf = torch.tensor(C, requires_grad=True)
        value = error(leaf)
        values.append(value.item())
        gradients.append(torch.autograd.grad(value, leaf)[0].numpy())
    np.testing.assert_allclose(torch.func.vmap(error)(torch.tensor(stack)), values, rtol=1e-13)
    np.testing.assert_allclose(jax.vmap(error)(jnp.asarray(stack)), values, rtol=1e-13)
    found = torch.func.vmap(torch.func.grad(error))(torch.tensor(stack))
    np.testing.assert_allclose(found, gradients, rtol=1e-11, atol=1e-13)
    found = jax.vmap(jax.grad(error))(jnp.asarray(stack))
    np.testing.assert_allclose(found, gradients, rtol=1e-11, atol=1e-13)


COMPILED = """
import warnings
warnings.simplefilter("error")
import numpy as np, torch
from tests.numerics.test_traced import FUNCTIONS, GOOD, WRONG, agree, covariances, law, plain, spectral, tasks

for function in (spectral, tasks, law, covariances):
    names = FUNCTIONS[function]

    def flat(*values):
        return function(dict(zip(names, values)))

    torch._dynamo.reset()
    compiled = torch.compile(flat, backend="aot_eager", fullgraph=True, dynamic=False)
    for name, value in [("tau", 0.5), *WRONG]:
        if name in names:
            x = {key: np.asarray(GOOD[key], dtype=float) for key in names} | {name: np.asarray(value, dtype=float)}
            # torch compiles anew for a number that is nan, not for a vector
            agree(compiled(*(torch.tensor(v).reshape(v.shape or (1,)) for v in x.values())), plain(function, x))
train = torch.eye(3, dtype=torch.float64, requires_grad=True)
x = [train if key == "C_train" else torch.tensor(GOOD[key], dtype=torch.float64) for key in names]
(ours,) = torch.autograd.grad(compiled(*x)[0], train)
(plainly,) = torch.autograd.grad(flat(*x)[0], train)
torch.testing.assert_close(ours, plainly)
"""


def test_torch_compile_refuses_and_differentiates_alike() -> None:
    """As one graph, without a warning; in a process without the run-time checks of types."""
    done = subprocess.run([sys.executable, "-c", COMPILED], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
