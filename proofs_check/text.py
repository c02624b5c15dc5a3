"""The proofs in plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .proving import CLAIMS, prove
from .relations import is_equation, plain
from .step import ProofStep


def proof_text(steps: Sequence[ProofStep] | None = None, *, details: bool = False) -> str:
    """One line a claim, and one for every step that is not settled.

    Args:
        steps: checked steps; by default all of `prove`.
        details: a line for every step.
    """
    steps = prove() if steps is None else steps
    lines = []
    for name, claim in CLAIMS.items():
        own = [step for step in steps if step.claim == name]
        if not own:
            continue
        counts = Counter(step.status for step in own)
        outcome = ", ".join(f"{count} {status}" for status, count in counts.items())
        lines.append(f"{claim.title}: {outcome}")
        lines += [f"  {_line(step)}" for step in own if details or step.status not in ("proved", "cited")]
    counts = Counter(step.status for step in steps)
    total = ", ".join(f"{count} {status}" for status, count in counts.items())
    return "\n".join([*lines, f"{len(steps)} steps: {total}"])


def _line(step: ProofStep) -> str:
    conditions = [plain(x) for x in step.assuming if not is_equation(x)]
    given = f"   [{', '.join(conditions)}]" if conditions else ""
    wrong = f"   ({step.why})" if step.why else ""
    return f"{step.status}  {step.name}: {plain(step.statement)}{given}{wrong}"
