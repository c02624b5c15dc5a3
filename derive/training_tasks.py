r"""Tasks seen in pretraining, fresh tasks from the same covariance, and tasks from a rotated copy of it.

A task t of the k in pretraining is part of $R_k = \frac1k \sum_j t_j t_j^\top$. Leaving it out (Sherman and Morrison)
ties the quadratic form that contains it to one that does not: with $\varphi = \mathrm{tr}[C F]$

$$\tfrac1d t^\top (R_k + z)^{-1} t = \frac{\varphi}{1 + \varphi/\kappa} = a\,\varphi$$

and the derivative in z is, by the fixed-point equation, $a^2 \varphi'$. So whatever holds for fresh tasks holds for
those of pretraining with $\varphi \to a\varphi$, $\varphi' \to a^2 \varphi'$.

Literature: "IDG" is the error on *training tasks* in Lu et al., and that on *fresh tasks of the same subspace* in
Takanami et al. Here TM is the former, IDG the latter.
"""

from __future__ import annotations

from sympy import Eq, Expr, Function, Symbol, cancel, collect, diff, factor, solve, together

from . import alignment, resolvent, stable
from . import notation as n
from .equation import Equation
from .spectral import mean

SECTION = "training_tasks"


def _equation(name: str, title: str, statement: Eq, source: str = "THEORY 2", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


# --- leaving one task out -----------------------------------------------------------------------------------
def _inside() -> Expr:
    r"""The form of a task with the resolvent that holds it, from the form with the resolvent that does not.

    $(R + z)^{-1} t = (R_{\setminus t} + z)^{-1} t - (R + z)^{-1} \frac{t t^\top}{k} (R_{\setminus t} + z)^{-1} t$,
    multiplied by $t^\top/d$.
    """
    inside = Symbol("inside")
    (form,) = solve(inside - (n.phi - inside * n.phi / n.kappa), inside)
    return form


leave_one_out = _equation(
    "leave_one_out",
    "Quadratic form of a task of pretraining",
    Eq(n.phi_TM, _inside()),
    "THEORY (2.1), by the formula of Sherman and Morrison",
    remark="For a fresh task the same form is $@phi$.",
)
(_one_plus,) = solve(resolvent.fixed_point_a.statement, n.a)
memorised = _equation(
    "memorised",
    "Quadratic form of a task of pretraining, by the memorisation factor",
    Eq(n.phi_TM, n.a * n.phi),
    "THEORY (2.1)",
)
if cancel(together(leave_one_out.rhs - memorised.rhs.subs(n.a, _one_plus))) != 0:
    raise AssertionError("leaving one task out does not multiply phi by a")


def _memorised_slope() -> Expr:
    """Derivative in z of a phi, with da/dz from the fixed-point equation that a and phi solve together."""
    a, phi = (Function(symbol.name, positive=True)(n.z) for symbol in (n.a, n.phi))
    curve = (resolvent.fixed_point_a.lhs - resolvent.fixed_point_a.rhs).subs({n.a: a, n.phi: phi})
    (da,) = solve(diff(curve, n.z), diff(a, n.z))
    slope = diff(memorised.rhs.subs({n.a: a, n.phi: phi}), n.z).subs(diff(a, n.z), da)
    slope = slope.subs(diff(phi, n.z), n.dphi).subs({a: n.a, phi: n.phi})
    return factor(cancel(together(slope.subs(n.phi, solve(resolvent.fixed_point_a.statement, n.phi)[0]))))


memorised_slope = _equation(
    "memorised_slope",
    "Its derivative",
    Eq(n.dphi_TM, _memorised_slope()),
    "THEORY (2.1)",
)

# --- the errors ------------------------------------------------------------------------------------------------
_signal = alignment.K.rhs.subs({n.F: n.phi, n.dF: n.dphi})
misalign_IDG = _equation(
    "misalign_IDG",
    "Misalignment part for fresh tasks",
    Eq(n.misalign_IDG, _signal),
    "LZLP; THEORY 2",
    remark="The mean of $@c @K(@c)$ over the spectrum.",
)
misalign_TM = _equation(
    "misalign_TM",
    "Misalignment part for the tasks of pretraining",
    Eq(n.misalign_TM, _signal.subs({n.phi: memorised.rhs, n.dphi: memorised_slope.rhs}, simultaneous=True)),
    "LLZMP; THEORY (2.1)",
)
misalign_ODG = _equation(
    "misalign_ODG",
    "Misalignment part for tasks from a rotated covariance",
    Eq(n.misalign_ODG, n.c_train * alignment.K.rhs.subs({n.F: n.M, n.dF: n.dM})),
    "TTK; THEORY 2",
    remark="A freshly rotated copy of $@C_train$ sees the alignment matrix through its trace alone.",
)
_share_lost = 1 - n.a
memorisation_gap = _equation(
    "memorisation_gap",
    "Fresh tasks less those of pretraining",
    Eq(
        n.misalign_IDG - n.misalign_TM,
        _share_lost * collect(cancel((misalign_IDG.rhs - misalign_TM.rhs) / _share_lost), n.dphi, factor),
    ),
    remark="It vanishes with many tasks, where $@a = 1$.",
)


def _with_scalar(misalign: Symbol) -> Expr:
    return alignment.e_scalar.rhs.subs(n.c_test, n.c_train) + misalign


e_TM = _equation(
    "e_TM", "Error on the tasks of pretraining", Eq(n.e_TM, _with_scalar(n.misalign_TM)), "LLZMP; THEORY 2"
)
e_IDG = _equation("e_IDG", "Error on fresh tasks", Eq(n.e_IDG, _with_scalar(n.misalign_IDG)), "LZLP; THEORY 2")
e_ODG = _equation(
    "e_ODG", "Error on tasks from a rotated covariance", Eq(n.e_ODG, _with_scalar(n.misalign_ODG)), "TTK; THEORY 2"
)
e_TM_matched = _equation(
    "e_TM_matched",
    "Error on the tasks of pretraining, context and noise as there",
    Eq(n.e_TM, n.tau * n.q),
    "THEORY 2",
    condition="$@alpha_test = @alpha$, $@rho_test = @rho$",
    remark="An identity for every spectrum, ridge and number of tasks and contexts.",
)

# --- without cancellation -------------------------------------------------------------------------------------
A_TM = _equation(
    "A_TM",
    "Constant in the numerator of the alignment with the tasks of pretraining",
    Eq(n.A_TM, n.a**2 * n.A + n.q * n.sigma**2 * n.b),
    "THEORY A1, with (2.1)",
)
B_TM = _equation(
    "B_TM",
    "Slope in the numerator of the alignment with the tasks of pretraining",
    Eq(n.B_TM, n.a**2 * (n.q + n.A * n.b)),
    "THEORY A1, with (2.1)",
)
misalign_TM_stable = _equation(
    "misalign_TM_stable",
    "Misalignment part for the tasks of pretraining, without cancellation",
    Eq(
        n.misalign_TM,
        mean(n.c * stable.K.rhs.subs({n.A: n.A_TM, n.B: n.B_TM})),
    ),
    "THEORY A1, with (2.1)",
    remark="The mean over the spectrum that gives the error on fresh tasks, with other coefficients.",
)
misalign_TM_sums = _equation(
    "misalign_TM_sums",
    "Misalignment part for the tasks of pretraining, in the two combinations",
    Eq(n.misalign_TM, n.q * (n.R2 + n.s * n.A2) + n.sigma**2 * n.A2),
    "THEORY 9",
)

EQUATIONS = (
    leave_one_out,
    memorised,
    memorised_slope,
    misalign_TM,
    misalign_IDG,
    misalign_ODG,
    memorisation_gap,
    e_TM,
    e_IDG,
    e_ODG,
    e_TM_matched,
    A_TM,
    B_TM,
    misalign_TM_stable,
    misalign_TM_sums,
)
