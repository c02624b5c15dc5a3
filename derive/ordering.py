r"""Ordering of the alignment matrix K, and what K says about the choice of tasks.

$\mathcal K(c) = (A + B c)/(a c + \sigma)^2$ with $A, B > 0$ either falls in c, or rises to one peak and falls after it.

Over all rotations of one covariance against the other the error is extremal when both share an eigenbasis
(Corollary 4.1). For a fixed trace the best test covariance is a single spike (Corollary 4.2, in its exact form:
the spike is along the top or along the bottom eigenvector, since $\mathcal K(c)$ has at most one peak).
"""

from __future__ import annotations

from sympy import Eq, Expr, Ge, KroneckerDelta, Le, Max, Min, Piecewise, Sum, diff, expand, factor, oo, simplify, solve

from . import notation as n
from .equation import Section, derived
from .error import e_misalign
from .resolvent import effective_ridge_fixed_point
from .stable import K

section = Section(
    "ordering",
    "The order of the alignment matrix",
    "Alignment would be simple if $@K(@c)$ always fell with $@c$: the better an eigendirection is represented"
    r" in pretraining, the less it costs at test. This is a theorem for $@ridge \to 0$, $@tau > 1$, and false in"
    " general for $@tau < 1$. As a function of the eigenvalue $@K(@c) = (@A + @B @c)/(@a @c + @sigma)^2$ either"
    " falls, or rises to one peak and falls after it; which of the two is decided by the sign of a linear"
    " function. Since only the fixed point enters, the criterion is exact for every spectrum.",
    source="THEORY A3",
)


def _slope_numerator() -> Expr:
    return expand(factor(diff(K.rhs, n.c) * (n.a * n.c + n.sigma) ** 3))


P = section(
    "ordering_polynomial",
    "Sign of the slope of the alignment",
    derived(n.P, _slope_numerator),
    remark=r"$\mathrm{d}@K/\mathrm{d}@c = @P(@c)/(@a @c + @sigma)^3$ and $@P$ is linear and falling:"
    r" at most one peak.",
)
peak = section(
    "peak",
    "Eigenvalue with the largest alignment entry",
    derived(n.peak, lambda: Max(0, solve(P.rhs, n.c)[0])),
    remark="Zero exactly when $@K$ is ordered for every spectrum with this fixed point.",
)
beta = section("beta", "Relative drift of the memorisation factor", Eq(n.beta, n.sigma * n.b / n.a))
P_at_zero = section(
    "ordering_polynomial_at_zero",
    "Ordering polynomial at zero",
    Eq(n.P0, n.a * (n.q * (n.effective_ridge * (1 - n.beta) - n.s) - n.sigma**2 * (2 - n.beta))),
    remark=r"Negative for $@effective_ridge \le @s$, in particular for $@ridge \to 0$, $@tau > 1$: then $@K$ is"
    " ordered for every spectrum.",
)


def _tau_at_equal_noise() -> Expr:
    """The tau at which the effective ridge is s; infinite where the explicit ridge alone is that large."""
    equation = effective_ridge_fixed_point
    (tau,) = solve((equation.lhs - equation.rhs).subs(n.effective_ridge, n.s), n.tau)
    return Piecewise((factor(tau), n.ridge < n.s), (oo, True))


tau_order = section(
    "tau_order",
    "Sufficient number of contexts",
    derived(n.tau_order, _tau_at_equal_noise),
    condition=r"$@M$ at $2@s$",
    remark=r"$@tau \ge @tau_order$ is the same as $@effective_ridge \le @s$ and suffices for the ordering.",
)


def _pair() -> Expr:
    r"""$(\mathcal K(c_1) - \mathcal K(c_2))/(c_2 - c_1)$ times both (positive) denominators."""
    first, second = K.rhs.subs(n.c, n.c1), K.rhs.subs(n.c, n.c2)
    denominators = ((n.a * n.c1 + n.sigma) * (n.a * n.c2 + n.sigma)) ** 2
    return factor((first - second) * denominators / (n.c2 - n.c1))


pair = section(
    "ordering_of_a_pair",
    "Order of a pair",
    derived(n.pair, lambda: expand(_pair())),
    remark="Of the sign of $@K(@c1) - @K(@c2)$ for $@c1 < @c2$; only one term is negative."
    r" The ordering holds for a spectrum exactly when $@pair \ge 0$ for its two smallest distinct eigenvalues;"
    r" the top eigenvector is the best spike exactly when $@pair \ge 0$ for the smallest and the largest.",
)


section = Section(
    "corollaries",
    "Consequences for the choice of tasks",
    "The misalignment error is linear in $@C_test$. For fixed spectra it is therefore extremal over all"
    " rotations when the two covariances commute, by the trace inequality of von Neumann; for fixed trace it is"
    " extremal at a spike. Since $@K(@c)$ has at most one peak its least value is at an end of the spectrum:"
    " the best spike is along the top or the bottom eigenvector of $@C_train$.",
    source="LZLP, Corollary 4.1; THEORY A4",
)

_SPIKE = r"$@C_test = @d\,@c_test\,v v^\top$ with $v$ a unit eigenvector of $@C_train$ of eigenvalue $@c$"


# --- Corollary 4.1 ------------------------------------------------------------------------------------------
def _pairing(position: Expr) -> Expr:
    """Mean of the products of the sorted eigenvalues of the alignment matrix and of the test covariance."""
    return Sum(n.K_sorted[n.j] * n.test_sorted[position], (n.j, 1, n.d)) / n.d


_SPECTRA = "$@C_train$ and the spectrum of $@C_test$ fixed"
opposite_pairing = section(
    "corollary_4_1_lower",
    "Least error over rotations",
    Ge(n.e_misalign, _pairing(n.d + 1 - n.j)),
    condition=_SPECTRA,
    remark=r"Attained when $@C_test$ commutes with $@C_train$ and its eigenvalues run against those of the alignment"
    " matrix.",
)
equal_pairing = section(
    "corollary_4_1_upper",
    "Largest error over rotations",
    Le(n.e_misalign, _pairing(n.j)),
    condition=_SPECTRA,
    remark=r"Attained when $@C_test$ commutes with $@C_train$ and its eigenvalues run with those of the alignment"
    " matrix.",
)


# --- Corollary 4.2 ------------------------------------------------------------------------------------------
def _of_spike() -> Expr:
    """The error when the test covariance is concentrated on the j-th eigenvector, with trace c_test."""
    spike = n.c_test * KroneckerDelta(n.i, n.j) / n.weights[n.j]
    total = Sum(e_misalign.rhs.function.subs(n.test[n.i], spike), *e_misalign.rhs.limits).doit()
    (within, _), _ = total.args  # j among 1, ..., m or not
    return within.subs(n.eigenvalues[n.j], n.c)


spike = section("spike", "Error of a spike", Eq(n.e_misalign, _of_spike()), "LZLP; THEORY A4", condition=_SPIKE)
best_spike = section(
    "corollary_4_2",
    "Best test covariance",
    Ge(n.e_misalign, n.c_test * Min(n.K_of(n.c_min), n.K_of(n.c_max))),
    "LZLP, Corollary 4.2 in its exact form; THEORY A3",
    condition="$@c_test$ fixed",
    remark="Attained by a spike along the bottom or the top eigenvector of $@C_train$: $@K(@c)$ falls, or rises to one"
    " peak and falls after it, so that it is least at an end.",
)
top_is_best = section(
    "top_spike_is_best",
    "When the top eigenvector is the best",
    lambda: Ge(pair.rhs.subs({n.c1: n.c_min, n.c2: n.c_max}), 0),
    "THEORY A3",
    remark=r"The same as $@K(@c_min) \ge @K(@c_max)$. It holds for $@ridge \to 0$, $@tau > 1$, and whenever"
    r" $@effective_ridge \le @s$; where it fails, the best spike is along the bottom eigenvector.",
)


def _largest() -> Expr:
    """K at its peak, which lies at c > 0 or at zero."""
    (inside,) = solve(P.rhs, n.c)
    at_peak = factor(simplify(K.rhs.subs(n.c, inside)))
    return Piecewise((n.c_test * at_peak, n.P0 > 0), (n.c_test * K.rhs.subs(n.c, 0), True))


worst_spike = section(
    "worst_spike",
    "Worst test covariance",
    lambda: Le(n.e_misalign, _largest()),
    "THEORY A3",
    condition="$@c_test$ fixed",
    remark="$@c_test$ times $@K$ at its peak $@peak$; attained by a spike if $@peak$ is an eigenvalue of $@C_train$."
    " In general the worst spike is along one of the two eigenvectors next to the peak.",
)


# --- isotropic pretraining ------------------------------------------------------------------------------------
def _isotropic() -> Expr:
    """The error with every eigenvalue equal to c_train; the weighted mean of `test` is c_test."""
    summand = e_misalign.rhs.function.subs(n.eigenvalues[n.i], n.c_train)
    along = summand / (n.weights[n.i] * n.test[n.i])
    return along * n.c_test


isotropic = section(
    "isotropic_indifference",
    "Isotropic pretraining is indifferent",
    Eq(n.e_misalign, _isotropic()),
    "LZLP; THEORY A0",
    condition="$@C_train = @c_train I$",
    remark="All test covariances of one trace do equally well.",
)
