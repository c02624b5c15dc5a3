r"""What the alignment matrix says about the choice of tasks.

Over all rotations of one covariance against the other the error is extremal when both share an eigenbasis
(Corollary 4.1). For a fixed trace the best test covariance is a single spike (Corollary 4.2, in its exact form:
the spike is along the top or along the bottom eigenvector, since $\mathcal K(c)$ has at most one peak).
"""

from __future__ import annotations

from sympy import Eq, Expr, Ge, KroneckerDelta, Le, Min, Piecewise, Sum, factor, simplify, solve

from . import notation as n
from . import ordering, stable
from .alignment import e_misalign
from .equation import Equation

SECTION = "corollaries"
_SPIKE = r"$@C_test = @d\,@c_test\,v v^\top$ with $v$ a unit eigenvector of $@C_train$ of eigenvalue $@c$"


def _equation(name: str, title: str, statement: Eq | Ge | Le, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


# --- Corollary 4.1 ------------------------------------------------------------------------------------------
def _pairing(position: Expr) -> Expr:
    """Mean of the products of the sorted eigenvalues of the alignment matrix and of the test covariance."""
    return Sum(n.K_sorted[n.j] * n.test_sorted[position], (n.j, 1, n.d)) / n.d


_SPECTRA = "$@C_train$ and the spectrum of $@C_test$ fixed"
opposite_pairing = _equation(
    "corollary_4_1_lower",
    "Least error over rotations",
    Ge(n.e_misalign, _pairing(n.d + 1 - n.j)),
    "LZLP, Corollary 4.1; THEORY A4",
    condition=_SPECTRA,
    remark=r"Attained when $@C_test$ commutes with $@C_train$ and its eigenvalues run against those of the alignment"
    " matrix.",
)
equal_pairing = _equation(
    "corollary_4_1_upper",
    "Largest error over rotations",
    Le(n.e_misalign, _pairing(n.j)),
    "LZLP, Corollary 4.1; THEORY A4",
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


spike = _equation(
    "spike",
    "Error of a spike",
    Eq(n.e_misalign, _of_spike()),
    "LZLP; THEORY A4",
    condition=_SPIKE,
)
best_spike = _equation(
    "corollary_4_2",
    "Best test covariance",
    Ge(n.e_misalign, n.c_test * Min(n.K_of(n.c_min), n.K_of(n.c_max))),
    "LZLP, Corollary 4.2 in its exact form; THEORY A3",
    condition="$@c_test$ fixed",
    remark="Attained by a spike along the bottom or the top eigenvector of $@C_train$: $@K(@c)$ falls, or rises to one"
    " peak and falls after it, so that it is least at an end.",
)
top_is_best = _equation(
    "top_spike_is_best",
    "When the top eigenvector is the best",
    Ge(ordering.pair.rhs.subs({n.c1: n.c_min, n.c2: n.c_max}), 0),
    "THEORY A3",
    remark=r"The same as $@K(@c_min) \ge @K(@c_max)$. It holds for $@ridge \to 0$, $@tau > 1$, and whenever"
    r" $@effective_ridge \le @s$; where it fails, the best spike is along the bottom eigenvector.",
)


def _largest() -> Expr:
    """K at its peak, which lies at c > 0 or at zero."""
    (inside,) = solve(ordering.P.rhs, n.c)
    at_peak = factor(simplify(stable.K.rhs.subs(n.c, inside)))
    return Piecewise((n.c_test * at_peak, n.P0 > 0), (n.c_test * stable.K.rhs.subs(n.c, 0), True))


worst_spike = _equation(
    "worst_spike",
    "Worst test covariance",
    Le(n.e_misalign, _largest()),
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
    if along.has(n.i):
        raise AssertionError("the alignment does not leave the sum")
    return along * n.c_test


isotropic = _equation(
    "isotropic_indifference",
    "Isotropic pretraining is indifferent",
    Eq(n.e_misalign, _isotropic()),
    "LZLP; THEORY A0",
    condition="$@C_train = @c_train I$",
    remark="All test covariances of one trace do equally well.",
)

EQUATIONS = (opposite_pairing, equal_pairing, spike, best_spike, top_is_best, worst_spike, isotropic)
