"""The checks of a proof: what makes an identity, a sign and an implication hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sympy import Add, Eq, Sum, Symbol
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from ..derive import notation as n
from .canonical import is_zero, unfolded
from .relations import excess, is_equation
from .rules import RULES
from .signs import Signs
from .step import ProofStep, Status
from .symbols import AXIOMS, theory, trusted


class Refused(Exception):
    """Why a step does not hold."""


def check(step: ProofStep, earlier: Mapping[str, ProofStep]) -> ProofStep:
    """The step with the outcome of its check.

    Args:
        step: what to check; its own status does not matter.
        earlier: checked steps by name.
    """
    try:
        status = _check(step, earlier)
    except (Refused, ValueError) as refusal:  # a mean that cannot be reduced is a ValueError
        return replace(step, status="failed", why=str(refusal))
    return replace(step, status=status, why="" if status != "open" else "a premise is open")


def check_all(steps: Iterable[ProofStep]) -> list[ProofStep]:
    """All steps checked in their order, each with the ones before it at hand.

    Raises:
        ValueError: two steps have the same name.
    """
    checked: dict[str, ProofStep] = {}
    for step in steps:
        if step.name in checked:
            raise ValueError(f"steps: two are called {step.name!r}")
        checked[step.name] = check(step, checked)
    return list(checked.values())


def _check(step: ProofStep, earlier: Mapping[str, ProofStep]) -> Status:
    missing = [name for name in step.premises if name not in earlier]
    if missing:
        raise Refused(f"rests on {', '.join(missing)}, not among the earlier steps")
    premises = [earlier[name] for name in step.premises]
    failed = [premise.name for premise in premises if premise.status == "failed"]
    if failed:
        raise Refused(f"rests on {', '.join(failed)}, which failed")
    {"identity": _identity, "sign": _sign, "implication": _implication, "cited": _cited}[step.kind](step, premises)
    if any(premise.status == "open" for premise in premises):
        return "open"
    return "cited" if step.kind == "cited" else "proved"


# --- the four kinds -----------------------------------------------------------------------------------------
def _cited(step: ProofStep, premises: list[ProofStep]) -> None:
    if step.statement not in [equation.statement for equation in theory()]:
        raise Refused("no equation of the theory")


def _identity(step: ProofStep, premises: list[ProofStep]) -> None:
    if not is_equation(step.statement):
        raise Refused("no equation")
    facts = known(step, premises)
    if not is_zero(step.statement.lhs - step.statement.rhs, _licensed(step, facts)):
        raise Refused("the two sides differ")


def _sign(step: ProofStep, premises: list[ProofStep]) -> None:
    facts = known(step, premises)
    difference, strict = excess(step.statement)
    if any(term.has(Sum) for term in step.terms) and any(x.has(n.c) and not _defines(x) for x in step.assuming):
        raise Refused("what is assumed of one eigenvalue is not known of all")
    signs = Signs(facts)
    found = [signs.of(term) for term in step.terms]
    for term, sign in zip(step.terms, found, strict=True):
        if sign is None or sign.direction < 0:
            raise Refused(f"the sign of {term} does not follow")
    if strict and not any(sign.strict and sign.direction for sign in found if sign):
        raise Refused("no term is strictly positive")
    if not is_zero(difference - Add(*step.terms), _licensed(step, facts)):
        raise Refused("the difference is not the sum of the terms")


def _defines(relation: Relational) -> bool:
    """An equation that says what a function is."""
    return is_equation(relation) and isinstance(relation.lhs, AppliedUndef)


def _implication(step: ProofStep, premises: list[ProofStep]) -> None:
    if step.rule not in RULES:
        raise Refused(f"no rule {step.rule!r}")
    try:
        conclusion = RULES[step.rule](step, premises)
    except ValueError as error:
        raise Refused(f"the rule needs other premises: {error}") from error
    if conclusion is None:
        raise Refused("the premises are not of the form that the rule needs")
    if not same(step.statement, conclusion.statement):
        raise Refused(f"the rule gives {conclusion.statement}")
    signs, facts = Signs(AXIOMS), list(AXIOMS)
    _learn(facts, signs, step.assuming)
    settled = [premise for premise in premises if premise.name in conclusion.support]
    _absorb(facts, signs, settled, step)
    for hypothesis in conclusion.assuming:
        if not _holds(hypothesis, facts, signs, step):
            raise Refused(f"{hypothesis} is not among the assumptions")


# --- what may be put in, and what is known --------------------------------------------------------------------
def same(first: Relational, second: Relational) -> bool:
    """Two relations that say the same: equal differences of their sides, and one sign."""
    if (is_equation(first)) != (is_equation(second)):
        return False
    if is_equation(first):
        left, right = first.lhs - first.rhs, second.lhs - second.rhs
        return is_zero(left - right) or is_zero(left + right)
    (left, strict), (right, other) = excess(first), excess(second)
    return strict == other and is_zero(left - right)


def known(step: ProofStep, premises: list[ProofStep]) -> list[Relational]:
    """Axioms, assumptions, and the premises, whose own assumptions must follow from these.

    Raises:
        Refused: a premise assumes what is not known.
    """
    facts, signs = list(AXIOMS), Signs(AXIOMS)
    _learn(facts, signs, step.assuming)
    left = _absorb(facts, signs, premises, step)
    if left:
        raise Refused(f"what {left[0].name} assumes is not known here")
    return facts


def _absorb(facts: list[Relational], signs: Signs, premises: list[ProofStep], step: ProofStep) -> list[ProofStep]:
    """Learn premises whose assumptions hold until none is left that does; those left."""
    left = list(premises)
    while True:
        ready = [p for p in left if all(_holds(x, facts, signs, step) for x in p.assuming)]
        if not ready:
            return left
        for premise in ready:
            left.remove(premise)
            _learn(facts, signs, (premise.statement,))


def _learn(facts: list[Relational], signs: Signs, relations: Iterable[Relational]) -> None:
    for relation in relations:
        facts.append(relation)
        signs.learn(relation)


def _holds(hypothesis: Relational, facts: list[Relational], signs: Signs, step: ProofStep) -> bool:
    if hypothesis in facts or signs.implies(hypothesis):
        return True
    equations = [x for x in facts if is_equation(x)]
    if is_equation(hypothesis):
        return is_zero(hypothesis.lhs - hypothesis.rhs, equations)
    difference, strict = excess(hypothesis)
    sign = signs.of(unfolded(difference, equations))
    return sign is not None and sign.direction >= 0 and (sign.strict or not strict)


def _licensed(step: ProofStep, facts: list[Relational]) -> tuple[Eq, ...]:
    """The equations put in, each of which is one of the theory, of the assumptions or of the premises."""
    allowed, signs = (*trusted(), *(x for x in facts if is_equation(x))), Signs(facts)
    for equation in step.using:
        if equation not in allowed and not any(_follows(equation, other, signs) for other in allowed):
            raise Refused(f"{equation} is put in without being known")
    return step.using


def _follows(equation: Eq, other: Eq, signs: Signs) -> bool:
    """The other equation solved for a symbol in which it is linear, with a factor that is not zero."""
    symbol = equation.lhs
    if not isinstance(symbol, Symbol) or not other.has(symbol) or equation.rhs.has(symbol):
        return False
    residual = (other.lhs - other.rhs).expand()
    factor = residual.coeff(symbol)
    sign = signs.of(factor)
    if sign is None or not sign.strict or factor.has(symbol):
        return False
    return is_zero(residual - factor * (symbol - equation.rhs))
