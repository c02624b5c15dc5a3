from .compile import Compiled, compile
from .enclose import EnclosedError, Enclosure, enclose
from .errors import ConvergenceError, InputError, UnsupportedNodeError
from .export import export_module
from .fixed_point import FixedPoint, solve
from .icl import IclError, icl_error
from .metrics import metrics
from .ordering import Ordering, ordering
from .precise import PreciseError, PreciseFixedPoint, precise
from .spectrum import Aligned, Spectrum, align

__all__ = [
    "Aligned",
    "Compiled",
    "ConvergenceError",
    "EnclosedError",
    "Enclosure",
    "FixedPoint",
    "IclError",
    "InputError",
    "Ordering",
    "PreciseError",
    "PreciseFixedPoint",
    "Spectrum",
    "UnsupportedNodeError",
    "align",
    "compile",
    "enclose",
    "export_module",
    "icl_error",
    "metrics",
    "ordering",
    "precise",
    "solve",
]
