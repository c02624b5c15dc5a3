"""Every statement of the proofs, at random solutions in exact rational numbers: independent of the checker."""

from __future__ import annotations

import random

import pytest
from sympy import Abs, Derivative, Expr, Piecewise, Rational, Sum
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from taskalign.derive import notation as n
from taskalign.proofs_check import prove
from taskalign.proofs_check.relations import excess, is_equation
from taskalign.proofs_check.symbols import E2, c3, c4

SEEDS = range(8)


def solution(seed: int) -> dict[Expr, Rational]:
    """All quantities of a random solution without ridge for few contexts, by the parameter t."""
    draw = random.Random(seed)

    def number(low: int, high: int) -> Rational:
        return Rational(draw.randint(low * 100, high * 100), 100)

    spectrum = [(number(0, 2) if draw.random() < 0.8 else Rational(0), Rational(draw.randint(1, 9))) for _ in range(4)]
    spectrum.append((Rational(1), Rational(1)))
    total = sum(weight for _, weight in spectrum)

    def mean(f) -> Rational:
        return sum((weight * f(c) for c, weight in spectrum), Rational(0)) / total

    t = number(0, 3) + Rational(1, 50)
    D, E = mean(lambda c: c / (c + t)), mean(lambda c: c * t / (c + t) ** 2)
    D2, U2 = mean(lambda c: c**2 / (c + t) ** 2), mean(lambda c: t**2 / (c + t) ** 2)
    U = 1 - D
    tau = D + (1 - D) * Rational(draw.randint(1, 99), 100)
    kappa = D + number(0, 2) + Rational(1, 100)
    rho, lam = number(0, 1), Rational(0)
    gap_kappa, gap_tau = kappa - D, tau - D
    a = gap_kappa / kappa
    sigma, s = t * a, t * gap_kappa * gap_tau / (kappa * U)
    lt, den = sigma - s, gap_kappa + E
    b, M, dM = E / (t * den), U / sigma, -(U * E + gap_kappa * U2) / (den * sigma**2)
    A2, R2 = M + sigma * dM, 1 - 2 * sigma * M - sigma**2 * dM
    c_train = mean(lambda c: c)
    N, slack = rho + s * R2 + sigma**2 * A2, tau - (1 - 2 * lt * M - lt**2 * dM)
    q = N / slack
    a_less = a - lt * b
    A, B = q * s + sigma**2, q * a_less + sigma**2 * b
    c1, c2, c_3, c_4 = sorted(number(0, 3) for _ in range(4))
    c_min, c_max = min(c for c, _ in spectrum), max(c for c, _ in spectrum)
    rank = mean(lambda c: Rational(int(bool(c > 0))))
    named = {
        n.D: D, n.U: U, n.E: E, n.D2: D2, n.U2: U2, n.t: t, n.tau: tau, n.kappa: kappa, n.rho: rho, n.ridge: lam,
        n.gap_kappa: gap_kappa, n.gap_tau: gap_tau, n.a: a, n.sigma: sigma, n.s: s, n.effective_ridge: lt, n.den: den,
        n.b: b, n.M: M, n.dM: dM, n.A2: A2, n.R2: R2, n.N: N, n.slack: slack, n.q: q, n.a_less: a_less, n.A: A, n.B: B,
        n.c1: c1, n.c2: c2, c3: c_3, c4: c_4, n.c_min: c_min, n.c_max: c_max, n.c_train: c_train, n.z: sigma,
        n.c: draw.choice(spectrum)[0], n.alpha: (rho + c_train) / s, n.rank_fraction: rank, n.ridge_share: Rational(0),
        n.beta: sigma * b / a, n.P0: sigma * B - 2 * a * A, n.c_test: Rational(1), n.phi: D / a,
        n.Qbar: R2 + q * (kappa * b - s * dM), E2: mean(lambda c: c**2 * t / (c + t) ** 3),
    }  # fmt: skip

    def K(c: Expr) -> Expr:
        return (A + B * c) / (a * c + sigma) ** 2

    named[n.K] = K(named[n.c])
    named[n.K_of] = K
    named["P"] = sigma * B - 2 * a * A - a * B * named[n.c]
    return named


def value(expression: Expr, at: dict) -> Expr | None:
    """The number, or None where the expression knows more than the solution does."""
    if expression.has(Derivative, Sum, Piecewise):
        return None
    expression = expression.replace(
        lambda e: isinstance(e, AppliedUndef) and e.func == n.K_of, lambda e: at[n.K_of](e.args[0])
    )
    expression = expression.xreplace({key: x for key, x in at.items() if isinstance(key, Expr)}).doit()
    return expression if expression.is_number else None


def holds(relation: Relational, at: dict) -> bool | None:
    if is_equation(relation):
        difference = value(relation.lhs - relation.rhs, at)
        return None if difference is None else abs(difference.evalf(50)) < 1e-40
    difference = value(excess(relation)[0], at)
    if difference is None:
        return None
    return bool(difference > 0) or (difference == 0 and not excess(relation)[1])


def test_many_statements_are_reached() -> None:
    reached = {step.name for seed in SEEDS for step in prove() if verdict(step, solution(seed))}
    assert len(reached) > 65, sorted(reached)


def verdict(step, at: dict) -> bool | None:
    """Whether the statement holds; None where its assumptions do not, or are not about this solution."""
    if not all(holds(x, at) for x in step.assuming if not (is_equation(x) and isinstance(x.lhs, (AppliedUndef, Abs)))):
        return None
    return holds(step.statement, at)


@pytest.mark.parametrize("seed", SEEDS)
def test_statements_hold(seed: int) -> None:
    at = solution(seed)
    assert at[n.ridge_share] == at[n.effective_ridge] * at[n.M] - (1 - at[n.tau])
    wrong = [step.name for step in prove() if verdict(step, at) is False]
    assert wrong == []


def test_a_wrong_statement_is_noticed() -> None:
    at = solution(0)
    assert holds(excess_reversed(next(step for step in prove() if step.name == "q_positive").statement), at) is False


def excess_reversed(relation: Relational) -> Relational:
    return relation.func(relation.rhs, relation.lhs, evaluate=False)
