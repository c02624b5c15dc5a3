"""Digits near the pole at tau = 1, where they are lost."""

from fractions import Fraction as F

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
