"""Rules of inference: from the forms of the premises to the only statement that they allow.

Each rule is a theorem of elementary calculus or logic. It reads the premises, never the reason given in words, and
answers what follows and under which assumptions, or None where the premises do not fit. Assumptions on the variable
of a function must hold on an interval; the reasons say why they do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

from sympy import Add, Derivative, Expr, Min, expand
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from ..derive import notation as n
from ..derive import ordering
from .branches import branches_of
from .relations import eq, excess, ge, gt, is_equation, le, lt, put_in
from .step import ProofStep
from .symbols import potential, t_limit, t_root


@dataclass(frozen=True)
class Conclusion:
    """What a rule concludes.

    Attributes:
        statement: what follows.
        assuming: under which assumptions.
        support: names of premises whose statements may be used to meet these assumptions.
    """

    statement: Relational
    assuming: tuple[Relational, ...] = ()
    support: tuple[str, ...] = ()


Rule = Callable[[ProofStep, list[ProofStep]], Conclusion | None]
RULES: dict[str, Rule] = {}


def _rule(function: Rule) -> Rule:
    RULES[function.__name__] = function
    return function


def _difference(step: ProofStep) -> tuple[Expr | None, bool]:
    return (None, False) if is_equation(step.statement) else excess(step.statement)


def _equal(first: Expr | None, second: Expr) -> bool:
    return first is not None and expand(first - second) == 0


def _opposite(first: Relational, second: Relational) -> bool:
    """One of the two always holds."""
    if is_equation(first) or is_equation(second):
        return False
    (left, strict), (right, other) = excess(first), excess(second)
    return expand(left + right) == 0 and not (strict and other)


def _without(relations: tuple[Relational, ...], dropped: Relational) -> tuple[Relational, ...]:
    return tuple(x for x in relations if x != dropped)


# --- logic --------------------------------------------------------------------------------------------------
@_rule
def chain(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """The first premise, whose assumptions the others provide."""
    first, *others = premises
    return Conclusion(first.statement, first.assuming, tuple(premise.name for premise in others))


@_rule
def nonzero_part(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """What holds for every spectrum, for the non-zero eigenvalues alone.

    They have the share r of the weights, and all of the sum of the eigenvalues and of the learned shares.
    """
    (premise,) = premises
    if premise.assuming or not premise.statement.free_symbols <= {n.D, n.c_train, n.t}:
        return None
    return Conclusion(put_in(premise.statement, {x: x / n.rank_fraction for x in (n.D, n.c_train)}))


@_rule
def other_noise(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """What holds for every noise s, for another positive value of it: some context length has it."""
    premise, positive = premises
    values = {equation.lhs: equation.rhs for equation in step.using}
    if set(values) != {n.s}:
        return None
    assumed = (*(put_in(x, values) for x in premise.assuming), gt(values[n.s], 0))
    return Conclusion(put_in(premise.statement, values), assumed, (positive.name,))


@_rule
def cases(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """Two premises state the same, and one or the other of what they assume always holds."""
    first, second = premises
    if first.statement != second.statement:
        return None
    for one in first.assuming:
        for other in second.assuming:
            if _opposite(one, other):
                left = _without(first.assuming, one) + _without(second.assuming, other)
                return Conclusion(first.statement, left)
    return None


@_rule
def regimes(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """Premises state the same in each of the three regimes."""
    from .foundation_proof import REGIMES

    if len(premises) != len(REGIMES) or len({premise.statement for premise in premises}) != 1:
        return None
    for premise, regime in zip(premises, REGIMES.values(), strict=True):
        if not set(premise.assuming) <= set(regime):
            return None
    return Conclusion(premises[0].statement)


@_rule
def branches(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """Premises state the same for each branch of what a symbol stands for, with the modulus resolved in it."""
    first, second = premises
    if first.statement != second.statement:
        return None
    for whole in (x for x in step.assuming if is_equation(x)):
        pair = branches_of(whole.rhs)
        if pair is None:
            continue
        settled = [{eq(whole.lhs, branch.value), *branch.moduli} for branch in pair]
        if all(needs <= set(premise.assuming) for needs, premise in zip(settled, premises, strict=True)):
            left = [x for x in first.assuming + second.assuming if x not in settled[0] | settled[1]]
            return Conclusion(first.statement, (whole, *left))
    return None


@_rule
def contrapositive(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """What the first premise states is denied, by the second or by assumption: one of its assumptions is false."""
    first, *others = premises
    denials = [(x.statement, x.assuming) for x in others] or [(x, (x,)) for x in step.assuming]
    one, strict = excess(first.statement)
    for denial, assumed in denials:
        if is_equation(denial):
            continue
        other, too = excess(denial)
        if expand(one + other) != 0 or not (strict or too):
            continue
        for hypothesis in (x for x in first.assuming if not is_equation(x)):
            difference, sharp = excess(hypothesis)
            denied = le(difference, 0) if sharp else lt(difference, 0)
            if _equal(excess(denied)[0], excess(step.statement)[0]):
                return Conclusion(denied, _without(first.assuming, hypothesis) + assumed)
    return None


@_rule
def least_of_two(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    r"""In one case $y \ge x$, in the other $y \ge z$: always $y \ge \min(x, z)$."""
    first, second = premises
    if {first.statement.rel_op, second.statement.rel_op} != {">="} or first.statement.lhs != second.statement.lhs:
        return None
    for one in first.assuming:
        for other in second.assuming:
            if _opposite(one, other):
                least = Min(first.statement.rhs, second.statement.rhs)
                left = _without(first.assuming, one) + _without(second.assuming, other)
                return Conclusion(ge(first.statement.lhs, least), left)
    return None


# --- calculus -----------------------------------------------------------------------------------------------
def _slope(premise: ProofStep, order: int) -> Derivative | None:
    """The derivative whose sign a premise states."""
    slope = premise.statement.lhs
    if isinstance(slope, Derivative) and premise.statement.rhs == 0 and slope.derivative_count == order:
        return slope
    return None


@_rule
def tangent(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """A convex function lies above its tangents, a concave one below: at the root, for the tangent at t."""
    (premise,) = premises
    second, convex = _slope(premise, 2), premise.statement.rel_op in (">", ">=")
    if second is None:
        return None
    f, x = second.expr, n.t
    distance = f.func(t_root) - f - Derivative(f, x) * (t_root - x)
    return Conclusion((ge if convex else le)(distance, 0), premise.assuming)


@_rule
def increasing(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """A function of positive slope is larger further to the right."""
    (premise,) = premises
    first = _slope(premise, 1)
    if first is None or premise.statement.rel_op != ">":
        return None
    function, (stated, strict) = first.expr.func, excess(step.statement)
    places = [value.args[0] for value in stated.atoms(function)]
    for left, right in permutations(places, 2):
        if _equal(stated, function(right) - function(left)):
            relation = gt if strict else ge
            return Conclusion(relation(stated, 0), (relation(right - left, 0), *premise.assuming))
    return None


@_rule
def intermediate_value(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """A continuous function that is negative somewhere, and not so further to the right, has a root between."""
    below, above, rising = premises
    slope = _slope(rising, 1)
    if slope is None or rising.statement.rel_op != ">" or below.statement.rel_op not in ("<", ">"):
        return None
    if not (_equal(_difference(below)[0], -slope.expr) and _equal(_difference(above)[0], slope.expr)):
        return None
    # what is assumed of the place holds at the places that the premises are about
    place = {n.t, n.sigma, n.effective_ridge, n.ridge_share, n.gap_kappa, n.gap_tau}
    lasting = (x for p in premises for x in p.assuming if x.has(slope.expr) or not x.free_symbols & place)
    return Conclusion(eq(slope.expr.func(t_root), 0), tuple(dict.fromkeys(lasting)))


@_rule
def monotone_limit(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """Iterates that fall and stay above the root converge; the limit is a fixed point, hence the only root.

    Further premises provide what the first ones assume.
    """
    bounded, falling, unique, *others = premises
    lower, upper = _difference(bounded)[0], _difference(falling)[0]
    if lower is None or upper is None or expand(lower + upper - (n.t - t_root)) != 0:
        return None
    # the step must be a multiple of the function whose root is unique
    ratio = upper.as_numer_denom()[0]
    if not isinstance(ratio, AppliedUndef) or not _equal(_difference(unique)[0], ratio - ratio.func(t_root)):
        return None
    assumed = tuple(dict.fromkeys(x for p in (bounded, falling, unique) for x in p.assuming))
    return Conclusion(eq(t_limit, t_root), assumed, tuple(p.name for p in others))


# --- pairings -----------------------------------------------------------------------------------------------
@_rule
def induction(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    """A slack that vanishes on the diagonal and does not fall with the distance from it is not negative.

    Sorted eigenvalues have one order for indices below the diagonal, and the other above it.
    """
    left, diagonal, right = premises
    whole = excess(step.statement)[0]
    nearer = whole.subs(n.j, n.j + 1)
    above = n.K_sorted[n.i] - n.K_sorted[n.j]
    orders = ge(above, 0), ge(-above, 0)
    fits = (
        _equal(_difference(left)[0], whole - nearer)
        and _equal(_difference(right)[0], nearer - whole)
        and is_equation(diagonal.statement)
        and _equal(diagonal.statement.lhs - diagonal.statement.rhs, whole.subs(n.j, n.i))
    )
    if not fits or orders[0] not in left.assuming or orders[1] not in right.assuming:
        return None
    assumed = _without(left.assuming, orders[0]) + diagonal.assuming + _without(right.assuming, orders[1])
    return Conclusion(ge(whole, 0), assumed)


@_rule
def duality(step: ProofStep, premises: list[ProofStep]) -> Conclusion | None:
    r"""From $u_i + v_j \ge \pm K_i \gamma_j$, with equality at $i = j$, for all doubly stochastic weights.

    Weights $S_{ij} \ge 0$ with unit rows and columns average the left side to $\sum_i (u_i + v_i)$, which is the
    sum of the right side on the diagonal.
    """
    (premise,) = premises
    slack = excess(premise.statement)[0]
    for sign, position, equation in (
        (1, n.j, ordering.equal_pairing),
        (-1, n.d + 1 - n.j, ordering.opposite_pairing),
    ):
        rest = expand(slack + sign * n.K_sorted[n.i] * n.test_sorted[position])
        separate = all(not (term.has(n.i) and term.has(n.j)) for term in Add.make_args(rest))
        diagonal = slack.subs(n.j, n.i)
        for known in (x for x in premise.assuming if is_equation(x)):
            diagonal = diagonal.subs(known.lhs, known.rhs)
        if separate and expand(diagonal) == 0:
            return Conclusion(equation.statement, tuple(x for x in premise.assuming if not x.has(potential)))
    return None
