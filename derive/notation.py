"""Every symbol once: its assumptions, its meaning and its LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Function, IndexedBase, Symbol

#: name -> entry, in the order of the notation table
TABLE: dict[str, Notation] = {}


@dataclass(frozen=True)
class Notation:
    """One line of the notation table.

    Attributes:
        name: the name used in code, in files and on the command line.
        latex: how the papers write it.
        meaning: what it is, in words (may hold inline LaTeX between dollar signs).
    """

    name: str
    latex: str
    meaning: str


def _symbol(name: str, latex: str, meaning: str, **assumptions: bool) -> Symbol:
    TABLE[name] = Notation(name, latex, meaning)
    return Symbol(name, real=True, **assumptions)


# --- data: what is chosen -------------------------------------------------------------------------
alpha = _symbol("alpha", r"\alpha", r"context length per dimension, $\ell/d$", positive=True)
tau = _symbol("tau", r"\tau", "pretraining contexts per squared dimension, $n/d^2$", positive=True)
kappa = _symbol("kappa", r"\kappa", "pretraining tasks per dimension, $k/d$", positive=True)
rho = _symbol("rho", r"\rho", "variance of the label noise in pretraining", nonnegative=True)
ridge = _symbol(
    "ridge", r"\lambda", r"explicit ridge, penalty $(n/d)\,\lambda\,\|\Gamma\|^2$", nonnegative=True
)
alpha_test = _symbol("alpha_test", r"\alpha_{\mathrm{test}}", "context length per dimension at test", positive=True)
rho_test = _symbol("rho_test", r"\rho_{\mathrm{test}}", "variance of the label noise at test", nonnegative=True)
c_train = _symbol("c_train", r"c_{\mathrm{train}}", r"$\mathrm{tr}[C_{\mathrm{train}}]$, mean eigenvalue", positive=True)
c_test = _symbol("c_test", r"c_{\mathrm{test}}", r"$\mathrm{tr}[C_{\mathrm{test}}]$, mean eigenvalue", nonnegative=True)
rank_fraction = _symbol("rank_fraction", "r", "share of non-zero eigenvalues of $C_{\\mathrm{train}}$", positive=True)

# --- resolvent --------------------------------------------------------------------------------------
c = _symbol("c", "c", r"an eigenvalue of $C_{\mathrm{train}}$", nonnegative=True)
z = _symbol("z", "z", "argument of the resolvent", positive=True)
a = _symbol("a", "a", r"memorisation factor, root of the fixed-point equation, $0 < a \le 1$", positive=True)
b = _symbol("b", "b", r"its derivative, $\mathrm{d}a/\mathrm{d}z$", positive=True)
phi = _symbol("phi", r"\varphi", r"$\mathrm{tr}[C_{\mathrm{train}} F_\kappa]$", positive=True)
F = _symbol("F", r"F_\kappa", r"deterministic equivalent of the task resolvent $(R_k + z)^{-1}$", positive=True)
dF = _symbol("dF", r"F_\kappa'", r"$\mathrm{d}F_\kappa/\mathrm{d}z$", negative=True)
M = _symbol("M", r"\mathcal{M}_\kappa", r"$\mathrm{tr}[F_\kappa]$", positive=True)
dM = _symbol("dM", r"\mathcal{M}_\kappa'", r"$\mathrm{d}\mathcal{M}_\kappa/\mathrm{d}z$", negative=True)

# --- effective ridge and errors ---------------------------------------------------------------------
s = _symbol("s", "s", "noise level of the context summary", positive=True)
effective_ridge = _symbol(
    "effective_ridge", r"\tilde\lambda", "ridge renormalised by finitely many contexts", nonnegative=True
)
sigma = _symbol("sigma", r"\sigma", r"total effective noise, $s + \tilde\lambda$", positive=True)
q = _symbol("q", "q", "variance of the trained layer per unit of signal", positive=True)
K = _symbol("K", r"\mathcal{K}", r"eigenvalue of the alignment matrix, as a function of that of $C_{\mathrm{train}}$", positive=True)
K_of = Function("K", nonnegative=True, real=True)
Qbar = _symbol("Qbar", r"\bar Q", r"$\mathrm{tr}\,\mathbb{E}[\Gamma^\top\Gamma]$", positive=True)
e_scalar = _symbol("e_scalar", r"e_{\mathrm{scalar}}", "part of the error that sees only the traces", positive=True)
e_misalign = _symbol("e_misalign", r"e_{\mathrm{misalign}}", "part of the error that sees the alignment", nonnegative=True)
e_icl = _symbol("e_icl", r"e_{\mathrm{ICL}}", "error of in-context learning", positive=True)
e_train = _symbol("e_train", r"e_{\mathrm{train}}", "mean squared error over the pretraining contexts", nonnegative=True)

# --- one scalar unknown -----------------------------------------------------------------------------
t = _symbol("t", "t", "$z/a$, the one scalar unknown", positive=True)
D = _symbol("D", r"\mathcal{D}", "effective dimensions over $d$", positive=True)
learned = _symbol("learned", "x", "learned share along an eigenvector, $c/(c+t)$", nonnegative=True)
unlearned = _symbol("unlearned", "u", "unlearned share along an eigenvector, $t/(c+t)$", positive=True)
U = _symbol("U", r"\mathcal{U}", r"$1-\mathcal{D}$, dimensions left unlearned", positive=True)
E = _symbol("E", r"\mathcal{E}", r"$-t\,\mathrm{d}\mathcal{D}/\mathrm{d}t$", positive=True)
D2 = _symbol("D2", r"\mathcal{D}_2", "second moment of the learned share", positive=True)
U2 = _symbol("U2", r"\mathcal{U}_2", "second moment of the unlearned share", positive=True)
V = _symbol("V", r"\mathcal{V}", r"$\mathcal{U}$ over the non-zero eigenvalues alone", nonnegative=True)
gap_kappa = _symbol("gap_kappa", r"\delta_\kappa", r"$\kappa - \mathcal{D} = \kappa a$", positive=True)
gap_tau = _symbol("gap_tau", r"\delta_\tau", r"$\tau - \mathcal{D}$", positive=True)
g = _symbol("g", "g", "scalar function whose root is $t$")
dg = _symbol("dg", "g'", r"$\mathrm{d}g/\mathrm{d}t$")
t_upper = _symbol("t_upper", r"t_{\mathrm{up}}", "upper bound of the root, where Newton's iteration starts", positive=True)
sigma_upper = _symbol("sigma_upper", r"\sigma_{\mathrm{up}}", r"upper bound of $\sigma$", positive=True)
h = _symbol("h", "h", "balance of the noise, zero at the root")
dh = _symbol("dh", "h'", r"$\mathrm{d}h/\mathrm{d}\tilde\lambda$", positive=True)
larger_share = _symbol(
    "larger_share", "H", r"larger of $\tilde\lambda\mathcal{M}_\kappa$ and $\tau\lambda/\tilde\lambda$", positive=True
)
a_less = _symbol("a_less", r"a_{-}", r"$a - \tilde\lambda b$", positive=True)
den = _symbol("den", r"\Delta", r"$\kappa a + \mathcal{E}$", positive=True)
A2 = _symbol("A2", "A_2", r"$\mathcal{M}_\kappa + \sigma \mathcal{M}_\kappa'$", positive=True)
R2 = _symbol("R2", "R_2", r"$1 - 2\sigma\mathcal{M}_\kappa - \sigma^2\mathcal{M}_\kappa'$", positive=True)
N = _symbol("N", r"\mathcal{N}", "numerator of $q$", positive=True)
slack = _symbol("slack", r"\mathcal{S}", "denominator of $q$: contexts left after the fit", positive=True)
ridge_share = _symbol("ridge_share", "p", r"$\tau\lambda/\tilde\lambda$, or its limit $\tau - 1$ when $\lambda \to 0$, $\tau > 1$", nonnegative=True)

# --- ordering of K ----------------------------------------------------------------------------------
c1 = _symbol("c1", "c_1", "the smaller of two eigenvalues", nonnegative=True)
c2 = _symbol("c2", "c_2", "the larger of two eigenvalues", nonnegative=True)
A = _symbol("A", "A", r"$q s + \sigma^2$", positive=True)
B = _symbol("B", "B", r"$q(a - \tilde\lambda b) + \sigma^2 b$", positive=True)
beta = _symbol("beta", r"\beta", r"$\sigma b / a$, between 0 and 1", positive=True)
P = _symbol("P", "P", r"ordering polynomial, of the sign of $\mathrm{d}\mathcal{K}/\mathrm{d}c$")
P0 = _symbol("P0", "P(0)", "ordering polynomial at zero")
pair = _symbol("pair", r"\varpi", r"sign of $\mathcal{K}(c_1) - \mathcal{K}(c_2)$")
peak = _symbol("peak", r"c^\ast", r"eigenvalue at which $\mathcal{K}$ is largest")
tau_order = _symbol("tau_order", r"\tau_{\mathrm{order}}", "above it, $\\mathcal{K}$ is ordered for every spectrum")

# --- indexed: one entry an eigenvalue -----------------------------------------------------------------
i = Symbol("i", integer=True, positive=True)
m = Symbol("m", integer=True, positive=True)
eigenvalues = IndexedBase("eigenvalues", shape=(m,), nonnegative=True, real=True)
weights = IndexedBase("weights", shape=(m,), positive=True, real=True)
test = IndexedBase("test", shape=(m,), nonnegative=True, real=True)
TABLE["eigenvalues"] = Notation("eigenvalues", "c", r"$c_i$, eigenvalues of $C_{\mathrm{train}}$")
TABLE["weights"] = Notation("weights", "w", r"$w_i$, their weights, $\sum_i w_i = 1$")
TABLE["test"] = Notation(
    "test", r"\gamma", r"$v_i^\top C_{\mathrm{test}} v_i$, $C_{\mathrm{test}}$ along $C_{\mathrm{train}}$'s eigenvectors"
)
