"""Writes the evaluators that the library uses: `python -m taskalign.numerics.generate`."""

from __future__ import annotations

import os
from pathlib import Path

from .printing import ARRAY_TARGETS, NAMESPACE, function_source
from .programs import PROGRAMS, Program

FOLDER = Path(__file__).parent / "generated"
TARGETS = ("numpy", "numba", "torch", "mpmath")

_HEADER = '''"""Algebra of the theory for {target}.

Generated from taskalign.derive by `make generate`; do not edit. Each function says from which equations of the
catalogue it was made.
"""

{imports}
'''


def module_source(target: str, programs: tuple[Program, ...] = PROGRAMS) -> str:
    """Source of a module that holds every program for one target.

    Args:
        target: a key of `printing.TABLE`.
        programs: what to write.
    """
    functions = [
        function_source(
            program.name,
            [symbol.name for symbol in program.arguments],
            {symbol.name: expression for symbol, expression in program.values.items()},
            [symbol.name for symbol in program.returns],
            target,
            doc="From " + ", ".join(program.sources) + ".",
        )
        for program in programs
        if target in ARRAY_TARGETS or not program.whole
    ]
    return "\n\n".join([_HEADER.format(target=target, imports=NAMESPACE[target][1]), *functions])


def main() -> None:
    """Write all generated modules."""
    for target in TARGETS:
        (FOLDER / f"{target}_algebra.py").write_text(module_source(target), encoding="utf-8")
    # numba's cache on disk looks at the date of the calling file alone
    os.utime(Path(__file__).parent / "kernel.py")


if __name__ == "__main__":
    main()
