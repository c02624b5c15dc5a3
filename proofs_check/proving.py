"""All proofs together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from . import (
    convergence_proof,
    corollaries_proof,
    counterexample_proof,
    foundation_proof,
    newton_proof,
    ordering_proof,
    positivity_proof,
    tau_order_proof,
    upper_bound_proof,
)
from .check import check_all
from .step import ProofStep


@dataclass(frozen=True)
class Claim:
    """What a group of steps proves.

    Attributes:
        title: the claim in a few words; LaTeX text with `@name` for symbols.
        introduction: what it says and how it is proved; likewise.
    """

    title: str
    introduction: str


#: key -> claim, in the order of the proofs
CLAIMS = {
    "given": Claim(
        "What is given",
        "The proofs start from these equations of the theory, and from the signs of what is chosen. The fixed-point"
        r" equations are looked at for $@a > 0$ and $@effective_ridge \ge 0$; everything else is derived.",
    ),
    "signs": Claim(
        "Signs of the sums, and of what is left over",
        "Throughout, $@t = @sigma/@a$, and resolvents are taken at $@sigma$. The share of the explicit ridge is"
        " $@ridge_share = @effective_ridge @M - (1 - @tau)$ in every regime.",
    ),
    "positivity": Claim(
        "Forms without cancellation",
        "Each form equals the one of the papers, and each of its terms has one sign.",
    ),
    "A3.1": Claim(
        "At most one peak",
        r"$@K(@c)$ falls for all $@c \ge 0$ if $@P0 \le 0$; otherwise it rises up to $@peak$ and falls after it.",
    ),
    "A3.2": Claim(
        "The ordering theorem for many contexts",
        "Without a ridge and for $@tau > 1$ the eigenvalues of the alignment matrix run against those of $@C_train$,"
        " for every spectrum.",
    ),
    "A3.3": Claim(
        "How many contexts suffice",
        r"The same holds whenever $@effective_ridge \le @s$. This is a condition on $@tau$, in closed form.",
    ),
    "A3.4": Claim(
        "The two smallest eigenvalues decide",
        "The ordering holds for a spectrum exactly when it holds for its two smallest distinct eigenvalues.",
    ),
    "A3.5": Claim(
        "The best spike is at the top or at the bottom",
        "$@K$ is least at an end of the spectrum, and so is the error of a spike.",
    ),
    "A3.6": Claim(
        "The ordering fails in general for few contexts",
        "For rational $@t$ the parametrisation of the solution by $@t$ is rational, so that no rounding enters.",
    ),
    "A4": Claim(
        "Rotations",
        "Over all rotations of $@C_test$ the error lies between the pairings of its sorted eigenvalues with those of"
        " the alignment matrix. The proof is one of linear programming: potentials $u$ and $v$ bound every product,"
        " and the slack of this bound vanishes on the diagonal.",
    ),
    "newton": Claim(
        "Newton's iteration needs no damping",
        "Each scalar equation is convex and increasing where its root lies. All inequalities between sums are means of"
        r" squares, with $@{E}_2 = \sum_i @{weights}_i @{learned}_i^2 @{unlearned}_i$.",
    ),
    "bounds": Claim(
        "The iteration starts above the root",
        "The bound is the larger zero of a quadratic, which one atom in place of the spectrum leaves.",
    ),
}


def steps() -> list[ProofStep]:
    """Every step with its evidence, in order, not checked."""
    return [
        *foundation_proof.steps(),
        *positivity_proof.steps(),
        *ordering_proof.steps(),
        *tau_order_proof.steps(),
        *ordering_proof.neighbours(),
        *corollaries_proof.spikes(),
        *counterexample_proof.steps(),
        *corollaries_proof.rotations(),
        *newton_proof.steps(),
        *convergence_proof.steps(),
        *upper_bound_proof.steps(),
    ]


@cache
def _checked() -> tuple[ProofStep, ...]:
    return tuple(check_all(steps()))


def prove() -> list[ProofStep]:
    """Every claim on the ordering, on spikes and rotations, and on the solver, as a chain of checked steps.

    Each step is checked exactly by SymPy: identities reduce to zero, signs are those of sums of terms whose signs
    are known, implications are what a rule of inference makes of earlier steps. No numbers are put in, except in
    the counterexamples, which are rational. The first call takes some seconds.

    Returns:
        The steps, each with its `status`: `proved`, `cited` (an equation of the theory from which the proofs
        start), `open` or `failed`.

    Examples:
        >>> {step.status for step in prove()} <= {"proved", "cited"}
        True
    """
    return list(_checked())
