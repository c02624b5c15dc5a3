r"""Closed forms for one non-zero eigenvalue: isotropic and low-rank spectra, where the trace solves a quadratic.

Everything is obtained from the fixed-point equations by elimination and root finding in SymPy.
"""

from __future__ import annotations

from sympy import (
    Eq,
    Expr,
    Integer,
    Poly,
    Rational,
    cancel,
    collect,
    diff,
    expand,
    factor,
    fraction,
    simplify,
    solve,
    sqrt,
    together,
)

from . import alignment, resolvent, ridge
from . import notation as n
from .equation import Equation
from .polynomial import cleared, larger_root, trace_polynomial

SECTION = "closed_forms"


def _equation(name: str, title: str, statement: Eq, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


def _completed(polynomial: Poly) -> Expr:
    r"""The larger root as $(p + \sqrt{p^2 + r})/2A$, with the middle coefficient -p collected."""
    two, one, none = polynomial.all_coeffs()
    p = collect(-one, (n.c_train, n.kappa), factor)
    root = (p + sqrt(p**2 + factor(-4 * two * none))) / (2 * two)
    expanded = root.replace(lambda e: e.is_Pow and e.exp == Rational(1, 2), lambda e: sqrt(expand(e.base)))
    if simplify(expanded - larger_root(polynomial)) != 0:
        raise AssertionError(f"not the larger root of {polynomial}")
    return root


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
_isotropic = trace_polynomial([n.c_train])
_WHOLE = "$@C_train = @c_train I$"
_LU = "LLZMP; THEORY 4"

isotropic_polynomial = _equation(
    "isotropic_polynomial",
    "Fixed-point equation of the trace, isotropic",
    _set_to_zero(_isotropic),
    _LU,
    condition=_WHOLE,
    remark="Its two roots have opposite signs; the trace is the positive one.",
)


def _positive_trace(polynomial: Poly) -> Expr:
    # 1/M solves the quadratic with the coefficients reversed, and its positive root is their larger one
    return 1 / _completed(-Poly(polynomial.all_coeffs()[::-1], polynomial.gen))


isotropic_M = _equation(
    "isotropic_M", "Trace of the resolvent, isotropic", Eq(n.M, _positive_trace(_isotropic)), _LU, condition=_WHOLE
)
isotropic_dM = _equation(
    "isotropic_dM", "Derivative of the trace, isotropic", Eq(n.dM, _slope(_isotropic)), _LU, condition=_WHOLE
)


def _few_contexts() -> tuple[Expr, Expr, Expr]:
    r"""mu, $\mathcal M(\sigma)$ and $\tilde\lambda$ for tau < 1 in terms of mu, the trace at s with kappa/tau.

    With $\tilde\lambda = (1-\tau)/\mathcal M$ and $\mathcal M = \tau\mu$, the quadratic for $\mathcal M$ at
    $\sigma = s + \tilde\lambda$ is the one for mu; both have one positive root.
    """
    trace = n.tau * n.mu
    (effective_ridge,) = solve(ridge.effective_ridge_below.statement.subs(n.M, trace), n.effective_ridge)
    at_sigma = _isotropic.as_expr().subs({n.z: ridge.sigma.rhs.subs(n.effective_ridge, effective_ridge), n.M: trace})
    at_s = _isotropic.as_expr().subs({n.M: n.mu, n.z: n.s, n.kappa: n.kappa / n.tau})
    mu = _positive_trace(cleared(at_s, n.mu))
    if cancel(at_sigma / at_s).has(n.mu):
        raise AssertionError("the trace at sigma is not tau mu")
    return mu, trace, effective_ridge


_mu, _trace_below, _effective_ridge_below = _few_contexts()
_FEW = r"$@ridge \to 0$, $@tau < 1$, " + _WHOLE
isotropic_mu = _equation(
    "isotropic_mu",
    "Trace at the noise of the context summary",
    Eq(n.mu, _mu),
    _LU,
    condition=_FEW,
)
isotropic_trace_below = _equation(
    "isotropic_trace_below",
    "Trace of the resolvent with few contexts, isotropic",
    Eq(n.M, _trace_below),
    _LU,
    condition=_FEW + ", $@M$ at $@sigma$",
    remark="Exact, and special to the isotropic spectrum: the implicit equation for the effective ridge disappears.",
)
isotropic_effective_ridge = _equation(
    "isotropic_effective_ridge",
    "Effective ridge with few contexts, isotropic",
    Eq(n.effective_ridge, _effective_ridge_below),
    _LU,
    condition=_FEW,
)


def _isotropic_quartic() -> Eq:
    """The quadratic of the trace at sigma, with the trace eliminated by the equation of the effective ridge."""
    (trace,) = solve(ridge.effective_ridge_fixed_point.statement, n.M)
    above, below = fraction(together(trace))
    two, one, none = (coefficient.subs(n.z, n.sigma) for coefficient in _isotropic.all_coeffs())
    return Eq(two * above**2 + collect(one, n.kappa) * above * below, -none * below**2)


isotropic_quartic = _equation(
    "isotropic_quartic",
    "Equation of the effective ridge, isotropic",
    _isotropic_quartic(),
    "THEORY (1.1), by elimination",
    condition="$@ridge > 0$, " + _WHOLE,
    remark="With $@sigma = @s + @effective_ridge$ a polynomial of degree four in $@effective_ridge$.",
)

# the resolvent is the same along every eigenvector, hence its own trace
_alike = {n.F: n.M, n.dF: n.dM}
isotropic_K = _equation(
    "isotropic_K",
    "Alignment matrix, isotropic",
    Eq(n.K, alignment.K.rhs.subs(_alike)),
    "LZLP; THEORY 4",
    condition=_WHOLE,
    remark="The same along every eigenvector.",
)
isotropic_error = _equation(
    "isotropic_e_icl",
    "Error of in-context learning, isotropic",
    Eq(n.e_icl, alignment.e_scalar.rhs.subs(n.Qbar, alignment.Qbar.rhs) + n.c_test * isotropic_K.rhs),
    _LU,
    condition=_WHOLE,
    remark="For every $@C_test$ of trace $@c_test$.",
)


def isotropic_error_explicit(regime: str) -> Expr:
    r"""Ridgeless error for an isotropic spectrum in alpha, tau, kappa, rho and the traces alone.

    Args:
        regime: `above` for tau > 1, `below` for tau < 1.

    Raises:
        ValueError: another regime.

    References:
        Lu et al., Asymptotic theory of in-context learning by linear attention (arXiv 2405.11751).

    Examples:
        >>> error = isotropic_error_explicit("above")
        >>> ones = dict.fromkeys(error.free_symbols, 1)
        >>> error.subs({**ones, n.tau: 2, n.rho: 0, n.rho_test: 0}).evalf(12)
        1.13049516850
    """
    if regime not in ("above", "below"):
        raise ValueError(f"regime: {regime!r} is not 'above' or 'below'")
    if regime == "above":
        at_root = [(n.effective_ridge, Integer(0)), (n.sigma, n.s), (n.M, isotropic_M.rhs.subs(n.z, n.s))]
    else:
        at_root = [
            (n.sigma, ridge.sigma.rhs),
            (n.effective_ridge, isotropic_effective_ridge.rhs),
            (n.M, isotropic_trace_below.rhs),
            (n.mu, isotropic_mu.rhs),
        ]
    steps = [
        (n.q, alignment.q.rhs),
        (n.dM, isotropic_dM.rhs.subs(n.z, n.sigma)),
        *at_root,
        (n.s, ridge.summary_noise.rhs),
    ]
    error = isotropic_error.rhs
    for symbol, value in steps:
        error = error.subs(symbol, value)
    return error


# --- two atoms, one of them zero ----------------------------------------------------------------------------
_low_rank = trace_polynomial([0, n.c_train / n.rank_fraction], [1 - n.rank_fraction, n.rank_fraction])
_TWO = "eigenvalues $@c_train/@rank_fraction$, a share $@rank_fraction$ of them, and zero"
_TAKANAMI = "TTK; THEORY 3"
(_trace_of_a,) = solve(resolvent.memorisation.statement, n.M)
_low_rank_a = cleared(_low_rank.as_expr().subs(n.M, _trace_of_a), n.a)

two_atom_polynomial = _equation(
    "two_atom_polynomial",
    "Fixed-point equation of the memorisation factor, low rank",
    _set_to_zero(_low_rank_a),
    _TAKANAMI,
    condition=_TWO,
    remark="Its two roots have opposite signs; $@a$ is the positive one.",
)
two_atom_a = _equation(
    "two_atom_a",
    "Memorisation factor, low rank",
    Eq(n.a, _completed(_low_rank_a)),
    _TAKANAMI,
    condition=_TWO,
)
two_atom_b = _equation(
    "two_atom_b",
    "Derivative of the memorisation factor, low rank",
    Eq(n.b, _slope(_low_rank_a)),
    _TAKANAMI,
    condition=_TWO,
)
two_atom_M = _equation(
    "two_atom_M", "Trace of the resolvent, low rank", Eq(n.M, _trace_of_a), _TAKANAMI, condition=_TWO
)
two_atom_dM = _equation(
    "two_atom_dM",
    "Derivative of the trace, low rank",
    Eq(n.dM, solve(resolvent.da.statement, n.dM)[0]),
    _TAKANAMI,
    condition=_TWO,
)

EQUATIONS = (
    isotropic_polynomial,
    isotropic_M,
    isotropic_dM,
    isotropic_mu,
    isotropic_trace_below,
    isotropic_effective_ridge,
    isotropic_quartic,
    isotropic_K,
    isotropic_error,
    two_atom_polynomial,
    two_atom_a,
    two_atom_b,
    two_atom_M,
    two_atom_dM,
)
