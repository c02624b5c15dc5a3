r"""Symbols that only the proofs need, what the proofs take as given, and the printer that knows both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sympy import Derivative, Eq, Expr, Function, IndexedBase, Symbol, diff
from sympy.core.relational import Relational

from ..derive import notation as n
from ..derive import resolvent, scalar, spectral, stable
from ..derive.equation import Equation, sections
from ..derive.latex import names, text
from ..derive.printer import HumanPrinter
from ..derive.spectral import LEARNED, UNLEARNED, mean
from .relations import eq, ge, gt, is_equation

#: name -> LaTeX, with `@name` for symbols of the notation table
LOCAL = {
    "E2": r"@{E}_2",
    "ddM": "@{M}''",
    "t_root": r"@{t}_\star",
    "t_limit": r"@{t}_\infty",
    "f": "f",
    "c3": "@{c}_3",
    "c4": "@{c}_4",
    "potential": "v",
    "row_potential": "u",
    "Q": "Q",
    "dQ": "Q'",
    "atom_gap_kappa": r"\hat\delta_{@kappa}",
    "atom_gap_tau": r"\hat\delta_{@tau}",
}

E2, ddM, t_root, t_limit, c3, c4 = (Symbol(x, real=True) for x in ("E2", "ddM", "t_root", "t_limit", "c3", "c4"))
atom_gap_kappa, atom_gap_tau = Symbol("atom_gap_kappa", real=True), Symbol("atom_gap_tau", real=True)
potential, row_potential = (IndexedBase(name, shape=(n.d,)) for name in ("potential", "row_potential"))
g_of, f_of, D_of, M_of, sigma_of = (Function(name, real=True) for name in ("g", "f", "D", "M", "sigma"))
Q_of, dQ_of = Function("Q", real=True), Function("dQ", real=True)

#: what the proofs start from: signs of what is chosen, of the solution that is looked for, and of an eigenvalue c
AXIOMS: tuple[Relational, ...] = (
    *(gt(x, 0) for x in (n.alpha, n.tau, n.kappa, n.c_train, n.alpha_test, n.rank_fraction)),
    *(gt(x, 0) for x in (n.z, n.t, n.a, n.sigma)),
    *(ge(x, 0) for x in (n.rho, n.ridge, n.rho_test, n.c_test, n.effective_ridge)),
    *(ge(x, 0) for x in (n.c, n.c1, n.c2, c3, c4, n.c_min, n.c_max, n.c - n.c_min, n.c_max - n.c)),
    *(ge(n.test_sorted[x + 1] - n.test_sorted[x], 0) for x in (n.j, n.d - n.j)),
)


def in_t(expression: Expr) -> Expr:
    """Written out as a function of t, all sums over the spectrum explicit."""
    for equation in (
        scalar.sigma_of_t,
        scalar.a_of_t,
        stable.den,
        scalar.gap_kappa,
        scalar.gap_tau,
        *spectral.sums.values(),
    ):
        expression = expression.subs(equation.lhs, equation.rhs)
    return expression


def per_noise(expression: Expr) -> Expr:
    r"""Derivative in the effective noise, by way of t: $(\mathrm{d}/\mathrm{d}t)/(\mathrm{d}\sigma/\mathrm{d}t)$."""
    return diff(in_t(expression), n.t) / diff(in_t(n.sigma), n.t)


#: equations that define the symbols above, and where the paper's functions are looked at
DEFINITIONS = (
    eq(E2, mean(LEARNED**2 * UNLEARNED)),
    eq(ddM, per_noise(stable.dM.rhs)),
    eq(n.z, n.sigma),
    eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
    eq(Derivative(resolvent.M_z, n.z), n.dM),
    eq(resolvent.M_z, n.M),
)


@cache
def theory() -> tuple[Equation, ...]:
    """The equations of the theory that concern the solution."""
    names = ("resolvent", "ridge", "alignment", "scalar", "stable", "ordering", "corollaries")
    rooms = (sections()[name].equations.values() for name in names)
    return tuple(x for room in rooms for x in room if is_equation(x.statement))


@cache
def trusted() -> tuple[Eq, ...]:
    """Equations that a proof may put in: those of the theory that hold without condition, and the definitions above."""
    return (*(x.statement for x in theory() if not x.condition), *DEFINITIONS)


class ProofPrinter(HumanPrinter):
    """Derivatives with primes, and the symbols of this package."""

    def __init__(self, notation: Mapping[str, str] | None = None) -> None:
        super().__init__(names(notation) | {name: text(latex, notation) for name, latex in LOCAL.items()})

    def _print_Derivative(self, expr: Derivative) -> str:
        order, function = expr.derivative_count, expr.expr
        name = self.names[function.func.__name__]
        primes = "'" * order
        if "^" in name or "'" in name:
            name = f"({name})"
        return f"{name}{primes}({self._print(function.args[0])})"
