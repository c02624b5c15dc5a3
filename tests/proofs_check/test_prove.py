"""The proofs: complete, settled, and refused when anything in them is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from sympy import Symbol

from taskalign.derive import notation as n
from taskalign.proofs_check import prove
from taskalign.proofs_check.check import check, check_all
from taskalign.proofs_check.proving import CLAIMS, steps
from taskalign.proofs_check.relations import eq, excess, ge, gt, is_equation, lt
from taskalign.proofs_check.step import ProofStep, identity, implication, sign
from taskalign.proofs_check.text import proof_text

DONE = {step.name: step for step in prove()}
RAW = steps()
TINY = n.tau * n.kappa / 10**12


def refused(step: ProofStep) -> bool:
    return check(step, DONE).status == "failed"


def test_every_step_is_settled() -> None:
    assert Counter(step.status for step in prove()) == {"proved": len(RAW) - 5, "cited": 5}


def test_every_claim_has_steps_and_stands_in_one_place() -> None:
    claims = list(dict.fromkeys(step.claim for step in RAW))
    assert claims == list(CLAIMS)
    changes = sum(a.claim != b.claim for a, b in pairwise(RAW))
    assert changes == len(CLAIMS) - 1


@pytest.mark.parametrize(
    "name",
    [
        "ordering_above",
        "K_rises_to_the_peak",
        "K_falls_after_the_peak",
        "peak_position",
        "ordering_at_small_ridge",
        "ordering_with_many_contexts",
        "two_smallest_suffice",
        "best_spike",
        "top_is_not_best",
        "counterexample",
        "counterexample_without_noise",
        "corollary_4_1_upper",
        "corollary_4_1_lower",
        "g_above_convex",
        "g_below_convex",
        "g_ridge_convex",
        "newton_above",
        "newton_below",
        "newton_ridge",
        "root_bounded_above",
        "root_bounded_below",
        "start_bounded_ridge",
        "reciprocal_D_concave",
        "Qbar_positive",
    ],
)
def test_headline_claims_are_proved(name: str) -> None:
    assert DONE[name].status == "proved"


def test_nothing_but_equations_of_the_theory_is_cited() -> None:
    assert {step.claim for step in prove() if step.status == "cited"} == {"given"}


# --- tampering ----------------------------------------------------------------------------------------------
def accepted(claim: str, kinds: str, changed: Callable[[ProofStep], Iterable[ProofStep]]) -> list[str]:
    """Steps of a claim that are still accepted after a change to them."""
    chosen = [step for step in RAW if step.claim == claim and step.kind in kinds.split()]
    return [step.name for step in chosen for other in changed(step) if not refused(other)]


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_changed_equation_is_refused(claim: str) -> None:
    def changed(step: ProofStep) -> Iterable[ProofStep]:
        if is_equation(step.statement):
            yield replace(step, statement=eq(step.statement.lhs, step.statement.rhs + TINY))

    assert accepted(claim, "identity cited implication", changed) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_opposite_and_a_stronger_bound_are_refused(claim: str) -> None:
    def changed(step: ProofStep) -> Iterable[ProofStep]:
        if not is_equation(step.statement):
            yield replace(step, statement=lt(excess(step.statement)[0], 0))
            yield replace(step, statement=ge(excess(step.statement)[0] - TINY, 0))

    assert accepted(claim, "sign implication", changed) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_term_of_the_other_sign_is_refused(claim: str) -> None:
    def changed(step: ProofStep) -> Iterable[ProofStep]:
        for k, term in enumerate(step.terms):
            if term != 0:
                yield replace(step, terms=(*step.terms[:k], -term, *step.terms[k + 1 :]))

    assert accepted(claim, "sign", changed) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_no_premise_can_be_left_out(claim: str) -> None:
    def changed(step: ProofStep) -> Iterable[ProofStep]:
        for k in range(len(step.premises)):
            yield replace(step, premises=(*step.premises[:k], *step.premises[k + 1 :]))

    assert accepted(claim, "identity sign implication", changed) == []


def test_a_failed_premise_fails_its_step() -> None:
    for step in RAW:
        for name in step.premises:
            assert check(step, DONE | {name: replace(DONE[name], status="failed")}).status == "failed"


def test_an_open_premise_leaves_its_step_open() -> None:
    step = next(step for step in RAW if step.premises)
    name = step.premises[0]
    assert check(step, DONE | {name: replace(DONE[name], status="open")}).status == "open"


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("K_falls", "P0 <= 0"),
        ("K_falls", "-c1 + c2 > 0"),
        ("K_rises_to_the_peak", "-c2 + peak >= 0"),
        ("two_smallest_suffice", "K(c1) - K(c2) >= 0"),
        ("P0_negative_at_small_ridge", "-effective_ridge + s >= 0"),
        ("ordering_above", "Eq(effective_ridge, 0)"),
        ("g_below_convex_few_tasks", "gap_tau > 0"),
        ("g_below_convex", "gap_tau > 0"),
        ("root_bounded_above", "g(t) <= 0"),
        ("corollary_4_1_upper", None),
    ],
)
def test_what_is_assumed_matters(name: str, dropped: str | None) -> None:
    step = DONE[name]
    if dropped is None:
        assert not step.assuming
        return
    left = tuple(x for x in step.assuming if str(x) != dropped)
    assert len(left) == len(step.assuming) - 1, [str(x) for x in step.assuming]
    assert refused(replace(step, assuming=left))


# --- the checks themselves --------------------------------------------------------------------------------------
X = Symbol("x", real=True)


def test_a_sign_that_does_not_follow_is_refused() -> None:
    assert refused(sign("x", "signs", gt(X, 0), "", X))


def test_what_sympy_assumes_of_a_symbol_proves_nothing() -> None:
    """Notation declares q positive, which is what has to be proved."""
    assert n.q.is_positive
    assert refused(sign("x", "signs", gt(n.q, 0), "", n.q))


def test_a_square_is_not_strictly_positive() -> None:
    assert check(sign("x", "signs", ge(X**2, 0), "", X**2), {}).status == "proved"
    assert refused(sign("x", "signs", gt(X**2, 0), "", X**2))


def test_an_unknown_equation_cannot_be_put_in() -> None:
    assert refused(identity("x", "signs", eq(X, 1), "", using=(eq(X, 1),)))


def test_an_equation_with_a_condition_cannot_be_put_in() -> None:
    """Without a ridge the effective ridge vanishes for many contexts only."""
    assert refused(identity("x", "signs", eq(n.effective_ridge, 0), "", using=(eq(n.effective_ridge, 0),)))


def test_a_hidden_dependence_is_not_differentiated_away() -> None:
    """The gap depends on t: the slope of g is not the gap alone."""
    step = DONE["g_above_slope"]
    assert refused(replace(step, statement=eq(step.statement.lhs, n.gap_kappa)))
    assert refused(replace(step, using=step.using[:1]))


def test_what_is_assumed_of_one_eigenvalue_is_not_used_of_all() -> None:
    step = DONE["best_spike"]
    terms = step.terms
    guess = ge(n.K_of(n.c) - step.statement.rhs / n.c_test, 0)
    assert refused(replace(step, premises=(), assuming=(*step.assuming, guess), terms=terms))


def test_an_unknown_rule_and_a_wrong_number_of_premises_are_refused() -> None:
    assert refused(implication("x", "signs", gt(n.q, 0), "", "wishing", "q_positive"))
    assert refused(implication("x", "signs", gt(n.q, 0), "", "cases", "q_positive"))


def test_premises_are_earlier_steps() -> None:
    backwards = check_all(reversed(RAW))
    assert any(step.status == "failed" and "earlier" in step.why for step in backwards)


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two are called"):
        check_all([RAW[0], RAW[0]])


# --- text -------------------------------------------------------------------------------------------------------
def test_text_tells_what_is_not_settled() -> None:
    assert proof_text().splitlines()[-1] == f"{len(RAW)} steps: 5 cited, {len(RAW) - 5} proved"
    broken = [replace(step, status="failed", why="no") if step.name == "q_positive" else step for step in prove()]
    assert "failed  q_positive: q > 0   (no)" in proof_text(broken)
    assert "q_positive" not in proof_text()
    assert "proved  q_positive: q > 0" in proof_text(details=True)


def test_latex_follows_the_notation() -> None:
    step = DONE["P0_negative_at_small_ridge"]
    assert step.latex() == r"P(0) < 0 \quad\text{if } s \ge \tilde\lambda"
    assert r"\xi" in step.latex({"effective_ridge": r"\xi"})
    assert step._repr_latex_().startswith("$")
    assert str(step) == "[proved] P0_negative_at_small_ridge: P0 < 0  if -effective_ridge + s >= 0"
    with pytest.raises(ValueError, match="no symbol"):
        step.latex({"lambda": "x"})
