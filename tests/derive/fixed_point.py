"""The theory from its definitions, in mpmath: root finding and numerical derivatives, nothing from `derive`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mpmath import diff, findroot, mp, mpf

mp.dps = 40


def root(f: Callable[[mpf], mpf], low: mpf, high: mpf) -> mpf:
    """Zero of a function that changes sign between the ends."""
    return findroot(f, (low, high), solver="anderson", tol=mpf(10) ** (-2 * mp.dps + 10), maxsteps=500, verify=False)


@dataclass(frozen=True)
class FixedPoint:
    """Deterministic equivalents for a spectrum of (eigenvalue, weight) pairs."""

    spectrum: Sequence[tuple[mpf, mpf]]
    alpha: mpf
    tau: mpf
    kappa: mpf
    rho: mpf
    ridge: mpf = field(default_factory=lambda: mpf(0))

    def mean(self, f: Callable[[mpf], mpf]) -> mpf:
        return sum(w * f(c) for c, w in self.spectrum)

    def a(self, z: mpf) -> mpf:
        return root(lambda a: a * (1 + self.mean(lambda c: c / (a * c + z)) / self.kappa) - 1, mpf(0), mpf(1))

    def F(self, c: mpf, z: mpf) -> mpf:
        return 1 / (self.a(z) * c + z)

    def M(self, z: mpf) -> mpf:
        a = self.a(z)
        return self.mean(lambda c: 1 / (a * c + z))

    def dF(self, c: mpf, z: mpf) -> mpf:
        return diff(lambda x: self.F(c, x), z)

    def dM(self, z: mpf) -> mpf:
        return diff(self.M, z)

    @cached_property
    def c_train(self) -> mpf:
        return self.mean(lambda c: c)

    @cached_property
    def s(self) -> mpf:
        return (self.rho + self.c_train) / self.alpha

    @cached_property
    def effective_ridge(self) -> mpf:
        if self.ridge == 0 and self.tau > 1:
            return mpf(0)

        def residual(x: mpf) -> mpf:
            return x * x * self.M(self.s + x) - self.tau * self.ridge - (1 - self.tau) * x

        low, high = mpf(10) ** -25, mpf(1)
        while residual(high) < 0:
            high *= 4
        return root(residual, low, high)

    @cached_property
    def sigma(self) -> mpf:
        return self.s + self.effective_ridge

    @cached_property
    def t(self) -> mpf:
        return self.sigma / self.a(self.sigma)

    @cached_property
    def q(self) -> mpf:
        sigma, lt = self.sigma, self.effective_ridge
        M, dM = self.M(sigma), self.dM(sigma)
        above = self.rho + sigma - sigma**2 * M - lt * (1 - 2 * sigma * M - sigma**2 * dM)
        return above / (self.tau - (1 - 2 * lt * M - lt**2 * dM))

    def K(self, c: mpf) -> mpf:
        return self.q * self.F(c, self.sigma) + (self.q * self.effective_ridge - self.sigma**2) * self.dF(c, self.sigma)

    @cached_property
    def Qbar(self) -> mpf:
        M, dM = self.M(self.sigma), self.dM(self.sigma)
        return 1 + (self.q - 2 * self.sigma) * M + (self.q * self.effective_ridge - self.sigma**2) * dM

    def error(self, test: Sequence[mpf], alpha_test: mpf, rho_test: mpf) -> mpf:
        c_test = sum(w * x for (_, w), x in zip(self.spectrum, test, strict=True))
        misalignment = sum(w * x * self.K(c) for (c, w), x in zip(self.spectrum, test, strict=True))
        return rho_test + (rho_test + c_test) / alpha_test * self.Qbar + misalignment
