r"""Spectra with few atoms: the polynomial that the trace of the task resolvent satisfies, by elimination.

With K distinct non-zero eigenvalues, clearing the denominators of

$$\mathcal M = \sum_i \frac{w_i}{(1 - 1/\kappa + z\mathcal M/\kappa)\,c_i + z}$$

leaves a polynomial of degree K + 1 in $\mathcal M$. For one non-zero eigenvalue it is a quadratic. Which root:
$a = 1 - 1/\kappa + z\mathcal M/\kappa$ grows with $\mathcal M$, and the quadratic that a solves has a negative
product of roots; a is positive, so it is the larger root, and $\mathcal M$ is the larger one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from numbers import Rational as RationalNumber
from typing import Any

from sympy import Add, Expr, Integer, Poly, Rational, Sum, Symbol, cancel, fraction, solve, together

from . import notation as n
from . import resolvent

#: an exact eigenvalue or weight
Atom = int | str | Fraction | Expr


def _exact(value: Any, argument: str) -> Expr:
    allowed = "an int, a Fraction, a rational string such as '1/3', or a positive SymPy expression"
    if isinstance(value, Expr) and value.free_symbols:
        if value.is_nonnegative is False or value.is_real is False:
            raise ValueError(f"{argument}: {value} is not positive; allowed: {allowed}")
        return value
    if isinstance(value, bool) or not isinstance(value, (RationalNumber, str, Rational)):
        raise ValueError(f"{argument}: {value!r} is not exact; allowed: {allowed}")
    try:
        number = Rational(str(Fraction(str(value))))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{argument}: {value!r} is no rational number; allowed: {allowed}") from error
    if number < 0:
        raise ValueError(f"{argument}: {value!r} is negative; allowed: {allowed}")
    return number


def _spectrum(atoms: Sequence[Atom], weights: Sequence[Atom] | None) -> dict[Expr, Expr]:
    """Distinct eigenvalue -> its weight; the weights sum to one."""
    values = [_exact(atom, f"atoms[{k}]") for k, atom in enumerate(atoms)]
    if not any(value != 0 for value in values):
        raise ValueError(f"atoms: {list(atoms)!r} has no eigenvalue above zero")
    shares: list[Expr] = [Integer(1)] * len(values)
    if weights is not None:
        shares = [_exact(weight, f"weights[{k}]") for k, weight in enumerate(weights)]
    if len(shares) != len(values):
        raise ValueError(f"weights: {len(shares)} of them for {len(values)} atoms")
    if any(share == 0 for share in shares):
        raise ValueError(f"weights: {list(weights or ())!r} holds a zero")
    total = Add(*shares)
    spectrum: dict[Expr, Expr] = {}
    for value, share in zip(values, shares, strict=True):
        spectrum[value] = spectrum.get(value, Integer(0)) + share / total
    return spectrum


def _over(spectrum: dict[Expr, Expr], expression: Expr) -> Expr:
    """Every mean over the spectrum written out."""

    def written_out(total: Sum) -> Expr:
        index = total.limits[0][0]
        terms = (
            total.function.subs({n.eigenvalues[index]: atom, n.weights[index]: weight})
            for atom, weight in spectrum.items()
        )
        return Add(*terms)

    return expression.replace(lambda e: isinstance(e, Sum), written_out)


def trace_polynomial(atoms: Sequence[Atom], weights: Sequence[Atom] | None = None) -> Poly:
    r"""Polynomial in $\mathcal M_\kappa(z)$ that vanishes at the trace of the task resolvent.

    The fixed-point equation of $\mathcal M$ with its denominators cleared; the coefficients are polynomials in z
    and kappa, without a common factor. Its degree is one more than the number of distinct non-zero atoms.

    Args:
        atoms: eigenvalues of the pretraining covariance: rational numbers (no floats) or positive SymPy
            expressions; equal ones are merged.
        weights: their weights, by default equal; normalised to sum one.

    Raises:
        ValueError: an atom or weight is negative, inexact or of the wrong number, or all atoms are zero.

    Examples:
        >>> trace_polynomial([1]).as_expr()
        M**2*z + M*(kappa*z + kappa - 1) - kappa
        >>> trace_polynomial([1, "1/2", 0]).degree()
        3
    """
    equation = resolvent.fixed_point_M
    residual = _over(_spectrum(atoms, weights), equation.lhs - equation.rhs)
    return cleared(residual, n.M)


def cleared(residual: Expr, unknown: Symbol) -> Poly:
    """Numerator of a rational function, without common factor; its leading coefficient is positive at 1/2."""
    numerator, _ = fraction(cancel(together(residual)))
    _, polynomial = Poly(numerator, unknown).primitive()
    at = dict.fromkeys(polynomial.free_symbols_in_domain, Rational(1, 2))
    return polynomial if polynomial.LC().subs(at) > 0 else -polynomial


def larger_root(polynomial: Poly) -> Expr:
    """Larger root of a quadratic with positive leading coefficient and discriminant."""
    unknown = polynomial.gen
    # two real roots never meet, so that any point tells which is the larger
    at = dict.fromkeys(polynomial.free_symbols_in_domain, Rational(1, 2))
    return max(solve(polynomial.as_expr(), unknown), key=lambda root: root.subs(at))


def solve_trace(atoms: Sequence[Atom], weights: Sequence[Atom] | None = None) -> Expr:
    r"""Trace of the task resolvent in closed form, $\mathcal M_\kappa(z)$, for one non-zero eigenvalue.

    The larger root of `trace_polynomial`: there $a > 0$.

    Args:
        atoms: as for `trace_polynomial`.
        weights: as for `trace_polynomial`.

    Raises:
        ValueError: as for `trace_polynomial`, or the degree is above two.

    Examples:
        >>> solve_trace([0, 2]).subs({n.kappa: 1, n.z: 1})
        sqrt(2)/2
    """
    polynomial = trace_polynomial(atoms, weights)
    if polynomial.degree() > 2:
        raise ValueError(
            f"atoms: {list(atoms)!r} gives a polynomial of degree {polynomial.degree()}; closed forms reach degree 2"
        )
    return larger_root(polynomial)
