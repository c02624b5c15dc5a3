r"""The test error and the alignment matrix K, in the papers' form. All of M, F at $\sigma$."""

from __future__ import annotations

from sympy import Eq

from . import notation as n
from .equation import Equation
from .spectral import mean

SECTION = "alignment"


def _equation(name: str, title: str, statement: Eq, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


_unexplained = 1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM

q = _equation(
    "q",
    "Variance of the trained layer",
    Eq(
        n.q,
        (n.rho + n.sigma - n.sigma**2 * n.M - n.effective_ridge * _unexplained)
        / (n.tau - (1 - 2 * n.effective_ridge * n.M - n.effective_ridge**2 * n.dM)),
    ),
    "LZLP; THEORY (1.2)",
)
K = _equation(
    "K",
    "Alignment matrix along an eigenvector",
    Eq(n.K, n.q * n.F + (n.q * n.effective_ridge - n.sigma**2) * n.dF),
    "LZLP; THEORY (1.3)",
)
Qbar = _equation(
    "Qbar",
    "Size of the trained layer",
    Eq(n.Qbar, 1 + (n.q - 2 * n.sigma) * n.M + (n.q * n.effective_ridge - n.sigma**2) * n.dM),
    "THEORY (1.3)",
)
e_scalar = _equation(
    "e_scalar",
    "Scalar part of the error",
    Eq(n.e_scalar, n.rho_test + (n.rho_test + n.c_test) / n.alpha_test * n.Qbar),
    "LZLP; THEORY (1.3)",
)
e_misalign = _equation(
    "e_misalign",
    "Misalignment part of the error",
    Eq(n.e_misalign, mean(n.test[n.i] * n.K).subs(n.K, n.K_of(n.eigenvalues[n.i]))),
    "LZLP; THEORY (1.3)",
)
e_icl = _equation("e_icl", "Error of in-context learning", Eq(n.e_icl, n.e_scalar + n.e_misalign), "LZLP; THEORY (1.3)")
e_train = _equation(
    "e_train",
    "Error on the pretraining contexts",
    Eq(n.e_train, (n.ridge / n.effective_ridge) ** 2 * n.tau * n.q),
    "THEORY 1",
    condition="$@ridge > 0$",
)

EQUATIONS = (q, K, Qbar, e_scalar, e_misalign, e_icl, e_train)
