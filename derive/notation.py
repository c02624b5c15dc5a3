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
task_eigenvalue = _symbol(
    "task_eigenvalue", r"\hat{@c}", "an eigenvalue of the tasks' empirical covariance $R_k$", nonnegative=True
)
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
    "effective_ridge",
    r"\tilde\lambda",
    "effective ridge: the explicit one, renormalised by finitely many contexts",
    nonnegative=True,
)
sigma = _symbol("sigma", r"\sigma", r"total effective noise, $@s + @effective_ridge$", positive=True)
q = _symbol("q", "q", "residual variance: variance of the trained layer per unit of signal", positive=True)
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
D = _symbol("D", r"\mathcal{D}", r"degrees of freedom $\mathrm{df}_1$ over $@d$, mean of $@learned$", positive=True)
learned = _symbol(
    "learned",
    r"\theta",
    "shrinkage factor along an eigenvector, $@c/(@c+@t)$: the share that is learned",
    nonnegative=True,
)
unlearned = _symbol(
    "unlearned",
    r"\bar{\theta}",
    "$1-@learned = @t/(@c+@t)$: the share along an eigenvector that is not learned",
    positive=True,
)
U = _symbol("U", r"\mathcal{U}", r"$1-@D$, mean of $@unlearned$", positive=True)
E = _symbol("E", r"\mathcal{E}", r"$-@t\,\mathrm{d}@D/\mathrm{d}@t$", positive=True)
D2 = _symbol(
    "D2", r"\mathcal{D}_2", r"degrees of freedom $\mathrm{df}_2$ over $@d$, mean of $@learned^2$", positive=True
)
U2 = _symbol("U2", r"\mathcal{U}_2", "mean of $@unlearned^2$", positive=True)
V = _symbol("V", r"\mathcal{V}", r"$@U$ over the non-zero eigenvalues alone", nonnegative=True)
E_learned = _symbol("E_learned", r"\mathcal{E}_{@learned}", "mean of $@learned^2 @unlearned$", positive=True)
E_unlearned = _symbol("E_unlearned", r"\mathcal{E}_{@unlearned}", "mean of $@learned @unlearned^2$", positive=True)
T0 = _symbol("T0", r"\mathcal{T}_0", "cubic moment of the spectrum, a mean over $(@c+@t)^{-3}$", positive=True)
T1 = _symbol("T1", r"\mathcal{T}_1", "cubic moment with a factor $@c$", positive=True)
T2 = _symbol("T2", r"\mathcal{T}_2", "cubic moment with a factor $@c^2$", positive=True)
T3 = _symbol("T3", r"\mathcal{T}_3", "cubic moment with a factor $@c^3$", positive=True)
gap_kappa = _symbol("gap_kappa", r"\delta_{@kappa}", r"$@kappa - @D = @kappa @a$", positive=True)
gap_tau = _symbol("gap_tau", r"\delta_{@tau}", r"$@tau - @D$", positive=True)
g = _symbol("g", "g", "scalar function whose root is $@t$")
dg = _symbol("dg", "@g'", r"$\mathrm{d}@g/\mathrm{d}@t$")
d2g = _symbol("d2g", "@g''", r"$\mathrm{d}^2@g/\mathrm{d}@t^2$")
bend = _symbol("bend", r"\beta_{@g}", r"half of Kantorovich's $h$ for Newton's step: $@g\,@d2g/(2\,@{dg}^2)$")
step = _symbol("step", r"\delta_{@t}", "step from $@t$ towards the root")
D_next = _symbol("D_next", "@D^{+}", r"$@D$ at $@t - @step$", positive=True)
U_next = _symbol("U_next", "@U^{+}", r"$@U$ at $@t - @step$", positive=True)
E_next = _symbol("E_next", "@E^{+}", r"$@E$ at $@t - @step$", positive=True)
D2_next = _symbol("D2_next", "@D2^{+}", r"$@D2$ at $@t - @step$", positive=True)
U2_next = _symbol("U2_next", "@U2^{+}", r"$@U2$ at $@t - @step$", positive=True)
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
slack = _symbol(
    "slack",
    r"\mathcal{S}",
    "denominator of $@q$: residual degrees of freedom of the contexts, over $@d^2$",
    positive=True,
)
ridge_share = _symbol(
    "ridge_share",
    "p",
    r"$@tau@ridge/@effective_ridge$, or its limit $@tau - 1$ when $@ridge \to 0$, $@tau > 1$",
    nonnegative=True,
)

# --- tasks of pretraining, fresh tasks, rotated tasks -------------------------------------------------
dphi = _symbol("dphi", "@phi'", r"$\mathrm{d}@phi/\mathrm{d}@z$", negative=True)
phi_TM = _symbol(
    "phi_TM", r"@{phi}_{\mathrm{TM}}", "$@phi$ with a task that is among those of pretraining", positive=True
)
dphi_TM = _symbol("dphi_TM", r"@{phi}'_{\mathrm{TM}}", r"$\mathrm{d}@phi_TM/\mathrm{d}@z$", negative=True)
misalign_TM = _symbol("misalign_TM", r"m_{\mathrm{TM}}", "misalignment part of $@e_TM$", positive=True)
misalign_IDG = _symbol("misalign_IDG", r"m_{\mathrm{IDG}}", "misalignment part of $@e_IDG$", positive=True)
misalign_ODG = _symbol("misalign_ODG", r"m_{\mathrm{ODG}}", "misalignment part of $@e_ODG$", positive=True)
e_TM = _symbol("e_TM", r"e_{\mathrm{TM}}", "error on the tasks of pretraining (task memorisation)", positive=True)
e_IDG = _symbol("e_IDG", r"e_{\mathrm{IDG}}", "error on fresh tasks of the covariance $@C_train$", nonnegative=True)
e_ODG = _symbol("e_ODG", r"e_{\mathrm{ODG}}", "error on tasks of a rotated copy of $@C_train$", nonnegative=True)
A_TM = _symbol("A_TM", r"@{A}_{\mathrm{TM}}", "$@A$ for the tasks of pretraining", positive=True)
B_TM = _symbol("B_TM", r"@{B}_{\mathrm{TM}}", "$@B$ for the tasks of pretraining", positive=True)

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

# --- tasks of low rank, in the conventions of Takanami et al. -------------------------------------------
task_ridge = _symbol("task_ridge", r"@{ridge}_B", r"penalty per task, $@task_ridge k \|\Gamma\|^2$", nonnegative=True)
noise_std = _symbol(
    "noise_std", r"@{sigma}_{\mathrm{noise}}", r"standard deviation of the label noise", nonnegative=True
)
dV = _symbol("dV", "@V'", r"$\mathrm{d}@V/\mathrm{d}@sigma$", positive=True)
order_m = _symbol("order_m", "m", "order parameter: overlap with a task of pretraining (TM)", positive=True)
order_Q = _symbol("order_Q", "Q", "order parameter: mean square of the answer to it", positive=True)
order_m0 = _symbol("order_m0", "m_0", "order parameter: overlap with a fresh task of the subspace (IDG)", positive=True)
order_Q0 = _symbol("order_Q0", "Q_0", "order parameter: mean square of the answer to it", positive=True)
order_m_bar = _symbol(
    "order_m_bar", r"\bar{m}", "order parameter: overlap with a task of another subspace (ODG)", positive=True
)

# --- phases of long contexts -----------------------------------------------------------------------------
fewest = _symbol("fewest", r"m_\ast", r"$\min(@kappa, @tau)$", positive=True)
t_lower = _symbol("t_lower", r"@{t}_{\mathrm{low}}", "lower bound of the root", positive=True)
tasks_rank = _symbol("tasks_rank", r"r_\ast", r"rank of $R_k$ over $@d$, $\min(@kappa, @rank_fraction)$", positive=True)
ridge_ratio = _symbol("ridge_ratio", r"\nu", "$@ridge/@s$, held fixed while both vanish", nonnegative=True)
eta = _symbol("eta", r"\eta", "$@effective_ridge/@sigma$, share of the effective ridge", nonnegative=True)
variance_gain = _symbol("variance_gain", r"\mathcal{G}", "amplification of the bias by the variance", positive=True)
edge_scale = _symbol("edge_scale", r"v_0", r"$@V/@{t}^{@edge_exponent}$ as $@t \to 0$", positive=True)
edge_exponent = _symbol(
    "edge_exponent", r"\omega", "exponent of the distribution of eigenvalues at zero", positive=True
)
offset = _symbol("offset", "x", "distance of $@kappa$ from its threshold, in units of the width of the window")
noise_share = _symbol(
    "noise_share", r"\mu_\ast", r"share left unlearned at $@s$, with $@kappa/\min(@tau, 1)$ tasks", positive=True
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

# --- law of the predictions -----------------------------------------------------------------------------
y = _symbol("y", "y", "label of the query")
yhat = _symbol("yhat", r"\hat{y}", "its prediction")
overlap = _symbol("overlap", "G", "overlap of the test tasks with the resolvent", positive=True)
d_overlap = _symbol("d_overlap", "@overlap'", r"$\mathrm{d}@overlap/\mathrm{d}@sigma$ at fixed tasks", negative=True)
var_y = _symbol("var_y", r"\Sigma_{yy}", "variance of the label", positive=True)
cov = _symbol("cov", r"\Sigma_{y\hat{y}}", "covariance of label and prediction", positive=True)
var_yhat = _symbol("var_yhat", r"\Sigma_{\hat{y}\hat{y}}", "variance of the prediction", positive=True)
Q = _symbol(
    "Q", "Q", r"$\mathrm{tr}\,\mathbb{E}[@C_test \Gamma^\top\Gamma]$, or the same for other tasks", positive=True
)
slope_given_label = _symbol("slope_given_label", r"\beta_{y}", r"mean of $@yhat$ given $@y = 1$", positive=True)
slope_given_clean = _symbol(
    "slope_given_clean", r"\beta_{0}", r"mean of $@yhat$ given the clean label $\langle x, w\rangle = 1$", positive=True
)
var_given_label = _symbol("var_given_label", r"\Sigma_{\hat{y}|y}", "variance of $@yhat$ given $@y$", positive=True)
var_given_clean = _symbol(
    "var_given_clean", r"\Sigma_{\hat{y}|0}", r"variance of $@yhat$ given the clean label", positive=True
)
var_given_query = _symbol(
    "var_given_query", r"\Sigma_{\hat{y}|x}", r"variance of $@yhat$ given the query and the task", positive=True
)
mahalanobis = _symbol("mahalanobis", r"\chi^{2}", "squared Mahalanobis distance of a pair", nonnegative=True)
density = _symbol("density", "p(@y, @yhat)", r"density of $(@y, @yhat)$", positive=True)

# --- error budget -----------------------------------------------------------------------------------------
leverage = _symbol(
    "leverage", r"\zeta", "leverage of a task on its own resolvent; zero for fresh tasks", nonnegative=True
)
novelty = _symbol("novelty", r"\bar{@leverage}", "$1 - @leverage$", positive=True)
mean_map = _symbol("mean_map", r"\psi", "mean of the trained layer along an eigenvector, on the tasks", positive=True)
recovered = _symbol("recovered", "Q_{@mean_map}", "size of the mean prediction", positive=True)
bias = _symbol("bias", r"V_{\mathrm{bias}}", "squared bias of the mean prediction", nonnegative=True)
V_task = _symbol("V_task", r"V_{\mathrm{task}}", "variance from finitely many tasks", nonnegative=True)
V_train = _symbol("V_train", r"V_{\mathrm{train}}", "variance from finitely many contexts", nonnegative=True)
V_int = _symbol(
    "V_int", r"V_{\mathrm{int}}", "variance from both finitely many contexts and a finite one", nonnegative=True
)
V_ctx = _symbol("V_ctx", r"V_{\mathrm{ctx}}", "variance from a finite context at test", nonnegative=True)
V_spread = _symbol("V_spread", r"V_{\mathrm{spread}}", "variance of $@mean_map$ over the test tasks", nonnegative=True)
reference = _symbol("reference", r"@{c}_{\mathrm{ref}}", "reference eigenvalue, any", nonnegative=True)
departure = _symbol("departure", r"\delta", "deviation of $@mean_map$ from its value at $@reference$")
mean_departure = _symbol("mean_departure", r"\bar{@{departure}}", "its mean over the test tasks")
spread = _symbol("spread", "v_{@mean_map}", "its squared deviation from the mean", nonnegative=True)

# --- implicit regularisation ------------------------------------------------------------------------------
layer = _symbol("layer", r"\bar\Gamma", "mean of the trained layer along an eigenvector", nonnegative=True)
layer_variance = _symbol(
    "layer_variance", r"\Sigma_{\Gamma}", "$@d$ times the variance of an entry along an eigenvector", positive=True
)
implicit_ridge = _symbol(
    "implicit_ridge", r"\lambda_{\mathrm{tot}}", "total ridge against $@C_train$; equal to $@t$", positive=True
)
ridge_samples = _symbol(
    "ridge_samples", r"\lambda_{\mathrm{samples}}", "ridge added by finitely many contexts", nonnegative=True
)
tasks_factor = _symbol(
    "tasks_factor", r"f_{\mathrm{tasks}}", "factor of the ridge from finitely many tasks", positive=True
)
ridge_tasks = _symbol(
    "ridge_tasks", r"\lambda_{\mathrm{tasks}}", "ridge added by finitely many tasks", nonnegative=True
)

#: other names that the literature and users give to symbols -> the symbols
ALIASES: dict[str, tuple[str, ...]] = {
    "lambda": ("ridge",),
    "lambda_tilde": ("effective_ridge",),
    "lambda_eff": ("effective_ridge", "implicit_ridge"),
    "C": ("C_train", "C_test"),
    "Sigma": ("C_train", "C_test"),
    "eigenvalue": ("c", "eigenvalues"),
    "gamma": ("test",),
    "w": ("weights",),
    "r": ("rank_fraction",),
    "noise": ("rho", "rho_test", "s", "sigma"),
    "l": ("alpha", "alpha_test"),
    "n": ("tau",),
    "k": ("kappa",),
    "df1": ("D",),
    "df2": ("D2",),
    "degrees_of_freedom": ("D", "D2"),
    "shrinkage": ("learned", "unlearned"),
    "theta": ("learned", "unlearned"),
    "residual_variance": ("q",),
    "Gamma": ("layer", "layer_variance"),
    "Delta": ("den",),
    "delta": ("gap_kappa", "gap_tau"),
    "nu": ("ridge_ratio",),
    "zeta": ("leverage",),
    "psi": ("mean_map",),
    "omega": ("edge_exponent",),
    "e": ("e_icl", "e_TM", "e_IDG", "e_ODG", "e_train"),
    "error": ("e_icl", "e_scalar", "e_misalign", "e_TM", "e_IDG", "e_ODG", "e_train"),
    "IDG": ("e_IDG", "misalign_IDG"),
    "ODG": ("e_ODG", "misalign_ODG"),
    "TM": ("e_TM", "misalign_TM"),
}
