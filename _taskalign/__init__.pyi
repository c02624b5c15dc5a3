from . import derive, models, numerics, proofs_check
from .numerics import (
    ConvergenceError,
    FixedPoint,
    IclError,
    Ordering,
    Spectrum,
    align,
    icl_error,
    metrics,
    ordering,
    solve,
)

__version__: str

__all__ = [
    "ConvergenceError",
    "FixedPoint",
    "IclError",
    "Ordering",
    "Spectrum",
    "__version__",
    "align",
    "derive",
    "icl_error",
    "metrics",
    "models",
    "numerics",
    "ordering",
    "proofs_check",
    "solve",
]
