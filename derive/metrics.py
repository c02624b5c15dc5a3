r"""Measures of alignment between the covariances of pretraining and test tasks.

The first three are means over the spectrum of $C_{\mathrm{train}}$ against $C_{\mathrm{test}}$'s diagonal in its
eigenbasis; centred kernel alignment (CKA) compares the two matrices and knows nothing of the model.
"""

from __future__ import annotations

from sympy import Eq, Expr, Identity, MatrixSymbol, OneMatrix, Symbol, Trace, sqrt

from . import notation as n
from .alignment import e_misalign
from .equation import Equation
from .resolvent import resolvent
from .spectral import mean

SECTION = "metrics"
_SOURCE = "LZLP; THEORY A6"


def _equation(name: str, title: str, statement: Eq, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=_SOURCE, section=SECTION, **more)


misalignment = _equation("metric_misalignment", "Misalignment metric", Eq(n.metric_misalignment, e_misalign.rhs))
at_sigma = _equation(
    "metric_resolvent",
    "Resolvent metric",
    Eq(n.metric_resolvent, mean(n.test[n.i] * resolvent.rhs.subs(n.z, n.sigma))),
    condition="$@F$ at $@sigma$",
)
population = _equation(
    "metric_population",
    "Population metric",
    Eq(n.metric_population, mean(n.test[n.i] / n.c)),
    condition="$@C_test$ has no part outside the range of $@C_train$; infinite otherwise",
    remark="The sum runs over the non-zero eigenvalues: the inverse is the pseudo-inverse.",
)

centering = _equation(
    "centering",
    "Projector that centres",
    Eq(n.centering, Identity(n.d) - OneMatrix(n.d, n.d) / n.d),
)


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
    # d > 1, which SymPy cannot be told of d itself
    return ratio.subs(n.d - 1, Symbol("positive", positive=True))


inverse_cka = _equation(
    "inverse_cka",
    "Inverse centred kernel alignment",
    Eq(
        n.inverse_cka,
        _ratio(),
    ),
    remark="The prefactors $1/(@d-1)^2$ of the Hilbert--Schmidt independence criterion cancel. The sums above read the"
    " eigenbasis of $@C_train$; this one depends on the basis in which both matrices are written.",
)

EQUATIONS = (misalignment, at_sigma, population, centering, inverse_cka)
