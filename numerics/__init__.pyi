from .errors import ConvergenceError, InputError, UnsupportedNodeError
from .fixed_point import FixedPoint, solve
from .icl import IclError, icl_error
from .metrics import metrics
from .ordering import Ordering, ordering
from .precise import PreciseError, PreciseFixedPoint, precise
from .spectrum import Aligned, Spectrum, align

__all__ = [
    "Aligned",
    "ConvergenceError",
    "FixedPoint",
    "IclError",
    "InputError",
    "Ordering",
    "PreciseError",
    "PreciseFixedPoint",
    "Spectrum",
    "UnsupportedNodeError",
    "align",
    "icl_error",
    "metrics",
    "ordering",
    "precise",
    "solve",
]
