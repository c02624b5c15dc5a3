"""The command that evaluates low-rank tasks in Takanami et al.'s conventions, with the phase of long contexts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from taskalign.options import Alpha, AlphaTest, Kappa, Tau, app
from taskalign.quantity import Quantity

if TYPE_CHECKING:
    from taskalign.numerics import LowRankErrors, Phase

_DIGITS = 12
#: points x eigenvalues from which it pays to load the compiled kernel
_PLAIN_BELOW = 100_000

ERRORS = (
    Quantity("TM", "TM", "error on the tasks of pretraining"),
    Quantity("IDG", "IDG", "error on fresh tasks of the subspace"),
    Quantity("ODG", "ODG", "error on tasks of another subspace"),
    Quantity("q", "Q", "order parameter, TM: mean square of the answer"),
    Quantity("m", "m", "order parameter, TM: its overlap with the task"),
    Quantity("q0", "Q_0", "order parameter, IDG: mean square of the answer"),
    Quantity("m0", "m_0", "order parameter, IDG: its overlap with the task"),
    Quantity("q_bar", "Q̄", "order parameter, ODG: mean square of the answer"),
    Quantity("m_bar", "m̄", "order parameter, ODG: its overlap with the task"),
)
PHASE = (
    Quantity("name", "phase", "of long contexts without noise"),
    Quantity("threshold_kappa", "κ_c", "tasks from which fresh tasks are solved, given enough contexts"),
    Quantity("threshold_tau", "τ_c", "contexts below which a regularisation stays"),
    Quantity("ridge_first.IDG", "IDG → (i)", "limit of IDG, the ridge vanishing first"),
    Quantity("noise_first.IDG", "IDG → (ii)", "limit of IDG, the noise of the context vanishing first"),
    Quantity("ridge_first.ODG", "ODG → (i)", "limit of ODG, the ridge vanishing first"),
    Quantity("noise_first.ODG", "ODG → (ii)", "limit of ODG, the noise of the context vanishing first"),
)
#: what is infinite at tau = 1 without a ridge
_DIVERGING = frozenset({"TM", "IDG", "ODG", "q", "q0", "q_bar"})


@app.command
def lowrank(
    *,
    rank_fraction: Annotated[str, Parameter(help="Dimension of the tasks' subspace over d, in (0, 1].")],
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    ridge: Annotated[str, Parameter(help="Penalty per pretraining task; 0 is the limit of a vanishing one.")] = "0",
    noise_std: Annotated[str, Parameter(help="Standard deviation of the label noise in pretraining.")] = "0",
    alpha_test: AlphaTest = None,
    rho_test: Annotated[str, Parameter(help="Variance of the label noise at test.")] = "0",
    json: bool = False,
) -> None:
    """Evaluate low-rank tasks: errors on training, fresh and rotated tasks (TM, IDG, ODG), order parameters, phase.

    The conventions are those of the theory of low-rank tasks: kappa times this
    ridge is tau times the ridge of `evaluate`, and IDG is the error on fresh
    tasks of the subspace. (The isotropic theory calls IDG what is TM here.)
    Any parameter may be a list 0.2,1,10 or a range LOW:HIGH:COUNT[:log]; the
    output is then CSV, a row for each point of the product.

    Args:
        json: Print JSON with all digits.
    """
    from taskalign import evaluation
    from taskalign.numerics import low_rank_errors
    from taskalign.numerics.solvers import plain_below

    texts = {"rank_fraction": rank_fraction, "alpha": alpha, "tau": tau, "kappa": kappa, "ridge": ridge}
    texts |= {"noise_std": noise_std, "alpha_test": alpha_test, "rho_test": rho_test}
    given = evaluation.parameters(texts)
    if evaluation.is_grid(texts):
        names, rows = evaluation.rows_of(given, lambda points: _values(low_rank_errors(**points)), _DIVERGING)
        if json:
            print(evaluation.as_json_rows(names, rows))
        else:
            sys.stdout.write(evaluation.as_csv(names, rows))
        return
    with plain_below(_PLAIN_BELOW):
        found = low_rank_errors(**given)
    limits = _phase(given)
    if json:
        values = {"inputs": given, "errors": _values(found), "phase": limits}
        print(evaluation.as_json(values))
        return
    from taskalign import console
    from taskalign.quantities import rows, shown

    numbers = {name: shown(value, _DIGITS) for name, value in _values(found).items()}
    numbers |= {name: value if isinstance(value, str) else shown(value, _DIGITS) for name, value in limits.items()}
    console.print_values(evaluation.title(given), rows((*ERRORS, *PHASE), numbers))


def _values(found: LowRankErrors) -> dict[str, Any]:
    return {quantity.name: getattr(found, quantity.name) for quantity in ERRORS}


def _phase(given: Mapping[str, Any]) -> dict[str, Any]:
    from taskalign.numerics import Spectrum, phase

    found: Phase = phase(Spectrum.low_rank(given["rank_fraction"]), given["kappa"], given["tau"])
    return {quantity.name: attrgetter(quantity.name)(found) for quantity in PHASE}
