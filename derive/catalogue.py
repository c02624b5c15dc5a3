r"""All equations by name, and the sections of the document that hold them.

In the introductions `@name` stands for a symbol and `[[name]]` for a reference to the equation of that name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import chain
from types import MappingProxyType

from .equation import Equation


@dataclass(frozen=True)
class Section:
    """A section of the document.

    Attributes:
        name: how it is chosen, and `section` of its equations.
        title: its heading.
        introduction: LaTeX text before its equations.
        before: LaTeX text before some of the equations, by their names.
    """

    name: str
    title: str
    introduction: str
    before: Mapping[str, str] = field(default_factory=dict)


_SECTIONS = (
    Section(
        "resolvent",
        "The task resolvent",
        "Pretraining sees the tasks only through their empirical covariance $R_k$, and all averages over the tasks"
        r" reduce to its resolvent. For large $@d$ it has the deterministic equivalent $(R_k + @z)^{-1} \simeq"
        " @F(@z) = (@a @C_train + @z)^{-1}$: finitely many tasks shrink the population covariance by the"
        " memorisation factor $@a$, which solves a scalar fixed-point equation. It tends to one for many tasks;"
        " where it is small, the model knows little beyond the span of its training tasks.",
        {
            "phi": (
                "Instead of the trace, the trace against $@C_train$ can serve as the unknown. The two are tied by"
                " $1 - @z @M = @a @phi$."
            ),
            "dM": (
                "Derivatives in $@z$ follow from the fixed-point equation [[fixed_point_M]] by implicit"
                " differentiation; nothing is differenced numerically."
            ),
        },
    ),
    Section(
        "ridge",
        "The effective ridge",
        "Three kinds of finite data act as a ridge. A finite context leaves the noise $@s$ in its summary;"
        r" finitely many contexts renormalise the explicit ridge $@ridge$ to $@effective_ridge \ge @ridge$, which"
        " stays positive without any explicit ridge once there are fewer contexts than $@d^2$; and finitely many"
        " tasks enter through $@M$. The left-hand side of [[effective_ridge_fixed_point]] increases strictly in"
        " $@effective_ridge$, so the solution is unique.",
    ),
    Section(
        "alignment",
        "The error and the alignment matrix",
        "Given the tasks, the trained layer has mean $R_k (R_k + @sigma)^{-1}$ and independent rows of covariance"
        " $(@q/@d)(R_k + @s)(R_k + @sigma)^{-2}$. Averaging over the tasks leaves an error in two parts: a scalar"
        " part that knows the covariances by their traces only, and a misalignment part, linear in $@C_test$, with"
        " a matrix that shares its eigenvectors with $@C_train$. Throughout this section $@F$, $@M$ and their"
        " derivatives are taken at $@sigma$.",
        {
            "e_scalar": (
                "The context length and the noise at test may differ from those of pretraining; they enter the"
                " scalar part alone."
            ),
        },
    ),
    Section(
        "scalar",
        "One scalar unknown",
        "Put $@t = @z/@a$, so that $@a @c + @z = @a(@c + @t)$. Every mean over the spectrum is then a combination"
        " of a few sums at $@t$: along an eigenvector of eigenvalue $@c$ a share $@c/(@c+@t)$ is learned, and the"
        " sums are moments of that share.",
        {
            "t": (
                "At the effective noise $@z = @sigma$ the fixed point becomes one equation for the number $@t$. In"
                " terms of the gaps, all quantities of the previous sections are explicit in it."
            ),
            "g_above": (
                "What is left is to satisfy the equation of the effective ridge. Each $@g$ below is convex and"
                " increasing at and beyond its root, for every spectrum, so that Newton's iteration from above"
                r" descends to it monotonically. At the root $@D < \min(@kappa, @tau, 1)$ without ridge."
            ),
            "alpha_of_t_above": (
                "Read the other way round, $@t$ is a parameter: for given $@t$ the context length follows in"
                " closed form, and whole curves of the theory are drawn without root finding."
            ),
            "t_upper_above": (
                "Putting all eigenvalues at their mean raises $@D$, by Jensen's inequality, and with it the root."
                " The resulting quadratics give the starting point of the iteration."
            ),
        },
    ),
    Section(
        "iteration",
        "The iteration",
        "A pass over the spectrum takes four cubic moments. Since the learned and the unlearned share add up to one,"
        " every spectral sum, and its slope in $@t$, is a combination of them with positive terms only. With the"
        " curvature $@{d2g}$, which follows from $@dg$ by differentiating once more, the step is Halley's.",
        {
            "D_next": (
                "Once the step is a small part of $@t$, the sums after it follow to first order from those before,"
                " and no further pass is needed."
            ),
        },
    ),
    Section(
        "stable",
        "Evaluation without cancellation",
        "The formulas above subtract nearly equal numbers when the noise is small or tasks or contexts are scarce."
        " The equivalent forms of this section consist of terms of one sign, so that they keep full relative"
        " accuracy; that they agree with the forms above is an exact identity in the spectral sums.",
        {
            "den": ("With the effective noise and the effective ridge at hand, all outputs follow from the five sums."),
        },
    ),
    Section(
        "ordering",
        "The order of the alignment matrix",
        "Alignment would be simple if $@K(@c)$ always fell with $@c$: the better an eigendirection is represented"
        r" in pretraining, the less it costs at test. This is a theorem for $@ridge \to 0$, $@tau > 1$, and false in"
        " general for $@tau < 1$. As a function of the eigenvalue $@K(@c) = (@A + @B @c)/(@a @c + @sigma)^2$ either"
        " falls, or rises to one peak and falls after it; which of the two is decided by the sign of a linear"
        " function. Since only the fixed point enters, the criterion is exact for every spectrum.",
    ),
    Section(
        "corollaries",
        "Consequences for the choice of tasks",
        "The misalignment error is linear in $@C_test$. For fixed spectra it is therefore extremal over all"
        " rotations when the two covariances commute, by the trace inequality of von Neumann; for fixed trace it is"
        " extremal at a spike. Since $@K(@c)$ has at most one peak its least value is at an end of the spectrum:"
        " the best spike is along the top or the bottom eigenvector of $@C_train$.",
    ),
    Section(
        "metrics",
        "Measures of alignment",
        "Four numbers that predict how well pretraining on $@C_train$ serves tests on $@C_test$; smaller is"
        " better. They use less and less of the theory: all of it, the resolvent alone, the population covariance"
        " alone, and nothing but the two matrices.",
    ),
    Section(
        "training_tasks",
        "Training tasks, fresh tasks, rotated tasks",
        "The tasks of pretraining are part of the resolvent that they meet. Leaving one of them out shows that each of"
        r" them sees $@a @phi$ where a fresh task of the same covariance sees $@phi = \mathrm{tr}[@C_train @F]$, and"
        " $@{a}^2 @dphi$ in place of the derivative; tasks from a freshly rotated copy of $@C_train$ see the trace"
        r" $@c_train @M$. A warning: IDG is the error on the tasks of pretraining in \cite{lu2024}, and the error on"
        r" fresh tasks of the same subspace in \cite{takanami2026}. Here TM is the former and IDG the latter; ODG is"
        " the error on rotated tasks. All is taken at $@sigma$.",
        {
            "e_TM": "The scalar part is the same for all three.",
            "A_TM": (
                "Without cancellation, the error on the tasks of pretraining is the mean that gives the error on fresh"
                " tasks, with other coefficients; all terms are positive."
            ),
        },
    ),
    Section(
        "prediction",
        "The law of the predictions",
        r"Given a test task, the label $@y$ of the query and its prediction $@yhat$ are functions of Gaussian inputs;"
        r" for large $@d$, over the context and the query, the pair is itself centred and jointly Gaussian, and three"
        " numbers are its whole law. The test tasks enter through their trace and their overlap with the resolvent"
        " alone. Whether they are fresh, freshly rotated or those of pretraining changes the overlap, not the law."
        " At finite $@d$ the excess kurtosis of $@yhat$ is of the order $1/@d$. Throughout, $@F$, $@M$ and $@phi$ are"
        " taken at $@sigma$.",
        {
            "var_y": "With the overlap and its derivative the law is the same for all of them.",
            "slope_given_label": (
                r"The clean label is $\langle x, w\rangle$, without noise; at test the noise of the label is"
                " independent of the prediction."
            ),
        },
    ),
    Section(
        "budget",
        "The error budget",
        r"Given the query $x$ and a fresh task $w$, the prediction has the mean $x^\top (1 - @sigma @F)\, w$ and a"
        " variance with four sources: finitely many tasks, finitely many contexts, a finite context at test, and the"
        " last two together. With the bias of the mean and the noise of the label they are the whole"
        " error.",
        {
            "leverage_fresh": (
                "A task of pretraining is part of the resolvent that it meets. Leaving it out shows that $@F$ acts on"
                " it as $@novelty @F$, with its leverage $@leverage = 1 - @novelty$. The forms below hold for fresh"
                " tasks and for those of pretraining, and none of them subtracts."
            ),
            "V_int": "Two of the variances are the same for all tasks.",
            "departure": (
                "Given the label instead of query and task, the spread of the mean over the tasks comes on top."
            ),
        },
    ),
    Section(
        "implicit_ridge",
        "Implicit regularisation",
        "On average the trained layer is itself a ridge regression: with the empirical covariance of the tasks and the"
        " ridge $@sigma$ where the tasks are given, with the population covariance and a larger ridge where they are"
        " not. Finite data make this ridge in three ways, also without an explicit one: finite contexts add $@s$,"
        " finitely many contexts add $@ridge_samples$, and finitely many tasks multiply the sum by $@tasks_factor$.",
        {
            "ridge_inflation": "The sources, one by one.",
        },
    ),
    Section(
        "closed_forms",
        "Closed forms",
        "For a spectrum with few distinct eigenvalues the fixed-point equation, cleared of its denominators, is a"
        " polynomial in $@M$ whose degree is the number of distinct non-zero eigenvalues plus one. With one of them"
        " it is a quadratic. The memorisation factor increases with $@M$ and the quadratic that it solves has a"
        " negative product of roots; being positive, it is the larger one, and so is $@M$.",
        {
            "isotropic_mu": (
                "With few contexts and an isotropic spectrum the effective ridge becomes explicit: if $@mu$ is the"
                " trace at $@s$ with $@kappa/@tau$ in place of $@kappa$, then $@tau @mu$ solves the quadratic at"
                " $@sigma$."
            ),
            "two_atom_polynomial": (
                "For tasks from a random subspace, of dimension $@rank_fraction @d$, the memorisation factor is"
                " the convenient unknown."
            ),
        },
    ),
    Section(
        "low_rank",
        "Tasks of low rank",
        "Tasks from a random subspace of dimension $@rank_fraction @d$, of unit variance, in the conventions of the"
        r" work that introduced them \cite{takanami2026}: eigenvalue $1/@rank_fraction$ with weight $@rank_fraction$,"
        r" and zero; $@c_train = 1$. IDG is there the error on fresh tasks of the subspace, ODG that on tasks of"
        r" another one, TM that on the tasks of pretraining, which the isotropic theory \cite{lu2024} calls IDG.",
        {
            "low_rank_V": "All traces are explicit in $@V$, what is left unlearned within the subspace.",
            "low_rank_learned": (
                "In terms of the fixed point the order parameters are sums of positive terms. $@order_Q$ and $@order_m$"
                " belong to TM, $@order_Q0$ and $@order_m0$ to IDG, $@Qbar$ and $@order_m_bar$ to ODG."
            ),
        },
    ),
    Section(
        "lu_isotropic",
        "The isotropic ridgeless errors",
        r"For $@C_train = I$ without ridge all is rational in one number $@noise_share$, the share left unlearned at"
        r" the noise $@s$; this is the theory of \cite{lu2024} for isotropic tasks. Its IDG is the error on the tasks"
        " of pretraining, here TM.",
    ),
    Section(
        "limits",
        "Limits",
        "In each limit $@t$ tends to a positive number, to zero or to infinity; the sums go to their values there,"
        " and leading terms never cancel, because all terms of the stable forms have one sign. Equations hold in"
        " the limit that stands in brackets; sums that appear in a result are taken at the limit of $@t$. With many"
        " tasks nothing is memorised, and $@t$ and $@sigma$ coincide.",
        {
            "many_contexts_effective_ridge": (
                "With many contexts, only the bias due to finite contexts and finitely many tasks remains."
            ),
            "long_contexts_few_tasks_above": (
                "Long contexts bring out a sharp transition. Without ridge and noise, whichever is fewest --"
                " tasks, contexts or dimensions of the tasks -- decides: if it is the dimensions, the error"
                " vanishes on the range of $@C_train$; otherwise a share $@t/(@c+@t)$ stays unlearned. Here"
                " $@sigma$ follows $@s$, which vanishes as $(@rho + @c_train)/@alpha$."
            ),
            "long_contexts_few_tasks_above_noise": (
                "With label noise, an error that stays bounded above the transition grows linearly in $@alpha$"
                " below it."
            ),
            "no_contexts_effective_ridge": (
                "In the opposite limit of vanishing numbers of contexts the effective ridge diverges."
            ),
        },
    ),
    Section(
        "long_context",
        "Phases of long contexts",
        "With long contexts, whichever is fewest decides: tasks, contexts, or dimensions of the tasks. The limit"
        r" depends on the order in which ridge and noise vanish, so both go together here, at a fixed ratio"
        r" $@ridge_ratio$: $@ridge_ratio \to 0$ is the ridge first, $@ridge_ratio \to \infty$ the noise first. Fresh"
        r" tasks are solved exactly if and only if $@rank_fraction < \min(@kappa, @tau)$: the error is not analytic at"
        r" $@kappa = @rank_fraction$, nor at $@tau = \min(@kappa, @rank_fraction)$. The order parameter is $@a$, which"
        r" tends to $1 - @rank_fraction/@kappa$ above the former threshold and to zero below it. All three errors are"
        r" for tests without noise and with $@alpha_test \to \infty$.",
        {
            "fewest": "Below the thresholds a share $@t/(@c+@t)$ stays unlearned; the scale $@t$ is the same for all.",
            "noise_few_tasks": "Label noise tells the phases apart by growth: bounded, or linear in $@alpha$.",
            "duality_tasks": "Tasks and contexts play the same part: each alone gives the same function.",
        },
    ),
    Section(
        "thresholds",
        "At the thresholds",
        "In the limit of long contexts without label noise, how the error on fresh tasks vanishes at a threshold"
        " depends on the small eigenvalues. A finite effective noise rounds the transition, and a ridge rounds the peak"
        " at $@tau = 1$.",
        {
            "threshold_window": "At finite effective noise the transition of two atoms is rounded within a window.",
            "peak_effective_ridge": r"The peak at $@tau = 1$ is rounded within a window of the width $\sqrt{@ridge}$.",
        },
    ),
)


@cache
def sections() -> Mapping[str, Section]:
    """The sections of the document by name, in order."""
    return MappingProxyType({section.name: section for section in _SECTIONS})


#: modules that hold equations, in the order of the document; those that take seconds to derive come late
_TOPICS = (
    *("resolvent", "ridge", "alignment", "spectral", "root", "iteration", "stable", "ordering", "corollaries"),
    *("metrics", "training_tasks", "prediction", "error_budget", "implicit_ridge", "closed_forms"),
    *("low_rank", "lu_isotropic", "limits", "long_context", "thresholds"),
)


@cache
def _topic(name: str) -> Mapping[str, Equation]:
    return {equation.name: equation for equation in import_module(f".{name}", __package__).EQUATIONS}


class Catalogue(Mapping[str, Equation]):
    """All equations by name. A topic is derived when the first of its equations is asked for."""

    def __getitem__(self, name: str) -> Equation:
        for topic in _TOPICS:
            if name in _topic(topic):
                return _topic(topic)[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(_topic(topic) for topic in _TOPICS)

    def __len__(self) -> int:
        return sum(len(_topic(topic)) for topic in _TOPICS)

    def __repr__(self) -> str:
        return f"<{len(self)} equations>"


@cache
def catalogue() -> Mapping[str, Equation]:
    """Every equation by name. Read-only; to go through all of it takes some seconds the first time.

    Examples:
        >>> print(catalogue()["sigma"])
        sigma: Eq(sigma, effective_ridge + s)   (LZLP; THEORY 0)
    """
    return Catalogue()
