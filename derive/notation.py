r"""Every symbol once: its assumptions, its meaning and its LaTeX.

In LaTeX text, here and in the conditions, remarks and introductions of the document, `@name` (or `@{name}`
where a letter, digit or underscore follows) stands for the LaTeX of the symbol of that name, so that a symbol
can be renamed everywhere at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Function, IndexedBase, MatrixSymbol, Symbol

#: name -> entry, in the order of the notation table
TABLE: dict[str, Notation] = {}


@dataclass(frozen=True)
class Notation:
    """One line of the notation table.

    Attributes:
        name: the name used in code, in files and on the command line.
        latex: how the papers write it; may name other symbols as `@name`.
        meaning: what it is, in words; LaTeX text, with `@name` for symbols.
    """

    name: str
    latex: str
    meaning: str


def _note(name: str, latex: str, meaning: str) -> None:
    TABLE[name] = Notation(name, latex, meaning)


def _symbol(name: str, latex: str, meaning: str, **assumptions: bool) -> Symbol:
    _note(name, latex, meaning)
    return Symbol(name, real=True, **assumptions)


# --- data: what is chosen -------------------------------------------------------------------------
_note("d", "d", r"dimension of the inputs and of the tasks; $\mathrm{tr}$ is $1/@d$ times the trace")
d = Symbol("d", integer=True, positive=True)
_note("C_train", r"C_{\mathrm{train}}", "covariance of the pretraining tasks")
_note("C_test", r"C_{\mathrm{test}}", "covariance of the test tasks")
C_train, C_test = MatrixSymbol("C_train", d, d), MatrixSymbol("C_test", d, d)
alpha = _symbol("alpha", r"\alpha", r"context length per dimension, $\ell/@d$", positive=True)
tau = _symbol("tau", r"\tau", "pretraining contexts per squared dimension, $n/@d^2$", positive=True)
kappa = _symbol("kappa", r"\kappa", "pretraining tasks per dimension, $k/@d$", positive=True)
rho = _symbol("rho", r"\rho", "variance of the label noise in pretraining", nonnegative=True)
ridge = _symbol("ridge", r"\lambda", r"explicit ridge, penalty $(n/@d)\,@ridge\,\|\Gamma\|^2$", nonnegative=True)
alpha_test = _symbol("alpha_test", r"@{alpha}_{\mathrm{test}}", "context length per dimension at test", positive=True)
rho_test = _symbol("rho_test", r"@{rho}_{\mathrm{test}}", "variance of the label noise at test", nonnegative=True)
c_train = _symbol("c_train", r"@{c}_{\mathrm{train}}", r"$\mathrm{tr}[@C_train]$, mean eigenvalue", positive=True)
c_test = _symbol("c_test", r"@{c}_{\mathrm{test}}", r"$\mathrm{tr}[@C_test]$, mean eigenvalue", nonnegative=True)
rank_fraction = _symbol("rank_fraction", "r", "share of non-zero eigenvalues of $@C_train$", positive=True)

# --- indexed: one entry an eigenvalue -----------------------------------------------------------------
i = Symbol("i", integer=True, positive=True)
j = Symbol("j", integer=True, positive=True)
m = Symbol("m", integer=True, positive=True)
eigenvalues = IndexedBase("eigenvalues", shape=(m,), nonnegative=True, real=True)
weights = IndexedBase("weights", shape=(m,), positive=True, real=True)
test = IndexedBase("test", shape=(m,), nonnegative=True, real=True)
_note("eigenvalues", "@c", r"$@{eigenvalues}_i$, eigenvalues of $@C_train$")
_note("weights", "w", r"$@{weights}_i$, their weights, $\sum_i @{weights}_i = 1$")
_note("test", r"\gamma", r"$@{test}_i = v_i^\top @C_test v_i$, $@C_test$ along $@C_train$'s eigenvectors")

# --- resolvent --------------------------------------------------------------------------------------
c = _symbol("c", "c", r"an eigenvalue of $@C_train$", nonnegative=True)
z = _symbol("z", "z", "argument of the resolvent", positive=True)
a = _symbol("a", "a", r"memorisation factor, root of the fixed-point equation, $0 < @a \le 1$", positive=True)
b = _symbol("b", "b", r"its derivative, $\mathrm{d}@a/\mathrm{d}@z$", positive=True)
phi = _symbol("phi", r"\varphi", r"$\mathrm{tr}[@C_train @F]$", positive=True)
F = _symbol("F", r"F_{@kappa}", r"deterministic equivalent of the task resolvent $(R_k + @z)^{-1}$", positive=True)
dF = _symbol("dF", r"@F'", r"$\mathrm{d}@F/\mathrm{d}@z$", negative=True)
M = _symbol("M", r"\mathcal{M}_{@kappa}", r"$\mathrm{tr}[@F]$", positive=True)
dM = _symbol("dM", r"@M'", r"$\mathrm{d}@M/\mathrm{d}@z$", negative=True)

# --- effective ridge and errors ---------------------------------------------------------------------
s = _symbol("s", "s", "noise level of the context summary", positive=True)
effective_ridge = _symbol(
    "effective_ridge", r"\tilde\lambda", "ridge renormalised by finitely many contexts", nonnegative=True
)
sigma = _symbol("sigma", r"\sigma", r"total effective noise, $@s + @effective_ridge$", positive=True)
q = _symbol("q", "q", "variance of the trained layer per unit of signal", positive=True)
K = _symbol(
    "K",
    r"\mathcal{K}",
    r"eigenvalue of the alignment matrix, as a function of that of $@C_train$",
    positive=True,
)
K_of = Function("K", nonnegative=True, real=True)
Qbar = _symbol("Qbar", r"\bar{Q}", r"$\mathrm{tr}\,\mathbb{E}[\Gamma^\top\Gamma]$", positive=True)
e_scalar = _symbol("e_scalar", r"e_{\mathrm{scalar}}", "part of the error that sees only the traces", positive=True)
e_misalign = _symbol(
    "e_misalign", r"e_{\mathrm{misalign}}", "part of the error that sees the alignment", nonnegative=True
)
e_icl = _symbol("e_icl", r"e_{\mathrm{ICL}}", "error of in-context learning", positive=True)
e_train = _symbol(
    "e_train", r"e_{\mathrm{train}}", "mean squared error over the pretraining contexts", nonnegative=True
)

# --- one scalar unknown -----------------------------------------------------------------------------
t = _symbol("t", "t", "$@z/@a$, the one scalar unknown", positive=True)
D = _symbol("D", r"\mathcal{D}", "effective dimensions over $@d$", positive=True)
learned = _symbol("learned", r"\theta", "learned share along an eigenvector, $@c/(@c+@t)$", nonnegative=True)
unlearned = _symbol("unlearned", r"\bar{\theta}", "unlearned share along an eigenvector, $@t/(@c+@t)$", positive=True)
U = _symbol("U", r"\mathcal{U}", r"$1-@D$, dimensions left unlearned", positive=True)
E = _symbol("E", r"\mathcal{E}", r"$-@t\,\mathrm{d}@D/\mathrm{d}@t$", positive=True)
D2 = _symbol("D2", r"\mathcal{D}_2", "second moment of the learned share", positive=True)
U2 = _symbol("U2", r"\mathcal{U}_2", "second moment of the unlearned share", positive=True)
V = _symbol("V", r"\mathcal{V}", r"$@U$ over the non-zero eigenvalues alone", nonnegative=True)
gap_kappa = _symbol("gap_kappa", r"\delta_{@kappa}", r"$@kappa - @D = @kappa @a$", positive=True)
gap_tau = _symbol("gap_tau", r"\delta_{@tau}", r"$@tau - @D$", positive=True)
g = _symbol("g", "g", "scalar function whose root is $@t$")
dg = _symbol("dg", "@g'", r"$\mathrm{d}@g/\mathrm{d}@t$")
t_upper = _symbol(
    "t_upper",
    r"@{t}_{\mathrm{up}}",
    "upper bound of the root, where Newton's iteration starts",
    positive=True,
)
sigma_upper = _symbol("sigma_upper", r"@{sigma}_{\mathrm{up}}", r"upper bound of $@sigma$", positive=True)
h = _symbol("h", "h", "balance of the noise, zero at the root")
dh = _symbol("dh", "@h'", r"$\mathrm{d}@h/\mathrm{d}@effective_ridge$", positive=True)
larger_share = _symbol(
    "larger_share", "H", r"larger of $@effective_ridge@M$ and $@tau@ridge/@effective_ridge$", positive=True
)
a_less = _symbol("a_less", r"a_{-}", r"$@a - @effective_ridge @b$", positive=True)
den = _symbol("den", r"\Delta", r"$@kappa @a + @E$", positive=True)
A2 = _symbol("A2", "A_2", r"$@M + @sigma @dM$", positive=True)
R2 = _symbol("R2", "R_2", r"$1 - 2@sigma@M - @sigma^2@dM$", positive=True)
N = _symbol("N", r"\mathcal{N}", "numerator of $@q$", positive=True)
slack = _symbol("slack", r"\mathcal{S}", "denominator of $@q$: contexts left after the fit", positive=True)
ridge_share = _symbol(
    "ridge_share",
    "p",
    r"$@tau@ridge/@effective_ridge$, or its limit $@tau - 1$ when $@ridge \to 0$, $@tau > 1$",
    nonnegative=True,
)

# --- ordering of K ----------------------------------------------------------------------------------
c1 = _symbol("c1", "@{c}_1", "the smaller of two eigenvalues", nonnegative=True)
c2 = _symbol("c2", "@{c}_2", "the larger of two eigenvalues", nonnegative=True)
A = _symbol("A", "A", r"$@q @s + @sigma^2$", positive=True)
B = _symbol("B", "B", r"$@q(@a - @effective_ridge @b) + @sigma^2 @b$", positive=True)
beta = _symbol("beta", r"\beta", r"$@sigma @b / @a$, between 0 and 1", positive=True)
P = _symbol("P", "P", r"ordering polynomial, of the sign of $\mathrm{d}@K/\mathrm{d}@c$")
P0 = _symbol("P0", "@P(0)", "ordering polynomial at zero")
pair = _symbol("pair", r"\varpi", r"sign of $@K(@c1) - @K(@c2)$")
peak = _symbol("peak", r"@{c}^\ast", r"eigenvalue at which $@K$ is largest")
tau_order = _symbol("tau_order", r"@{tau}_{\mathrm{order}}", "above it, $@K$ is ordered for every spectrum")

# --- corollaries --------------------------------------------------------------------------------------
c_min = _symbol("c_min", r"@{c}_{\min}", "smallest eigenvalue of $@C_train$", nonnegative=True)
c_max = _symbol("c_max", r"@{c}_{\max}", "largest eigenvalue of $@C_train$", positive=True)
K_sorted = IndexedBase("K_sorted", shape=(d,), nonnegative=True, real=True)
test_sorted = IndexedBase("test_sorted", shape=(d,), nonnegative=True, real=True)
_note("K_sorted", r"@K^\uparrow", r"$@{K_sorted}_j$, all $@d$ eigenvalues of the alignment matrix, increasing")
_note("test_sorted", r"@test^\uparrow", r"$@{test_sorted}_j$, all $@d$ eigenvalues of $@C_test$, increasing")

# --- closed forms and limits ----------------------------------------------------------------------------
mu = _symbol("mu", r"\mu", r"$@M$ at $@s$, with $@kappa/@tau$ tasks per dimension", positive=True)
mean_inverse = _symbol(
    "mean_inverse",
    r"\langle 1/@c \rangle",
    r"$\sum_i @{weights}_i/@{eigenvalues}_i$ over the non-zero eigenvalues",
    positive=True,
)

# --- metrics ------------------------------------------------------------------------------------------
metric_misalignment = _symbol(
    "metric_misalignment", r"\langle @C_test @K \rangle", "misalignment metric", nonnegative=True
)
metric_resolvent = _symbol("metric_resolvent", r"\langle @C_test @F \rangle", "resolvent metric", nonnegative=True)
metric_population = _symbol(
    "metric_population", r"\langle @C_test @{C_train}^{-1} \rangle", "population metric", nonnegative=True
)
inverse_cka = _symbol("inverse_cka", r"\mathrm{CKA}^{-1}", "inverse centred kernel alignment", positive=True)
_note("centering", r"\Pi", "projector that centres rows and columns")
centering = MatrixSymbol("centering", d, d)
