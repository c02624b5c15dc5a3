r"""Closed forms for spectra with few atoms: the polynomial that the trace of the task resolvent satisfies.

With K distinct non-zero eigenvalues, clearing the denominators of

$$\mathcal M = \sum_i \frac{w_i}{(1 - 1/\kappa + z\mathcal M/\kappa)\,c_i + z}$$

leaves a polynomial of degree K + 1 in $\mathcal M$. For one non-zero eigenvalue (isotropic and low-rank spectra) it is
a quadratic. Which root: $a = 1 - 1/\kappa + z\mathcal M/\kappa$ grows with $\mathcal M$, and the quadratic that a
solves has a negative product of roots; a is positive, so it is the larger root, and $\mathcal M$ is the larger one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from numbers import Rational as RationalNumber
from typing import Any

from sympy import (
    Add,
    Eq,
    Expr,
    Integer,
    Poly,
    Rational,
    Sum,
    Symbol,
    cancel,
    collect,
    diff,
    factor,
    fraction,
    solve,
    sqrt,
    together,
)

from . import error as general
from . import notation as n
from . import resolvent
from .equation import Section, derived

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
    # the roots are real and distinct for all parameters: the order at one point is the order everywhere
    at = dict.fromkeys(polynomial.free_symbols_in_domain, Rational(1, 2))
    return max(solve(polynomial.as_expr(), unknown), key=lambda root: root.subs(at))


section = Section(
    "closed_forms",
    "Closed forms",
    "For a spectrum with few distinct eigenvalues the fixed-point equation, cleared of its denominators, is a"
    " polynomial in $@M$ whose degree is the number of distinct non-zero eigenvalues plus one. With one of them"
    " it is a quadratic. The memorisation factor increases with $@M$ and the quadratic that it solves has a"
    " negative product of roots; being positive, it is the larger one, and so is $@M$.",
    source="LLZMP; THEORY 4",
)


def _completed(polynomial: Poly) -> Expr:
    r"""The larger root as $(p + \sqrt{p^2 + r})/2A$, with the middle coefficient -p collected."""
    a2, a1, a0 = polynomial.all_coeffs()
    p = collect(-a1, (n.c_train, n.kappa), factor)
    return (p + sqrt(p**2 + factor(-4 * a2 * a0))) / (2 * a2)


def _set_to_zero(polynomial: Poly) -> Eq:
    """The equation, its constant on the right."""
    constant = polynomial.nth(0)
    return Eq(
        collect(polynomial.as_expr() - constant, polynomial.gen, lambda x: collect(x, n.c_train, factor)), -constant
    )


def _slope(polynomial: Poly) -> Expr:
    """Derivative in z of the root, by implicit differentiation."""
    curve = polynomial.as_expr()
    return -factor(diff(curve, n.z)) / collect(diff(curve, polynomial.gen), (n.c_train, n.kappa))


# --- isotropic spectrum -----------------------------------------------------------------------------------
_WHOLE = "$@C_train = @c_train I$"


@cache
def _isotropic() -> Poly:
    return trace_polynomial([n.c_train])


isotropic_polynomial = section(
    "isotropic_polynomial",
    "Fixed-point equation of the trace, isotropic",
    lambda: _set_to_zero(_isotropic()),
    condition=_WHOLE,
    remark="Its two roots have opposite signs; the trace is the positive one.",
)


def _positive_trace(polynomial: Poly) -> Expr:
    # 1/M solves the quadratic with the coefficients reversed, and its positive root is their larger one
    return 1 / _completed(-Poly(polynomial.all_coeffs()[::-1], polynomial.gen))


isotropic_M = section(
    "isotropic_M",
    "Trace of the resolvent, isotropic",
    derived(n.M, lambda: _positive_trace(_isotropic())),
    condition=_WHOLE,
)
isotropic_dM = section(
    "isotropic_dM", "Derivative of the trace, isotropic", derived(n.dM, lambda: _slope(_isotropic())), condition=_WHOLE
)


def _mu() -> Expr:
    at_s = _isotropic().as_expr().subs({n.M: n.mu, n.z: n.s, n.kappa: n.kappa / n.tau})
    return _positive_trace(cleared(at_s, n.mu))


def _effective_ridge_below() -> Expr:
    (ridge,) = solve(resolvent.effective_ridge_below.statement.subs(n.M, isotropic_trace_below.rhs), n.effective_ridge)
    return ridge


_FEW = r"$@ridge \to 0$, $@tau < 1$, " + _WHOLE
section.prose(
    "With few contexts and an isotropic spectrum the effective ridge becomes explicit: if $@mu$ is the"
    " trace at $@s$ with $@kappa/@tau$ in place of $@kappa$, then $@tau @mu$ solves the quadratic at"
    " $@sigma$."
)
isotropic_mu = section("isotropic_mu", "Trace at the noise of the context summary", derived(n.mu, _mu), condition=_FEW)
isotropic_trace_below = section(
    "isotropic_trace_below",
    "Trace of the resolvent with few contexts, isotropic",
    Eq(n.M, n.tau * n.mu),
    condition=_FEW + ", $@M$ at $@sigma$",
    remark="Exact, and special to the isotropic spectrum: the implicit equation for the effective ridge disappears.",
)
isotropic_effective_ridge = section(
    "isotropic_effective_ridge",
    "Effective ridge with few contexts, isotropic",
    derived(n.effective_ridge, _effective_ridge_below),
    condition=_FEW,
)


def _isotropic_quartic() -> Eq:
    """The quadratic of the trace at sigma, with the trace eliminated by the equation of the effective ridge."""
    (trace,) = solve(resolvent.effective_ridge_fixed_point.statement, n.M)
    above, below = fraction(together(trace))
    a2, a1, a0 = (coefficient.subs(n.z, n.sigma) for coefficient in _isotropic().all_coeffs())
    return Eq(a2 * above**2 + collect(a1, n.kappa) * above * below, -a0 * below**2)


isotropic_quartic = section(
    "isotropic_quartic",
    "Equation of the effective ridge, isotropic",
    _isotropic_quartic,
    "THEORY (1.1), by elimination",
    condition="$@ridge > 0$, " + _WHOLE,
    remark="With $@sigma = @s + @effective_ridge$ a polynomial of degree four in $@effective_ridge$.",
)

# the resolvent is the same along every eigenvector, hence its own trace
_alike = {n.F: n.M, n.dF: n.dM}
isotropic_K = section(
    "isotropic_K",
    "Alignment matrix, isotropic",
    Eq(n.K, general.K.rhs.subs(_alike)),
    "LZLP; THEORY 4",
    condition=_WHOLE,
    remark="The same along every eigenvector.",
)
isotropic_error = section(
    "isotropic_e_icl",
    "Error of in-context learning, isotropic",
    Eq(n.e_icl, general.e_scalar.rhs.subs(n.Qbar, general.Qbar.rhs) + n.c_test * isotropic_K.rhs),
    condition=_WHOLE,
    remark="For every $@C_test$ of trace $@c_test$.",
)


# --- two atoms, one of them zero ----------------------------------------------------------------------------
_TWO = "eigenvalues $@c_train/@rank_fraction$, a share $@rank_fraction$ of them, and zero"
_TAKANAMI = "TTK; THEORY 3"


def _trace_of_a() -> Expr:
    (trace,) = solve(resolvent.memorisation.statement, n.M)
    return trace


@cache
def _low_rank() -> Poly:
    r = n.rank_fraction
    return cleared(trace_polynomial([0, n.c_train / r], [1 - r, r]).as_expr().subs(n.M, two_atom_M.rhs), n.a)


section.prose(
    "For tasks from a random subspace, of dimension $@rank_fraction @d$, the memorisation factor is"
    " the convenient unknown."
)
two_atom_polynomial = section(
    "two_atom_polynomial",
    "Fixed-point equation of the memorisation factor, low rank",
    lambda: _set_to_zero(_low_rank()),
    _TAKANAMI,
    condition=_TWO,
    remark="Its two roots have opposite signs; $@a$ is the positive one.",
)
two_atom_a = section(
    "two_atom_a",
    "Memorisation factor, low rank",
    derived(n.a, lambda: _completed(_low_rank())),
    _TAKANAMI,
    condition=_TWO,
)
two_atom_b = section(
    "two_atom_b",
    "Derivative of the memorisation factor, low rank",
    derived(n.b, lambda: _slope(_low_rank())),
    _TAKANAMI,
    condition=_TWO,
)
two_atom_M = section(
    "two_atom_M", "Trace of the resolvent, low rank", derived(n.M, _trace_of_a), _TAKANAMI, condition=_TWO
)
two_atom_dM = section(
    "two_atom_dM",
    "Derivative of the trace, low rank",
    derived(n.dM, lambda: solve(resolvent.da.statement, n.dM)[0]),
    _TAKANAMI,
    condition=_TWO,
)
