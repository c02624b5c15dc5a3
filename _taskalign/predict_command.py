"""The command that prints the law of the predictions, the error budget and the sources of the ridge."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskalign.numerics.errors import InputError
from taskalign.options import (
    Alpha,
    AlphaTest,
    Kappa,
    PathIfGiven,
    Rho,
    RhoTest,
    Ridge,
    Spectrum,
    Tau,
    Test,
    Tolerance,
    Whole,
    WholeIfGiven,
    app,
    read_tolerance,
)
from taskalign.quantity import Quantity

if TYPE_CHECKING:
    from taskalign.numerics import ImplicitRidge, PredictionLaw

_DIGITS = 12
#: points x eigenvalues from which it pays to load the compiled kernel for one evaluation
_PLAIN_BELOW = 100_000
#: samples are written at once
_MOST_SAMPLES = 10_000_000

LAW = (
    Quantity("var_y", "Σ_yy", "variance of the label y"),
    Quantity("cov", "Σ_yŷ", "covariance of label and prediction ŷ"),
    Quantity("var_yhat", "Σ_ŷŷ", "variance of the prediction"),
    Quantity("slope_given_label", "β_y", "mean of the prediction given y = 1"),
    Quantity("var_given_label", "Σ_ŷ|y", "its variance given y"),
    Quantity("slope_given_clean", "β_0", "mean of the prediction given the clean label 1"),
    Quantity("var_given_clean", "Σ_ŷ|0", "its variance given the clean label"),
    Quantity("var_given_query", "Σ_ŷ|x", "its variance given query and task"),
)
BUDGET = (
    Quantity("noise", "ρ_test", "noise of the label"),
    Quantity("bias", "V_bias", "squared bias of the mean prediction"),
    Quantity("task", "V_task", "variance: finitely many tasks"),
    Quantity("train", "V_train", "variance: finitely many contexts"),
    Quantity("interaction", "V_int", "variance: both contexts and context length"),
    Quantity("context", "V_ctx", "variance: finite context at test"),
    Quantity("total", "e_ICL", "error of in-context learning"),
)
RIDGE = (
    Quantity("explicit", "λ", "explicit ridge"),
    Quantity("context", "s", "ridge of finite contexts"),
    Quantity("samples", "λ̃ - λ", "ridge of finitely many contexts"),
    Quantity("given_tasks", "σ", "their sum: ridge given the tasks"),
    Quantity("tasks_factor", "1/a", "factor of finitely many tasks"),
    Quantity("tasks", "σ/a - σ", "ridge that it adds"),
    Quantity("total", "σ/a", "total ridge against C_train"),
)
#: columns that are infinite at tau = 1 without a ridge
_DIVERGING = frozenset({"var_yhat", "var_given_label", "var_given_clean", "var_given_query"})
_DIVERGING |= frozenset({"error_train", "error_interaction", "error_total"})


@app.command
def predict(
    *,
    train: Spectrum,
    test: Test = None,
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    rho: Rho,
    ridge: Ridge = "0",
    alpha_test: AlphaTest = None,
    rho_test: RhoTest = None,
    tolerance: Tolerance = None,
    kind: str = "fresh",
    sample: WholeIfGiven = None,
    seed: Whole = 0,
    out: PathIfGiven = None,
    json: bool = False,
) -> None:
    """Print the joint law of a label and its prediction, the parts of the error, and the sources of the ridge.

    Any parameter may be a list 0.2,1,10 or a range LOW:HIGH:COUNT[:log]; the output is then CSV, a row for each point
    of the product.

    Args:
        kind: Test tasks: fresh ones, those of a freshly rotated covariance (rotated), or those of pretraining
            themselves (training, without --test).
        sample: Draw so many pairs of label and prediction, with the clean label; needs --out.
        seed: Of the samples.
        out: CSV file for the samples.
        json: Print JSON with all digits.
    """
    from taskalign import evaluation, inputs
    from taskalign.numerics.implicit_ridge import implicit_ridge_at
    from taskalign.numerics.prediction_law import prediction_law
    from taskalign.numerics.solvers import plain_below

    if (sample is None) != (out is None):
        raise InputError("--sample: needs --out FILE.csv" if out is None else "--out: needs --sample N")
    if sample is not None and not 1 <= sample <= _MOST_SAMPLES:
        raise InputError(f"--sample: {sample} is not allowed, must be a whole number from 1 to {_MOST_SAMPLES}")
    if seed < 0:
        raise InputError(f"--seed: {seed} is not allowed, must be a whole number >= 0")
    if out is not None:
        from taskalign import files

        files.check_file("--out", out)
    texts = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
    texts |= {"alpha_test": alpha_test, "rho_test": rho_test}
    given: dict[str, Any] = evaluation.parameters(texts)
    if evaluation.is_grid(texts) and sample is not None:
        raise InputError("--sample: not allowed with a list or a range, give single numbers")
    tasks = inputs.tasks(train, test, read_tolerance(tolerance))
    # without a test the law is that of C_train itself, which training tasks must have
    along = None if test is None else tasks.test
    if evaluation.is_grid(texts):

        def columns(points: Mapping[str, Any]) -> dict[str, Any]:
            law = prediction_law(tasks.spectrum, along, **points, kind=kind)
            return _columns(law, implicit_ridge_at(law.fixed_point))

        names, rows = evaluation.rows_of(given, columns, _DIVERGING)
        if json:
            print(evaluation.as_json_rows(names, rows))
        else:
            sys.stdout.write(evaluation.as_csv(names, rows))
        return
    with plain_below(_PLAIN_BELOW):
        law = prediction_law(tasks.spectrum, along, **given, kind=kind)
        sources = implicit_ridge_at(law.fixed_point)
    said = {"train": train, "test": test, **given, "kind": kind}
    if sample is not None and out is not None:
        from taskalign import files

        files.write("--out", out, _samples(law, sample, seed))
    if json:
        print(_as_json(said, law, sources))
        return
    _print(said, law, sources)
    if sample is not None:
        print(f"\nwrote {out}: {sample} samples")


def _columns(law: PredictionLaw, sources: ImplicitRidge) -> dict[str, Any]:
    """What is printed of one point, by name; the parts of the error and of the ridge say which they are."""
    found = {quantity.name: getattr(law, quantity.name) for quantity in LAW}
    found |= {f"error_{quantity.name}": getattr(law.budget, quantity.name) for quantity in BUDGET}
    return found | {f"ridge_{quantity.name}": getattr(sources, quantity.name) for quantity in RIDGE}


def _print(said: dict[str, Any], law: PredictionLaw, sources: ImplicitRidge) -> None:
    from taskalign import console
    from taskalign.evaluation import title
    from taskalign.quantities import shown

    shares = law.budget.shares() | {"total": 1.0}
    lines = {quantity.name: shown(float(getattr(law.budget, quantity.name)), _DIGITS) for quantity in BUDGET}
    width = max(map(len, lines.values()))
    console.print_values(title(said), [(q, shown(float(getattr(law, q.name)), _DIGITS)) for q in LAW])
    print()
    console.print_values(
        "Error budget", [(q, f"{lines[q.name]:<{width}} {100 * float(shares[q.name]):5.1f} %") for q in BUDGET]
    )
    print()
    console.print_values("Sources of the ridge", [(q, shown(float(getattr(sources, q.name)), _DIGITS)) for q in RIDGE])


def _as_json(said: dict[str, Any], law: PredictionLaw, sources: ImplicitRidge) -> str:
    from taskalign.quantities import plain

    found = {
        "inputs": said,
        "law": {quantity.name: getattr(law, quantity.name) for quantity in LAW},
        "budget": {quantity.name: getattr(law.budget, quantity.name) for quantity in BUDGET},
        "shares": law.budget.shares(),
        "ridge": {quantity.name: getattr(sources, quantity.name) for quantity in RIDGE},
    }
    return json_.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False)


def _samples(law: PredictionLaw, count: int, seed: int) -> str:
    from taskalign.evaluation import as_csv

    drawn = law.sample(count, seed)
    columns = {"y": drawn.y, "yhat": drawn.yhat, "y0": drawn.y0}
    return as_csv(list(columns), list(zip(*(column.tolist() for column in columns.values()), strict=True)))
