"""What the order of K means for the choice of tasks: spikes, and rotations of one covariance against the other."""

from __future__ import annotations

from sympy import Expr, KroneckerDelta

from ..derive import error, ordering
from ..derive import notation as n
from ..derive.spectral import mean
from .ordering_proof import PARTS, K_at, pair_at, values, weight
from .relations import eq, ge, gt, le, lt
from .step import ProofStep, identity, implication, sign
from .symbols import potential, row_potential

SPIKE, ROTATION = "A3.5", "A4"


# --- Corollary 4.2 ------------------------------------------------------------------------------------------
def _ends() -> list[ProofStep]:
    """K is least at an end of the spectrum."""
    bottom, top = n.c_min, n.c_max
    ahead = pair_at(bottom, n.c)
    known = values(n.c, bottom, top)
    down = (top - n.c) * weight(n.c, top)
    a_sq, ab_sq = n.A * n.a**2, n.B * n.a**2
    spike = n.c_test * KroneckerDelta(n.i, n.j) / n.weights[n.j]
    grow = (a_sq * (n.c - bottom), a_sq * (top - n.c), ab_sq * n.c * (top - n.c), ab_sq * n.c * (n.c - bottom))
    return [
        sign(
            "above_the_bottom",
            SPIKE,
            ge(K_at(n.c), K_at(bottom)),
            "If the bottom and $@c$ are not in order, the bottom is lower.",
            (n.c - bottom) * weight(bottom, n.c) * -ahead,
            assuming=(*known, ge(-ahead, 0)),
            using=known,
        ),
        sign(
            "above_the_top",
            SPIKE,
            ge(K_at(n.c), K_at(top)),
            "If they are in order, so are $@c$ and the top, and the top is lower.",
            down * ahead,
            *(down * x for x in grow),
            assuming=(*known, ge(ahead, 0)),
            using=known,
            premises=PARTS,
        ),
        implication(
            "least_at_an_end",
            SPIKE,
            ge(K_at(n.c), ordering.best_spike.statement.rhs / n.c_test),
            "One of the two cases holds.",
            "least_of_two",
            "above_the_bottom",
            "above_the_top",
            assuming=known,
        ),
        sign(
            "best_spike",
            SPIKE,
            ordering.best_spike.statement,
            "A mean is at least the least value. This is Corollary 4.2 in its exact form.",
            mean(n.test[n.i] * (K_at(n.c) - ordering.best_spike.statement.rhs / n.c_test)),
            assuming=known,
            using=(error.e_misalign.statement,),
            premises=("least_at_an_end",),
        ),
        identity(
            "spike_attains",
            SPIKE,
            eq(mean(spike * K_at(n.c)), ordering.spike.rhs.subs(n.c, n.eigenvalues[n.j])),
            "All of $@c_test$ along one eigenvector of weight $@{weights}_j$: a spike at the lower end attains the"
            " bound.",
        ),
    ]


def _top_or_bottom() -> list[ProofStep]:
    bottom, top = n.c_min, n.c_max
    known = values(bottom, top)
    order = ordering.top_is_best.statement.lhs
    gap = (top - bottom) * weight(bottom, top)
    return [
        sign(
            "top_is_best",
            SPIKE,
            ge(n.c_test * K_at(bottom), n.c_test * K_at(top)),
            "In this case the spike along the top eigenvector is the best, as Corollary 4.2 says.",
            n.c_test * gap * order,
            assuming=(*known, ge(order, 0), ge(top - bottom, 0)),
            using=known,
        ),
        sign(
            "top_is_not_best",
            SPIKE,
            lt(K_at(bottom), K_at(top)),
            "Otherwise the spike along the bottom eigenvector is better: Corollary 4.2 fails as stated exactly when"
            " $@K(@c_min) < @K(@c_max)$.",
            gap * -order,
            assuming=(*known, gt(-order, 0), gt(top - bottom, 0)),
            using=known,
        ),
    ]


def _worst() -> list[ProofStep]:
    at_zero = eq(n.P0, ordering.P.rhs.subs(n.c, 0))
    (highest, _), (start, _) = ordering.worst_spike.statement.rhs.args
    highest, start = highest / n.c_test, start / n.c_test
    excess_slope = n.P0 + n.a * n.A  # B sigma - A a
    distance = 1 / (n.a * n.c + n.sigma) - n.B / (2 * excess_slope)
    known = (*values(n.c), at_zero)
    scale = n.c * weight(0, n.c)
    falling = (-n.sigma * n.P0, n.A * n.a**2 * n.c)

    def bound(name: str, value: Expr, condition: object, premise: str) -> ProofStep:
        return sign(
            name,
            SPIKE,
            le(n.e_misalign, n.c_test * value),
            "A mean is at most the largest value.",
            mean(n.test[n.i] * (value - K_at(n.c))),
            assuming=(*known, condition),
            using=(error.e_misalign.statement,),
            premises=(premise,),
        )

    return [
        sign(
            "peak_is_highest",
            SPIKE,
            ge(highest, K_at(n.c)),
            "The difference is a square. Equality holds at the peak, so that the worst spike is near it.",
            excess_slope / n.a * distance**2,
            assuming=(*known, gt(n.P0, 0)),
            using=known,
            premises=PARTS[:1],
        ),
        sign(
            "zero_is_highest",
            SPIKE,
            ge(start, K_at(n.c)),
            "Without a peak $@K$ falls from zero on.",
            *(scale * x for x in falling),
            assuming=(*known, le(n.P0, 0)),
            using=known,
            premises=PARTS[:1],
        ),
        bound("worst_spike_at_the_peak", highest, gt(n.P0, 0), "peak_is_highest"),
        bound("worst_spike_at_zero", start, le(n.P0, 0), "zero_is_highest"),
        identity(
            "isotropic_indifference",
            SPIKE,
            eq(mean(n.test[n.i] * K_at(n.c_train)), ordering.isotropic.rhs),
            "With one eigenvalue only, $@K$ leaves the mean.",
        ),
    ]


# --- Corollary 4.1 ------------------------------------------------------------------------------------------
def _rotation(name: str, direction: int, position: Expr) -> list[ProofStep]:
    r"""Potentials $u_i + v_j$ on one side of all products, equal to them on the diagonal."""
    product = n.K_sorted[n.i] * n.test_sorted[position]
    change = n.test_sorted[position.subs(n.j, n.j + 1)] - n.test_sorted[position]
    diagonal = product.subs(n.j, n.i)
    rows = eq(row_potential[n.i], diagonal - potential[n.i])
    slack = direction * (row_potential[n.i] + potential[n.j] - product)
    recursion = eq(potential[n.j + 1], potential[n.j] + n.K_sorted[n.j] * change)
    above = n.K_sorted[n.i] - n.K_sorted[n.j]
    nearer = slack.subs(n.j, n.j + 1)
    sides = ordering.equal_pairing if direction > 0 else ordering.opposite_pairing
    words = "largest" if direction > 0 else "least"
    return [
        sign(
            f"slack_left_{name}",
            ROTATION,
            ge(slack - nearer, 0),
            "Left of the diagonal the slack falls towards it, or stays.",
            above * (direction * change),
            assuming=(recursion, ge(above, 0)),
            using=(recursion,),
        ),
        identity(
            f"slack_diagonal_{name}",
            ROTATION,
            eq(slack.subs(n.j, n.i), 0),
            "By the choice of $u$.",
            assuming=(rows,),
            using=(rows,),
        ),
        sign(
            f"slack_right_{name}",
            ROTATION,
            ge(nearer - slack, 0),
            "Right of the diagonal it rises, or stays.",
            -above * (direction * change),
            assuming=(recursion, ge(-above, 0)),
            using=(recursion,),
        ),
        implication(
            f"slack_{name}",
            ROTATION,
            ge(slack, 0),
            "By induction on the distance from the diagonal.",
            "induction",
            f"slack_left_{name}",
            f"slack_diagonal_{name}",
            f"slack_right_{name}",
            assuming=(recursion, rows),
        ),
        implication(
            f"corollary_4_1_{name}",
            ROTATION,
            sides.statement,
            r"In the eigenbasis of $@C_train$ the diagonal entries of $@C_test$ are"
            r" $\sum_j O_{ij}^2 @{test}_j$ with $O$ orthogonal, and the squares $O_{ij}^2$ have rows and columns that"
            r" add to one. Averaged with them the slack is not negative; this is the trace inequality of von Neumann."
            f" The pairing is attained when $@C_test$ commutes with $@C_train$: the error is {words} there.",
            "duality",
            f"slack_{name}",
        ),
    ]


def spikes() -> list[ProofStep]:
    """Test covariances concentrated on one eigenvector."""
    return [*_ends(), *_top_or_bottom(), *_worst()]


def rotations() -> list[ProofStep]:
    """Rotations of the test covariance."""
    return [*_rotation("upper", 1, n.j), *_rotation("lower", -1, n.d + 1 - n.j)]
