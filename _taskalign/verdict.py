"""The ordering of K in words, for the terminal, the page and the LaTeX document alike.

Sentences are LaTeX text that names symbols as `@name`, as in `taskalign.derive.latex.text`.
"""

from __future__ import annotations

import re

from taskalign.report import ReportData

#: names that a terminal shows otherwise
_PLAIN = {"peak": "c*"}


def verdict(data: ReportData) -> tuple[str, ...]:
    """Is K ordered, why, and what follows for a rank-one test covariance."""
    found, p = data.ordering, data.parameters
    if len(data.smallest) < 2:
        return (
            "All eigenvalues of $@C_train$ are equal: there is no order to ask for.",
            "All test covariances of one trace do equally well.",
        )
    peak = float(found.peak)
    pair = ", ".join(f"$@K({c:.6g}) = {float(data.point.K(c)):.6g}$" for c in data.smallest)
    rises = f"$@K$ rises up to $@peak = {peak:.6g}$ and falls after it"
    if not found.holds:
        state = "$@K$ is not ordered: it does not run against $@C_train$."
        why = f"{rises}, and the two smallest eigenvalues of $@C_train$ are in the wrong order: {pair}." + (
            " The conjecture that $@K$ is ordered for $@tau < 1$ fails here." if p.tau < 1 and p.ridge == 0 else ""
        )
    else:
        state = "$@K$ is ordered: larger eigenvalues of $@C_train$ have smaller entries in $@K$."
        if p.tau > 1 and p.ridge == 0:
            why = "For $@tau > 1$ without a ridge this holds for every spectrum: it is a theorem."
        elif peak == 0:
            why = "$@K$ only falls with the eigenvalue, so this holds for every spectrum with this fixed point."
        else:
            why = f"{rises}, but the two smallest eigenvalues of this spectrum are in order: {pair}."
    spike = str(found.optimal_spike)
    return (
        state,
        why,
        f"The best rank-one $@C_test$ of a given trace is a spike along the {spike} eigenvector of $@C_train$.",
    )


def in_plain(sentence: str) -> str:
    """A sentence without LaTeX."""
    named = re.sub(r"@\{?(\w+)\}?", lambda match: _PLAIN.get(match[1], match[1]), sentence)
    return named.replace("$", "")
