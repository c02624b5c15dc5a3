"""JAX arrays stay JAX arrays, and its transformations go through."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import taskalign as ta

jax.config.update("jax_enable_x64", True)

EIGENVALUES = [2.0, 1.0, 0.3, 0.0]
WEIGHTS = [1.0, 2.0, 3.0, 2.0]
TEST = [0.5, 1.0, 2.0, 0.1]
NAMES = ("alpha", "tau", "kappa", "rho", "ridge", "alpha_test", "rho_test")
REGIMES = {
    "above": (2.0, 3.0, 0.7, 0.1, 0.0, 3.0, 0.2),
    "below": (2.0, 0.6, 0.7, 0.1, 0.0, 3.0, 0.2),
    "ridge": (2.0, 1.0, 0.7, 0.1, 0.05, 3.0, 0.2),
    "near one": (20.0, 1 - 1e-6, 0.7, 0.1, 0.0, 3.0, 0.2),
    "kappa is the rank": (2e4, 3.0, 0.75, 0.1, 0.0, 3.0, 0.2),
}


def total(eigenvalues: jax.Array, weights: jax.Array, test: jax.Array, *parameters: jax.Array) -> jax.Array:
    return ta.icl_error(ta.Spectrum(eigenvalues, weights), test, **dict(zip(NAMES, parameters, strict=True))).total


def arguments(regime: str) -> list[jax.Array]:
    return [jnp.asarray(value) for value in (EIGENVALUES, WEIGHTS, TEST, *REGIMES[regime])]


PLACES = tuple(range(10))
jitted = jax.jit(total)
gradient = jax.jit(jax.grad(total, PLACES))
forward = jax.jit(jax.jacfwd(total, PLACES))


@pytest.mark.parametrize("regime", REGIMES)
def test_same_numbers_as_numpy(regime: str) -> None:
    given = arguments(regime)
    exact = ta.numerics.precise(EIGENVALUES, WEIGHTS, **dict(zip(NAMES[:5], REGIMES[regime], strict=False)))
    exact = exact.icl_error(TEST, alpha_test=3.0, rho_test=0.2).total
    for evaluate in (total, jitted):
        found = evaluate(*given)
        assert isinstance(found, jax.Array)
        assert float(found) == pytest.approx(float(exact), rel=1e-12, abs=0)


@pytest.mark.parametrize("regime", REGIMES)
def test_gradients_are_those_of_torch(regime: str) -> None:
    """Torch's are checked against differences in many digits."""
    import torch

    given = arguments(regime)
    ours = gradient(*given)
    leaves = [torch.tensor(np.asarray(x), requires_grad=True) for x in given]
    names = dict(zip(NAMES, leaves[3:], strict=True))
    ta.icl_error(ta.Spectrum(*leaves[:2]), leaves[2], **names).total.backward()
    for name, mine, leaf in zip(("eigenvalues", "weights", "test", *NAMES), ours, leaves, strict=True):
        assert leaf.grad is not None
        np.testing.assert_allclose(mine, leaf.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)
    for mine, theirs in zip(ours, forward(*given), strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-10, atol=1e-12)


def test_second_derivatives() -> None:
    """In alpha and tau, against differences of the first."""
    given = arguments("below")

    def error(alpha: jax.Array, tau: jax.Array) -> jax.Array:
        return total(*given[:3], alpha, tau, *given[5:])

    hessian = jax.jit(jax.hessian(error, (0, 1)))(*given[3:5])
    step = 1e-5
    for column, place in enumerate((3, 4)):
        up, down = ([*given[:place], given[place] + sign * step, *given[place + 1 :]] for sign in (1, -1))
        for row, k in enumerate((3, 4)):
            slope = (gradient(*up)[k] - gradient(*down)[k]) / (2 * step)
            assert float(hessian[row][column]) == pytest.approx(float(slope), rel=1e-7, abs=0)


def test_vmap_is_a_loop() -> None:
    rng = np.random.default_rng(0)
    eigenvalues = jnp.asarray(rng.random((5, 4)))
    tau = jnp.asarray([0.3, 0.9, 1.2, 4.0, 0.01])

    def error(values: jax.Array, t: jax.Array) -> jax.Array:
        return ta.icl_error(ta.Spectrum(values), jnp.ones(4), alpha=2.0, tau=t, kappa=0.5, rho=0.1).total

    together = jax.jit(jax.vmap(error))(eigenvalues, tau)
    one = jax.jit(error)
    alone = [float(one(v, t)) for v, t in zip(eigenvalues, tau, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    batched = ta.icl_error(ta.Spectrum.batch(eigenvalues), jnp.ones(4), alpha=2.0, tau=tau, kappa=0.5, rho=0.1).total
    np.testing.assert_allclose(batched, alone, rtol=1e-13)


def test_the_fixed_point_speaks_jax() -> None:
    point = ta.solve(ta.Spectrum(jnp.asarray(EIGENVALUES)), alpha=2.0, tau=jnp.asarray([0.5, 2.0]), kappa=1.0, rho=0.1)
    numpy = ta.solve(ta.Spectrum(EIGENVALUES), alpha=2.0, tau=[0.5, 2.0], kappa=1.0, rho=0.1)
    assert isinstance(point.K(jnp.asarray([0.0, 1.0])), jax.Array)
    np.testing.assert_allclose(point.K([0.0, 1.0]), numpy.K([0.0, 1.0]), rtol=1e-13)
    assert "sigma" in repr(point)


def test_known_numbers_are_checked_and_traced_ones_are_not() -> None:
    with pytest.raises(ValueError, match=r"tau: 1\.0 is not allowed"):
        total(*arguments("above")[:4], jnp.asarray(1.0), *arguments("above")[5:])
    with pytest.raises(ValueError, match=r"kappa: -1\.0"):
        total(*arguments("above")[:5], jnp.asarray(-1.0), *arguments("above")[6:])
    with pytest.raises(ValueError, match=r"eigenvalues: -1\.0 at index 1"):
        ta.Spectrum(jnp.asarray([1.0, -1.0]))
    # a shape is known
    with pytest.raises(ValueError, match="last axis"):
        jax.jit(lambda test: ta.icl_error(ta.Spectrum(EIGENVALUES), test, alpha=1, tau=2, kappa=1, rho=0).total)(
            jnp.ones(3)
        )
    given = arguments("above")
    wrong = jitted(*given[:4], jnp.asarray(1.0), *given[5:])
    assert not bool(jnp.isfinite(wrong))


def test_single_precision() -> None:
    with jax.enable_x64(False):
        given = [jnp.asarray(x, dtype=jnp.float32) for x in (EIGENVALUES, WEIGHTS, TEST, *REGIMES["below"])]
        found = jax.jit(total)(*given)
        assert found.dtype == jnp.float32
    exact = total(*arguments("below"))
    assert float(found) == pytest.approx(float(exact), rel=2e-5, abs=0)
