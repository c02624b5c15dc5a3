r"""The test error and the alignment matrix K in the papers' form, metrics of alignment, and the kinds of test tasks.

All of M and F at $\sigma$.

A task t of the k in pretraining is part of $R_k = \frac1k \sum_j t_j t_j^\top$. Leaving it out (Sherman and Morrison)
ties the quadratic form that contains it to one that does not: with $\varphi = \mathrm{tr}[C F]$

$$\tfrac1d t^\top (R_k + z)^{-1} t = \frac{\varphi}{1 + \varphi/\kappa} = a\,\varphi$$

and the derivative in z is, by the fixed-point equation, $a^2 \varphi'$. So whatever holds for fresh tasks holds for
those of pretraining with $\varphi \to a\varphi$, $\varphi' \to a^2 \varphi'$.

Literature: "IDG" is the error on *training tasks* in Lu et al., and that on *fresh tasks of the same subspace* in
Takanami et al. Here TM is the former, IDG the latter.
"""

from __future__ import annotations

from sympy import (
    Eq,
    Expr,
    Function,
    Identity,
    MatrixSymbol,
    OneMatrix,
    Symbol,
    Trace,
    cancel,
    collect,
    diff,
    factor,
    solve,
    sqrt,
    together,
)

from . import notation as n
from . import stable
from .equation import Section, derived
from .resolvent import fixed_point_a, resolvent
from .spectral import mean

section = Section(
    "alignment",
    "The error and the alignment matrix",
    "Given the tasks, the trained layer has mean $R_k (R_k + @sigma)^{-1}$ and independent rows of covariance"
    " $(@q/@d)(R_k + @s)(R_k + @sigma)^{-2}$. Averaging over the tasks leaves an error in two parts: a scalar"
    " part that knows the covariances by their traces only, and a misalignment part, linear in $@C_test$, with"
    " a matrix that shares its eigenvectors with $@C_train$. Throughout this section $@F$, $@M$ and their"
    " derivatives are taken at $@sigma$.",
    source="LZLP; THEORY (1.3)",
)

_unexplained = 1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM

q = section(
    "q",
    "Variance of the trained layer",
    Eq(
        n.q,
        (n.rho + n.sigma - n.sigma**2 * n.M - n.effective_ridge * _unexplained)
        / (n.tau - (1 - 2 * n.effective_ridge * n.M - n.effective_ridge**2 * n.dM)),
    ),
    "LZLP; THEORY (1.2)",
)
K = section(
    "K", "Alignment matrix along an eigenvector", Eq(n.K, n.q * n.F + (n.q * n.effective_ridge - n.sigma**2) * n.dF)
)
Qbar = section(
    "Qbar",
    "Size of the trained layer",
    Eq(n.Qbar, 1 + (n.q - 2 * n.sigma) * n.M + (n.q * n.effective_ridge - n.sigma**2) * n.dM),
    "THEORY (1.3)",
)
section.prose(
    "The context length and the noise at test may differ from those of pretraining; they enter the scalar part alone."
)
e_scalar = section(
    "e_scalar", "Scalar part of the error", Eq(n.e_scalar, n.rho_test + (n.rho_test + n.c_test) / n.alpha_test * n.Qbar)
)
e_misalign = section(
    "e_misalign",
    "Misalignment part of the error",
    Eq(n.e_misalign, mean(n.test[n.i] * n.K).subs(n.K, n.K_of(n.eigenvalues[n.i]))),
)
e_icl = section("e_icl", "Error of in-context learning", Eq(n.e_icl, n.e_scalar + n.e_misalign))
e_train = section(
    "e_train",
    "Error on the pretraining contexts",
    Eq(n.e_train, (n.ridge / n.effective_ridge) ** 2 * n.tau * n.q),
    "THEORY 1",
    condition="$@ridge > 0$",
)


section = Section(
    "metrics",
    "Measures of alignment",
    "Four numbers that predict how well pretraining on $@C_train$ serves tests on $@C_test$; smaller is"
    " better. They use less and less of the theory: all of it, the resolvent alone, the population covariance"
    " alone, and nothing but the two matrices.",
    source="LZLP; THEORY A6",
)


misalignment = section("metric_misalignment", "Misalignment metric", Eq(n.metric_misalignment, e_misalign.rhs))
at_sigma = section(
    "metric_resolvent",
    "Resolvent metric",
    Eq(n.metric_resolvent, mean(n.test[n.i] * resolvent.rhs.subs(n.z, n.sigma))),
    condition="$@F$ at $@sigma$",
)
population = section(
    "metric_population",
    "Population metric",
    Eq(n.metric_population, mean(n.test[n.i] / n.c)),
    condition="$@C_test$ has no part outside the range of $@C_train$; infinite otherwise",
    remark="The sum runs over the non-zero eigenvalues: the inverse is the pseudo-inverse.",
)

centering = section("centering", "Projector that centres", Eq(n.centering, Identity(n.d) - OneMatrix(n.d, n.d) / n.d))


def independence(first: MatrixSymbol, second: MatrixSymbol) -> Expr:
    r"""Hilbert-Schmidt independence criterion, $\mathrm{Tr}(\Pi A \Pi B)/(d - 1)^2$.

    Args:
        first: d x d matrix A.
        second: d x d matrix B.
    """
    return Trace(n.centering * first * n.centering * second) / (n.d - 1) ** 2


def _ratio() -> Expr:
    normalised = sqrt(independence(n.C_train, n.C_train) * independence(n.C_test, n.C_test))
    ratio = normalised / independence(n.C_train, n.C_test)
    # for SymPy d is positive, and d - 1 may have any sign
    return ratio.subs(n.d - 1, Symbol("positive", positive=True))


inverse_cka = section(
    "inverse_cka",
    "Inverse centred kernel alignment",
    Eq(n.inverse_cka, _ratio()),
    remark="The prefactors $1/(@d-1)^2$ of the Hilbert--Schmidt independence criterion cancel. The sums above read the"
    " eigenbasis of $@C_train$; this one depends on the basis in which both matrices are written.",
)


section = Section(
    "training_tasks",
    "Training tasks, fresh tasks, rotated tasks",
    "The tasks of pretraining are part of the resolvent that they meet. Leaving one of them out shows that each of"
    r" them sees $@a @phi$ where a fresh task of the same covariance sees $@phi = \mathrm{tr}[@C_train @F]$, and"
    " $@{a}^2 @dphi$ in place of the derivative; tasks from a freshly rotated copy of $@C_train$ see the trace"
    r" $@c_train @M$. A warning: IDG is the error on the tasks of pretraining in \cite{lu2024}, and the error on"
    r" fresh tasks of the same subspace in \cite{takanami2026}. Here TM is the former and IDG the latter; ODG is"
    " the error on rotated tasks. All is taken at $@sigma$.",
    source="THEORY 2",
)


# --- leaving one task out -----------------------------------------------------------------------------------
def _inside() -> Expr:
    r"""The form of a task with the resolvent that holds it, from the form with the resolvent that does not.

    $(R + z)^{-1} t = (R_{\setminus t} + z)^{-1} t - (R + z)^{-1} \frac{t t^\top}{k} (R_{\setminus t} + z)^{-1} t$,
    multiplied by $t^\top/d$.
    """
    inside = Symbol("inside")
    (form,) = solve(inside - (n.phi - inside * n.phi / n.kappa), inside)
    return form


leave_one_out = section(
    "leave_one_out",
    "Quadratic form of a task of pretraining",
    derived(n.phi_TM, _inside),
    "THEORY (2.1), by the formula of Sherman and Morrison",
    remark="For a fresh task the same form is $@phi$.",
)
memorised = section(
    "memorised",
    "Quadratic form of a task of pretraining, by the memorisation factor",
    Eq(n.phi_TM, n.a * n.phi),
    "THEORY (2.1)",
)


def _memorised_slope() -> Expr:
    """Derivative in z of a phi, with da/dz from the fixed-point equation that a and phi solve together."""
    a, phi = (Function(symbol.name, positive=True)(n.z) for symbol in (n.a, n.phi))
    curve = (fixed_point_a.lhs - fixed_point_a.rhs).subs({n.a: a, n.phi: phi})
    (da,) = solve(diff(curve, n.z), diff(a, n.z))
    slope = diff(memorised.rhs.subs({n.a: a, n.phi: phi}), n.z).subs(diff(a, n.z), da)
    slope = slope.subs(diff(phi, n.z), n.dphi).subs({a: n.a, phi: n.phi})
    return factor(cancel(together(slope.subs(n.phi, solve(fixed_point_a.statement, n.phi)[0]))))


memorised_slope = section("memorised_slope", "Its derivative", derived(n.dphi_TM, _memorised_slope), "THEORY (2.1)")

# --- the errors ------------------------------------------------------------------------------------------------
_signal = K.rhs.subs({n.F: n.phi, n.dF: n.dphi})
misalign_TM = section(
    "misalign_TM",
    "Misalignment part for the tasks of pretraining",
    Eq(n.misalign_TM, _signal.subs({n.phi: memorised.rhs, n.dphi: memorised_slope.rhs}, simultaneous=True)),
    "LLZMP; THEORY (2.1)",
)
misalign_IDG = section(
    "misalign_IDG",
    "Misalignment part for fresh tasks",
    Eq(n.misalign_IDG, _signal),
    "LZLP; THEORY 2",
    remark="The mean of $@c @K(@c)$ over the spectrum.",
)
misalign_ODG = section(
    "misalign_ODG",
    "Misalignment part for tasks from a rotated covariance",
    Eq(n.misalign_ODG, n.c_train * K.rhs.subs({n.F: n.M, n.dF: n.dM})),
    "TTK; THEORY 2",
    remark="A freshly rotated copy of $@C_train$ sees the alignment matrix through its trace alone.",
)


def _gap() -> Expr:
    share_lost = 1 - n.a
    return share_lost * collect(cancel((misalign_IDG.rhs - misalign_TM.rhs) / share_lost), n.dphi, factor)


memorisation_gap = section(
    "memorisation_gap",
    "Fresh tasks less those of pretraining",
    derived(n.misalign_IDG - n.misalign_TM, _gap),
    remark="It vanishes with many tasks, where $@a = 1$.",
)


def _with_scalar(misalign: Symbol) -> Expr:
    return e_scalar.rhs.subs(n.c_test, n.c_train) + misalign


section.prose("The scalar part is the same for all three.")
e_TM = section("e_TM", "Error on the tasks of pretraining", Eq(n.e_TM, _with_scalar(n.misalign_TM)), "LLZMP; THEORY 2")
e_IDG = section("e_IDG", "Error on fresh tasks", Eq(n.e_IDG, _with_scalar(n.misalign_IDG)), "LZLP; THEORY 2")
e_ODG = section(
    "e_ODG", "Error on tasks from a rotated covariance", Eq(n.e_ODG, _with_scalar(n.misalign_ODG)), "TTK; THEORY 2"
)
e_TM_matched = section(
    "e_TM_matched",
    "Error on the tasks of pretraining, context and noise as there",
    Eq(n.e_TM, n.tau * n.q),
    condition="$@alpha_test = @alpha$, $@rho_test = @rho$",
    remark="An identity for every spectrum, ridge and number of tasks and contexts.",
)

# --- without cancellation -------------------------------------------------------------------------------------
section.prose(
    "Without cancellation, the error on the tasks of pretraining is the mean that gives the error on fresh"
    " tasks, with other coefficients; all terms are positive."
)
A_TM = section(
    "A_TM",
    "Constant in the numerator of the alignment with the tasks of pretraining",
    Eq(n.A_TM, n.a**2 * n.A + n.q * n.sigma**2 * n.b),
    "THEORY A1, with (2.1)",
)
B_TM = section(
    "B_TM",
    "Slope in the numerator of the alignment with the tasks of pretraining",
    Eq(n.B_TM, n.a**2 * (n.q + n.A * n.b)),
    "THEORY A1, with (2.1)",
)
misalign_TM_stable = section(
    "misalign_TM_stable",
    "Misalignment part for the tasks of pretraining, without cancellation",
    Eq(n.misalign_TM, mean(n.c * stable.K.rhs.subs({n.A: n.A_TM, n.B: n.B_TM}))),
    "THEORY A1, with (2.1)",
    remark="The mean over the spectrum that gives the error on fresh tasks, with other coefficients.",
)
misalign_TM_sums = section(
    "misalign_TM_sums",
    "Misalignment part for the tasks of pretraining, in the two combinations",
    Eq(n.misalign_TM, n.q * (n.R2 + n.s * n.A2) + n.sigma**2 * n.A2),
    "THEORY 9",
)
