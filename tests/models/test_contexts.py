"""The fast law of context summaries against contexts drawn from their definition."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

import taskalign as ta
from taskalign.models import Contexts, draw_contexts, draw_prompts, draw_tasks
from taskalign.numerics import InputError

LENGTH, D, N = 9, 5, 60_000
TASK = np.array([[1.5, -0.7, 0.2, 0.0, 2.0]])


def statistics(contexts: Contexts, task: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of each context that see its direction, its size, the column of squares, and their dependence."""
    along = task / np.linalg.norm(task)
    h, b = contexts.features[:, :-1], contexts.features[:, -1]
    across = h - np.outer(h @ along, along)
    return {
        "along": h @ along,
        "across": h[:, 3],  # the task has nothing there
        "length across": (across**2).sum(1),
        "squares": b,
        "ratio": (h @ along) / b,
        "across over squares": (across**2).sum(1) / b,
        "error of truth": contexts.labels - contexts.queries @ task,
        "label": contexts.labels,
    }


def both(rho: float, task: np.ndarray) -> tuple[Contexts, Contexts]:
    index_free = {"length": LENGTH, "rho": rho}
    direct = draw_prompts(task, N, seed=1, **index_free).contexts()
    return draw_contexts(task, N, seed=2, **index_free), direct


@pytest.mark.parametrize("rho", [0.3, 0.0])
def test_the_two_ways_of_drawing_agree_in_law(rho: float) -> None:
    fast, direct = both(rho, TASK)
    ours, theirs = statistics(fast, TASK[0]), statistics(direct, TASK[0])
    for name in ours:
        if rho == 0 and name in ("error of truth", "ratio"):  # no randomness left
            np.testing.assert_allclose(ours[name], theirs[name].mean(), atol=1e-12)
            continue
        assert ks_2samp(ours[name], theirs[name]).pvalue > 1e-3, name


def test_a_wrong_factor_would_be_seen() -> None:
    """The same test fails for summaries that are off by two percent, or that lack the shrinkage along the task."""
    fast, direct = both(0.3, TASK)
    theirs = statistics(direct, TASK[0])
    scaled = Contexts(fast.queries, 1.02 * fast.features, fast.labels, fast.index)
    for name in ("squares", "length across", "along"):
        assert ks_2samp(statistics(scaled, TASK[0])[name], theirs[name]).pvalue < 1e-4, name
    unshrunk = draw_contexts(TASK, N, length=LENGTH, rho=0.3, seed=2).features
    along = TASK[0] / np.linalg.norm(TASK)
    extra = np.random.default_rng(0).normal(size=N) * 0.1 * unshrunk[:, :-1].std()
    unshrunk[:, :-1] += np.outer(extra, along)
    changed = Contexts(fast.queries, unshrunk, fast.labels, fast.index)
    assert ks_2samp(statistics(changed, TASK[0])["ratio"], theirs["ratio"]).pvalue < 1e-4


@pytest.mark.parametrize("rho", [0.3, 0.0])
def test_moments_of_the_summary(rho: float) -> None:
    """Means, covariances and mixed moments of (h, b), to third order, against their closed forms."""
    w = TASK[0]
    fast = draw_contexts(TASK, 400_000, length=LENGTH, rho=rho, seed=5)
    h, b = fast.features[:, :-1], fast.features[:, -1]
    v = rho + w @ w / D
    np.testing.assert_allclose(h.mean(0), w, rtol=0.02, atol=0.02)
    second = (1 + 1 / LENGTH) * np.outer(w, w) + D / LENGTH * v * np.eye(D)
    np.testing.assert_allclose(h.T @ h / len(h), second, rtol=0.02, atol=0.03)
    np.testing.assert_allclose(b @ h / len(h), (1 + 2 / LENGTH) * v * w, rtol=0.02, atol=0.02)
    np.testing.assert_allclose([b.mean(), (b**2).mean()], [v, (1 + 2 / LENGTH) * v**2], rtol=0.01)
    x = fast.queries
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(D) / D, atol=2e-3)
    np.testing.assert_allclose(D * x.T @ fast.labels / len(x), w, atol=0.03)
    np.testing.assert_allclose((fast.labels**2).mean(), v, rtol=0.01)


def test_tasks_are_drawn_uniformly_and_have_the_covariance() -> None:
    values = np.array([3.0, 1.0, 0.0])
    tasks = draw_tasks(values, 50_000, seed=3)
    np.testing.assert_allclose(tasks.T @ tasks / len(tasks), np.diag(values), atol=0.06)
    np.testing.assert_array_equal(draw_tasks(ta.Spectrum(values), 10, seed=3), draw_tasks(values, 10, seed=3))
    counts = np.bincount(draw_contexts(tasks[:4], 40_000, length=2, rho=0.1).index)
    np.testing.assert_allclose(counts, 10_000, atol=400)
    in_turn = draw_contexts(tasks[:4], length=200_000, rho=0.0)
    np.testing.assert_allclose(in_turn.features[:, :3], tasks[:4], atol=0.1)


def test_tasks_of_zero_have_noise_alone() -> None:
    zero = np.zeros((1, D))
    noisy = draw_contexts(zero, 50_000, length=LENGTH, rho=0.5, seed=1).features
    np.testing.assert_allclose((noisy[:, :-1] ** 2).mean(), D / LENGTH * 0.5, rtol=0.02)
    assert not draw_contexts(zero, 10, length=LENGTH, rho=0.0).features.any()


def test_chunks_do_not_repeat_and_seeds_decide() -> None:
    tasks = draw_tasks(np.ones(3), 2)
    drawn = draw_contexts(tasks, 10_000, length=4, rho=0.1, seed=np.random.SeedSequence(5))
    assert len(np.unique(drawn.features[:, 0])) == len(np.unique(drawn.queries[:, 0])) == 10_000
    again = draw_contexts(tasks, 10_000, length=4, rho=0.1, seed=5)
    np.testing.assert_array_equal(drawn.features, again.features)
    assert (draw_contexts(tasks, 10_000, length=4, rho=0.1, seed=6).labels != again.labels).all()


@pytest.mark.parametrize(
    ("change", "name"),
    [({"length": 0}, "length"), ({"rho": -1.0}, "rho"), ({"count": 0}, "count"), ({"seed": -1}, "seed")],
)
def test_bad_input(change: dict, name: str) -> None:
    for draw in (draw_contexts, draw_prompts):
        with pytest.raises(InputError, match=f"^{name}: "):
            draw(TASK, **{"count": 3, "length": 4, "rho": 0.1} | change)
    with pytest.raises(InputError, match=r"^tasks: "):
        draw_contexts(TASK * np.nan, length=3, rho=0.1)
