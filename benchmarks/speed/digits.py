"""Many digits: proved ones with arb, and mpmath's."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from measuring import least

import taskalign as ta

SPECTRA = {3: [Fraction(1), Fraction(1, 2), Fraction(0)], 100: [Fraction(1, j) for j in range(1, 101)]}
POINT: dict[str, Any] = {"alpha": 2, "tau": Fraction(1, 2), "kappa": 1, "rho": Fraction(1, 100)}
REGIMES: dict[str, dict[str, Any]] = {"tau < 1": {}, "tau > 1": {"tau": 4}, "ridge": {"ridge": Fraction(1, 10)}}


def measure() -> list[dict[str, float | str]]:
    """Seconds for fifty digits."""
    return [
        {"regime": regime, "eigenvalues": size}
        | {
            way.__name__: least(lambda w=way, c=values, p=POINT | change: [w(c, **p, digits=50) for _ in range(10)])
            / 10
            for way in (ta.numerics.enclose, ta.numerics.precise)
        }
        for regime, change in REGIMES.items()
        for size, values in SPECTRA.items()
    ]
