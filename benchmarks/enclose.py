"""Time of fifty proved digits, next to fifty digits of `precise`: `python benchmarks/enclose.py`."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import taskalign as ta

POINT: dict[str, Any] = {"alpha": 2, "tau": Fraction(1, 2), "kappa": 1, "rho": Fraction(1, 100)}
SPECTRA = {"3": [Fraction(1), Fraction(1, 2), Fraction(0)], "100": [Fraction(1, j) for j in range(1, 101)]}
REGIMES: dict[str, dict[str, Any]] = {
    "tau < 1": {},
    "tau > 1": {"tau": 4},
    "ridge": {"ridge": Fraction(1, 10)},
}


def milliseconds(call: Callable[[], Any]) -> float:
    """Least time of one call, over many short runs, so that other work on the machine matters little."""
    call()
    number = max(1, int(1e-3 / timeit.timeit(call, number=1)))
    return 1e3 * min(timeit.repeat(call, number=number, repeat=200)) / number


def main() -> None:
    """Print the table."""
    print(f"{'regime':8} {'eigenvalues':>11} {'enclose ms':>11} {'precise ms':>11} {'ratio':>6}")
    for regime, change in REGIMES.items():
        for size, eigenvalues in SPECTRA.items():
            point = POINT | change
            proved = milliseconds(lambda c=eigenvalues, p=point: ta.numerics.enclose(c, **p, digits=50))
            plain = milliseconds(lambda c=eigenvalues, p=point: ta.numerics.precise(c, **p, digits=50))
            print(f"{regime:8} {size:>11} {proved:11.3f} {plain:11.3f} {plain / proved:6.1f}")


if __name__ == "__main__":
    main()
