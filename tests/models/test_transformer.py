"""The Transformer against layers put together from torch's own, and what training it does."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.models import Schedule, Transformer, train_transformer
from taskalign.numerics import InputError

D, LENGTH = 5, 9


def drawn(network: Transformer, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    parameters = network.initial(generator)
    # biases and norms away from their start, so that a forgotten one shows
    for name in parameters:
        parameters[name] = parameters[name] + 0.3 * torch.randn(parameters[name].shape, generator=generator)
    x = torch.randn(7, LENGTH + 1, D, generator=generator) / math.sqrt(D)
    return parameters, x, torch.randn(7, LENGTH, generator=generator)


def by_modules(network: Transformer, p, x, y):
    """Every token through every layer of torch.nn; the prediction is read at the end."""
    m, heads = network.width, network.heads
    tokens = torch.cat([x * math.sqrt(D), torch.nn.functional.pad(y, (0, 1))[..., None]], dim=-1)
    z = tokens @ p["embed"]
    # context tokens do not see the query
    hidden = torch.zeros(LENGTH + 1, LENGTH + 1, dtype=torch.bool)
    hidden[:-1, -1] = True

    def norm(scale, shift):
        layer = torch.nn.LayerNorm(m)
        layer.load_state_dict({"weight": scale, "bias": shift})
        return layer

    for k in range(network.layers):
        attention = torch.nn.MultiheadAttention(m, heads, bias=False, batch_first=True)
        key, value = p[f"{k}.key_value"].chunk(2, dim=1)
        weights = torch.cat([p[f"{k}.query"].T, key.T, value.T])
        attention.load_state_dict({"in_proj_weight": weights, "out_proj.weight": p[f"{k}.output"].T})
        inner = norm(p[f"{k}.scale"], p[f"{k}.shift"])(z)
        z = z + attention(inner, inner, inner, attn_mask=hidden, need_weights=False)[0]
        up, down = torch.nn.Linear(m, network.hidden * m), torch.nn.Linear(network.hidden * m, m)
        up.load_state_dict({"weight": p[f"{k}.up"].T, "bias": p[f"{k}.up_bias"]})
        down.load_state_dict({"weight": p[f"{k}.down"].T, "bias": p[f"{k}.down_bias"]})
        z = z + down(torch.relu(up(norm(p[f"{k}.mlp_scale"], p[f"{k}.mlp_shift"])(z))))
    return norm(p["scale"], p["shift"])(z)[:, -1] @ p["read"] + p["read_bias"]


@pytest.mark.parametrize("network", [Transformer(D, D + 1), Transformer(D, 12, layers=3, heads=4, hidden=2)])
def test_is_what_the_modules_of_torch_make(network: Transformer) -> None:
    parameters, x, y = drawn(network)
    with torch.no_grad():
        torch.testing.assert_close(network.predict(parameters, x, y), by_modules(network, parameters, x, y))


def test_the_order_of_the_context_does_not_matter_but_its_labels_do() -> None:
    network = Transformer(D, D + 1)
    parameters, x, y = drawn(network)
    turned = torch.arange(LENGTH).flip(0)
    again = network.predict(parameters, torch.cat([x[:, turned], x[:, -1:]], dim=1), y[:, turned])
    torch.testing.assert_close(again, network.predict(parameters, x, y))
    assert not torch.allclose(network.predict(parameters, x, y[:, turned]), again)


def test_initial_parameters_have_the_scale_that_is_stated() -> None:
    """Matrices N(0, 1/rows); what a layer adds to its 2 x layers predecessors is smaller by the root of that number."""
    network = Transformer(d=29, width=30, layers=3, hidden=2)
    draws = [network.initial(torch.Generator().manual_seed(seed)) for seed in range(60)]
    rows = {"embed": 30, "query": 30, "key_value": 30, "up": 30, "read": 30, "output": 30 * 6, "down": 60 * 6}
    for name, shape in network.shapes.items():
        values = torch.stack([draw[name] for draw in draws])
        assert values.shape[1:] == shape
        kind = name.split(".")[-1]
        if kind in rows:
            spread = 5 * math.sqrt(2 / values.numel())
            assert float(values.double().square().mean()) * rows[kind] == pytest.approx(1, abs=spread), name
            assert abs(float(values.double().mean())) < 5 / math.sqrt(rows[kind] * values.numel())
        else:
            assert (values == (1 if kind.endswith("scale") else 0)).all(), name


def test_size_counts_the_parameters() -> None:
    network = Transformer(3, 4, layers=1, hidden=2)
    found = network.initial(torch.Generator().manual_seed(0))
    assert network.size == sum(value.numel() for value in found.values())
    # embedding, attention (4 matrices), three norms, MLP, reading
    assert network.size == 4 * 4 + 4 * 4 * 4 + 3 * 8 + (4 * 8 + 8 + 8 * 4 + 4) + 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 0}, "^width: 0"),
        ({"width": 7, "heads": 2}, "^width: 7 is not allowed, must be a multiple of heads"),
        ({"layers": 0}, "^layers: 0"),
        ({"kappa": -1.0}, "^kappa: -1"),
        ({"kappa": 0.01}, "^kappa: 0.01"),
        ({"alpha": 0.0}, "^alpha: 0"),
        ({"rho": -0.1}, "^rho: -0.1"),
        ({"seed": -1}, "^seed: -1"),
        ({"d": 7}, "^d: 7 is not allowed with this spectrum"),
        ({"device": "moon"}, "^device: 'moon'"),
    ],
)
def test_bad_input(given, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_transformer(ta.Spectrum.power_law(8, 0.9), **given)


def test_learns_its_tasks_and_repeats_itself() -> None:
    """Two tasks at d = 8: without knowing them, an error below the label's variance by so much is out of reach."""
    schedule = Schedule(steps=100, batch=64, learning_rate=0.02, warmup=20, validation=512)
    spectrum = ta.Spectrum.power_law(8, 0.9)
    trained = train_transformer(spectrum, seed=3, kappa=0.25, schedule=schedule)
    assert trained.tasks.shape == (2, 8)
    # the nearest whole number of tasks
    few = Schedule(steps=1, batch=2, validation=2)
    assert train_transformer(spectrum, kappa=0.33, schedule=few).tasks.shape == (3, 8)
    assert trained.length == 16
    assert [step for step, _ in trained.losses] == [50, 100]
    variance = (trained.tasks**2).sum() / 2 / 8
    assert trained.losses[-1, 1] < 0.15 * variance
    first, again, other = (
        train_transformer(spectrum, seed=seed, kappa=0.25, schedule=Schedule(steps=3, check=1)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.losses, again.losses)
    np.testing.assert_array_equal(first.tasks, trained.tasks)
    assert not np.allclose(other.tasks, first.tasks)
