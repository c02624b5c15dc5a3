"""Writes the evaluators that the library uses: `python -m taskalign.numerics.generate`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from .printing import NAMESPACE, TABLE, function_source
from .programs import PROGRAMS

FOLDER = Path(__file__).parent / "generated"
TARGETS = ("numpy", "numba", "torch", "jax", "mpmath", "arb")

_HEADER = '''"""Algebra of the theory for {target}.

Generated from taskalign.derive by `make generate`; do not edit. Each function says from which equations of the
catalogue it was made.
"""

{imports}
'''


def functions(target: str, names: Collection[str] | None = None) -> list[str]:
    """Source of every program that the target can hold.

    Args:
        target: a key of `printing.TABLE`.
        names: which programs, all if not given.
    """
    return [
        function_source(
            program.name,
            [symbol.name for symbol in program.arguments],
            {symbol.name: expression for symbol, expression in program.values.items()},
            [symbol.name for symbol in program.returns],
            target,
            doc="From " + ", ".join(program.sources) + ".",
        )
        for program in PROGRAMS
        if target in (program.targets or TABLE) and (names is None or program.name in names)
    ]


def module_source(target: str) -> str:
    """Source of the module that holds every program for one target."""
    return "\n\n".join([_HEADER.format(target=target, imports=NAMESPACE[target][1]), *functions(target)])


def digest() -> str:
    """Fingerprint of the algebra that the compiled kernel is built on."""
    return hashlib.sha256((FOLDER / "numba_algebra.py").read_bytes()).hexdigest()[:16]


def main() -> None:
    """Write all generated modules."""
    for target in TARGETS:
        (FOLDER / f"{target}_algebra.py").write_text(module_source(target), encoding="utf-8")
    # numba takes a cached kernel for good while its own file is the same, whatever it calls: so that file must change
    kernel = FOLDER.parent / "kernel.py"
    marked = re.sub(r'(?m)^ALGEBRA = ".*"$', f'ALGEBRA = "{digest()}"', kernel.read_text(encoding="utf-8"))
    kernel.write_text(marked, encoding="utf-8")


if __name__ == "__main__":
    main()
