r"""Symbols that only the proofs need, what the proofs take as given, and the printer that knows both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sympy import Derivative, Eq, Expr, Function, Ge, Gt, IndexedBase, Le, Symbol
from sympy.core.relational import Relational

from ..derive import alignment, corollaries, ordering, resolvent, ridge, root, spectral, stable
from ..derive import notation as n
from ..derive.latex import names, text
from ..derive.printer import HumanPrinter
from ..derive.spectral import LEARNED, UNLEARNED, mean

#: name -> LaTeX, with `@name` for symbols of the notation table
LOCAL = {
    "E2": "@{E}_2",
    "D_root": r"@{D}_\star",
    "ddM": "@M''",
    "share_bound": r"\hat{\theta}",
    "t_root": r"@{t}_\star",
    "t_limit": r"@{t}_\infty",
    "f": "f",
    "c3": "@{c}_3",
    "c4": "@{c}_4",
    "potential": "v",
}

E2 = Symbol("E2", real=True)
ddM = Symbol("ddM", real=True)
share_bound = Symbol("share_bound", real=True)
t_root, t_limit, D_root = (Symbol(name, real=True) for name in ("t_root", "t_limit", "D_root"))
c3, c4 = Symbol("c3", real=True), Symbol("c4", real=True)
potential = IndexedBase("potential", shape=(n.d,))
g_of, f_of = Function("g", real=True), Function("f", real=True)
D_of, M_of = Function("D", real=True), resolvent.M_z.func
g_t, D_t = g_of(n.t), D_of(n.t)

#: what the proofs start from: signs of what is chosen, and of the solution that is looked for
AXIOMS: tuple[Relational, ...] = (
    *(Gt(x, 0) for x in (n.alpha, n.tau, n.kappa, n.c_train, n.alpha_test, n.rank_fraction, n.t, n.z, n.a, n.sigma)),
    *(Ge(x, 0) for x in (n.rho, n.ridge, n.rho_test, n.c_test, n.c, n.effective_ridge)),
    # c stands for any eigenvalue of C_train
    Ge(n.c - n.c_min, 0),
    Ge(n.c_max - n.c, 0),
    Ge(n.c_min, 0),
)

#: equations that define the symbols of this package
DEFINITIONS = (
    Eq(E2, mean(LEARNED**2 * UNLEARNED)),
    Eq(ddM, (stable.dM.rhs.diff(n.t))),  # replaced below
    # everything is looked at where the resolvent's argument is the effective noise
    Eq(n.z, n.sigma),
    # in every regime: the equation of the effective ridge defines the share of the explicit ridge
    Eq(n.ridge_share, n.effective_ridge * n.M - (1 - n.tau)),
)
