"""Digits are right where many are lost: near the pole at tau = 1, and at the ends of all ranges."""

from fractions import Fraction as F

import numpy as np
import pytest
from mpmath import mp

from taskalign.numerics import precise


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("exponent", [20, 30, 40, 60])
def test_digits_that_are_lost_near_the_pole_are_made_up_for(side: int, exponent: int) -> None:
    given = {"alpha": 2, "tau": 1 + side * F(1, 10**exponent), "kappa": 2, "rho": F(1, 10)}
    few, many = (precise([0, 1, 3], **given, digits=digits) for digits in (20, 150))
    with mp.workdps(150):
        for name in ("t", "a", "da", "M", "dM", "q", "Qbar", "A", "B"):
            assert abs(getattr(few, name) / getattr(many, name) - 1) < mp.mpf(10) ** -20, name


NAMES = ("t", "s", "sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar", "A", "B")


def assert_right(eigenvalues: list[F], weights: list[F], **given: F) -> None:
    few, many = (precise(eigenvalues, weights, **given, digits=digits) for digits in (20, 150))
    with mp.workdps(150):
        for name in NAMES:
            assert abs(getattr(few, name) - getattr(many, name)) <= abs(getattr(many, name)) * mp.mpf(10) ** -20, name


def test_digits_that_are_lost_elsewhere_are_made_up_for() -> None:
    """With a ridge, next to tau = 1, and eigenvalues far apart: without more digits q is wrong by a factor of 10^13."""
    ten = F(10)
    given = {"alpha": ten**39, "tau": 1 + ten**-28, "kappa": ten**-5, "rho": ten**-20, "ridge": ten**-25}
    assert_right([ten**4, ten**19], [ten**-12, ten**-5], **given)


def test_extremes() -> None:
    """Everything over tens of orders of magnitude; tau and kappa next to the rank, to each other and to one."""
    rng = np.random.default_rng(0)

    def power(low: int, high: int) -> F:
        return F(10) ** int(rng.integers(low, high))

    for _ in range(60):
        eigenvalues = [F(0)] * int(rng.random() < 0.6) + [power(-30, 30) for _ in range(rng.integers(1, 4))]
        weights = [power(-20, 1) for _ in eigenvalues]
        rank = sum((w for w, c in zip(weights, eigenvalues, strict=True) if c), F(0)) / sum(weights)
        near = int(rng.choice([-1, 1])) * power(-40, 0)
        tau = [rank * (1 + near), power(-20, 3), 1 + near][rng.integers(3)]
        ridge = [F(0), F(10) ** -25, F(1)][rng.integers(3)]
        if tau <= 0 or (tau == 1 and ridge == 0):
            continue
        kappa = [abs(rank * (1 + near)) or F(1), power(-20, 20), tau][rng.integers(3)]
        rho = [F(0), F(1), F(10) ** -20][rng.integers(3)]
        assert_right(eigenvalues, weights, alpha=power(-20, 40), tau=tau, kappa=kappa, rho=rho, ridge=ridge)
