from .errors import ConvergenceError, InputError, UnsupportedNodeError
from .fixed_point import FixedPoint, solve
from .icl import IclError, icl_error
from .spectrum import Aligned, Spectrum, align

__all__ = [
    "Aligned",
    "ConvergenceError",
    "FixedPoint",
    "IclError",
    "InputError",
    "Spectrum",
    "UnsupportedNodeError",
    "align",
    "icl_error",
    "solve",
]
