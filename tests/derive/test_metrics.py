"""Metrics against their definitions with explicit matrices."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Expr, Matrix, Sum, Symbol, Trace

from taskalign.derive import metrics
from taskalign.derive import notation as n

EIGENVALUES = np.array([0.25, 1.0, 1.75])
C_TEST = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])


def over_spectrum(expression: Expr, test: np.ndarray) -> Expr:
    """A mean over equally weighted eigenvalues."""

    def written_out(total: Sum) -> Expr:
        at = [
            {n.eigenvalues[n.i]: c, n.weights[n.i]: 1 / len(test), n.test[n.i]: x}
            for c, x in zip(EIGENVALUES, test, strict=True)
        ]
        return sum(total.function.subs(values) for values in at)

    return expression.replace(lambda e: isinstance(e, Sum), written_out)


def normalised_trace(matrix: np.ndarray) -> float:
    return np.trace(matrix) / len(matrix)


def test_resolvent_and_population() -> None:
    a, sigma = 0.7, 0.3
    train = np.diag(EIGENVALUES)
    ours = over_spectrum(metrics.at_sigma.rhs, np.diag(C_TEST)).subs({n.a: a, n.sigma: sigma})
    assert float(ours) == pytest.approx(
        normalised_trace(C_TEST @ np.linalg.inv(a * train + sigma * np.eye(3))), rel=1e-12, abs=0
    )
    ours = over_spectrum(metrics.population.rhs, np.diag(C_TEST))
    assert float(ours) == pytest.approx(normalised_trace(C_TEST @ np.linalg.inv(train)), rel=1e-12, abs=0)


def test_misalignment() -> None:
    ours = over_spectrum(metrics.misalignment.rhs, np.diag(C_TEST))
    alignment = {n.K_of(c): 1 / (1 + c) for c in EIGENVALUES}
    expected = normalised_trace(C_TEST @ np.diag(1 / (1 + EIGENVALUES)))
    assert float(ours.subs(alignment)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_inverse_cka() -> None:
    train = np.array([[1.0, 0.2, 0.0], [0.2, 0.7, 0.4], [0.0, 0.4, 1.5]])

    def hsic(first: np.ndarray, second: np.ndarray) -> float:
        """Over pairs of entries, with means taken off by hand."""

        def centred(x: np.ndarray) -> np.ndarray:
            return x - x.mean(axis=0) - x.mean(axis=1)[:, None] + x.mean()

        return float(np.sum(centred(first) * centred(second))) / (len(first) - 1) ** 2

    expected = np.sqrt(hsic(train, train) * hsic(C_TEST, C_TEST)) / hsic(train, C_TEST)
    ours = metrics.inverse_cka.rhs.subs(n.centering, metrics.centering.rhs).subs(n.d, 3)
    ours = ours.subs({n.C_train.subs(n.d, 3): Matrix(train), n.C_test.subs(n.d, 3): Matrix(C_TEST)})
    ours = ours.replace(lambda e: isinstance(e, Trace), lambda e: e.arg.as_explicit().trace())
    assert float(ours) == pytest.approx(expected, rel=1e-12, abs=0)


def test_cka_of_a_matrix_with_itself_is_one() -> None:
    positive = Symbol("positive", positive=True)
    ours = metrics.inverse_cka.rhs.subs(n.C_train, n.C_test).replace(lambda e: isinstance(e, Trace), lambda e: positive)
    assert ours == 1
