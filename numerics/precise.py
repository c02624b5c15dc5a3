"""Any number of digits, with mpmath: the same equations, the same iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from .errors import ConvergenceError, InputError
from .exact import Exact, ExactPoint, Exacts, as_count, as_fraction, exact_point, is_infinite, shown
from .generated import mpmath_algebra as algebra
from .pointwise import balance, outputs, upper_bound
from .spectrum import Spectrum

#: digits beyond those asked for, before the loss by cancellation is known
_GUARD = 15
_MAX_PASSES = 200
#: working precisions that are tried
_MAX_ATTEMPTS = 20


@dataclass(frozen=True)
class PreciseError:
    """Test error to many digits: `total = scalar + misalignment`."""

    total: mpf
    scalar: mpf
    misalignment: mpf


@dataclass(frozen=True)
class PreciseFixedPoint:
    """Fixed point to many digits; the attributes are those of `FixedPoint`, as mpmath numbers.

    Attributes:
        digits: decimal digits that are right.
    """

    point: ExactPoint = field(repr=False)
    digits: int
    t: mpf
    s: mpf
    sigma: mpf
    effective_ridge: mpf
    a: mpf
    da: mpf
    M: mpf
    dM: mpf
    q: mpf
    Qbar: mpf
    A: mpf = field(repr=False)
    B: mpf = field(repr=False)
    _working_digits: int = field(repr=False)

    def F(self, c: Exact) -> mpf:
        """Task resolvent at sigma along an eigenvector with eigenvalue c."""
        with mp.workdps(self._working_digits):
            return algebra.resolvent(_mpf(_eigenvalue(c)), self.a, self.sigma)

    def dF(self, c: Exact) -> mpf:
        """Its derivative."""
        with mp.workdps(self._working_digits):
            return algebra.resolvent_slope(_mpf(_eigenvalue(c)), self.a, self.da, self.sigma)

    def K(self, c: Exact) -> mpf:
        """Eigenvalue of the alignment matrix along an eigenvector with eigenvalue c."""
        with mp.workdps(self._working_digits):
            return algebra.alignment(_mpf(_eigenvalue(c)), self.a, self.sigma, self.A, self.B)

    def icl_error(
        self, test: Exacts, *, alpha_test: Exact | None = None, rho_test: Exact | None = None
    ) -> PreciseError:
        """Test error on tasks with `test` along the eigenvectors; see `taskalign.icl_error`.

        Raises:
            InputError: `test` has the wrong length or a negative entry, alpha_test <= 0 or rho_test < 0. An infinite
                alpha_test is the limit of a long test context.
        """
        point = self.point
        gamma = [as_fraction(value, "test") for value in test]
        if len(gamma) != len(point.eigenvalues):
            raise InputError(f"test: {len(gamma)} entries do not fit {len(point.eigenvalues)} eigenvalues")
        alpha = _limit(point.alpha if alpha_test is None else alpha_test, "alpha_test")
        rho = point.rho if rho_test is None else as_fraction(rho_test, "rho_test")
        if alpha is not None and alpha <= 0:
            raise InputError(f"alpha_test: {shown(alpha)} is not allowed, must be > 0")
        for name, value in (("rho_test", rho), *(("test", value) for value in gamma)):
            if value < 0:
                raise InputError(f"{name}: {shown(value)} is not allowed, must be >= 0")
        c_test = sum((w * g for w, g in zip(point.weights, gamma, strict=True)), Fraction(0))
        with mp.workdps(self._working_digits):
            terms = zip(point.weights, gamma, point.eigenvalues, strict=True)
            misalignment = mp.fsum(_mpf(w * g) * self.K(c) for w, g, c in terms)
            context = mp.inf if alpha is None else _mpf(alpha)
            scalar = algebra.scalar_error(_mpf(rho), _mpf(c_test), context, self.Qbar)
            return PreciseError(algebra.total_error(scalar, misalignment), scalar, misalignment)


def _eigenvalue(c: Exact) -> Fraction:
    value = as_fraction(c, "c")
    if value < 0:
        raise InputError(f"c: {shown(value)} is not allowed, must be >= 0")
    return value


def _limit(value: Any, name: str) -> Fraction | None:
    """An exact number; None for infinity."""
    return None if is_infinite(value) else as_fraction(value, name)


def _mpf(value: Fraction) -> mpf:
    return mpf(value.numerator) / value.denominator


def precise(
    eigenvalues: Spectrum | Exacts,
    weights: Exacts | None = None,
    *,
    alpha: Exact,
    tau: Exact,
    kappa: Exact,
    rho: Exact,
    ridge: Exact = 0,
    digits: int = 50,
) -> PreciseFixedPoint:
    r"""Fixed point to any number of digits.

    All input is taken exactly: a float with all its binary digits, "0.1" as one tenth.

    Args:
        eigenvalues: a Spectrum, or a list of any numbers that `exact.as_fraction` takes: int, str, Fraction, Decimal,
            float, rational numbers of NumPy, mpmath and SymPy; so are the weights and the parameters.
        weights: one for each eigenvalue, normalised to sum one; equal if not given.
        alpha, tau, kappa, rho, ridge: as in `solve`.
        digits: decimal digits wanted, at least 1.

    Raises:
        InputError: naming the argument and the offending value.
        ConvergenceError: the iteration did not arrive.

    References:
        THEORY A1.

    Example:
        >>> point = precise([0, 2], alpha=50, tau="0.3", kappa=1, rho=1, digits=30)
        >>> print(point.K(0), point.K(2), sep="\n")  # doctest: +ELLIPSIS
        1.2652067571373...
        1.9557653146990...
    """
    wanted = as_count(digits, "digits", 1)
    point = exact_point(eigenvalues, weights, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    working = wanted + _GUARD
    for _ in range(_MAX_ATTEMPTS):
        try:
            with mp.workdps(working):
                columns, condition = _solve(point)
        except (ZeroDivisionError, ConvergenceError):  # a difference that is not zero was rounded to zero
            working *= 2
            continue
        if working >= wanted + _lost(condition) + _GUARD:
            return PreciseFixedPoint(point=point, digits=wanted, _working_digits=working, **columns)
        working = max(wanted + _lost(condition) + 2 * _GUARD, working + _GUARD)
    raise ConvergenceError(f"{working} digits of working precision do not give {wanted} digits of the solution")


def _nearness_to_one(point: ExactPoint) -> Fraction:
    """By how much 1 - tau magnifies rounding errors of tau."""
    return Fraction(1) if point.tau == 1 else (1 + point.tau) / abs(1 - point.tau)


def _lost(condition: Any) -> int:
    """Digits that rounding errors magnified so much take."""
    with mp.workdps(_GUARD):
        return max(0, int(mp.ceil(mp.log10(_mpf(condition) if isinstance(condition, Fraction) else condition))))


def _solve(point: ExactPoint) -> tuple[dict[str, mpf], mpf]:
    """Solution at the present precision, and by how much its worst difference magnified rounding errors."""
    c = [_mpf(value) for value in point.eigenvalues]
    w = [_mpf(value) for value in point.weights]
    tau, kappa, rho, ridge = (_mpf(v) for v in (point.tau, point.kappa, point.rho, point.ridge))
    c_train, rank_fraction = _mpf(point.c_train), _mpf(point.rank_fraction)
    s = algebra.summary_noise(rho, c_train, _mpf(point.alpha))
    t = _root(point.regime, c, w, c_train, rank_fraction, s, tau, kappa, ridge)
    d, u, e, d2, u2 = _means(algebra.output_terms, c, w, t)
    found, gap = outputs(algebra, point.regime, t, (d, u, e, d2, u2), s, tau, kappa, rho, ridge)
    differences = [kappa / gap, d / e, 1 / u, _mpf(_nearness_to_one(point))]
    if point.regime != "above":
        differences.append(tau / (tau - d))
    return found, max(abs(x) for x in differences)


def _means(terms: Any, c: list[mpf], w: list[mpf], t: mpf) -> list[mpf]:
    columns = zip(*(terms(value, t) for value in c), strict=True)
    return [mp.fdot(w, column) for column in columns]


def _root(
    regime: str, c: list[mpf], w: list[mpf], c_train: mpf, rank_fraction: mpf, s: mpf, tau: mpf, kappa: mpf, ridge: mpf
) -> mpf:
    t = upper_bound(algebra, regime, c_train, rank_fraction, s, tau, kappa, ridge)
    previous = mp.inf
    for _ in range(_MAX_PASSES):
        d, u, e = _means(algebra.newton_terms, c, w, t)
        g, dg = balance(algebra, regime, t, d, u, e, s, tau, kappa, ridge)
        step = g / dg
        relative = abs(step / t)
        if relative <= 4 * mp.eps or (relative < mp.sqrt(mp.eps) and relative >= previous / 2):
            return t
        t, previous = t - step, relative
    raise ConvergenceError(
        f"Newton's iteration in t did not arrive in {_MAX_PASSES} passes: last step {mp.nstr(previous, 3)}"
    )
