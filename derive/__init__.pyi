from . import latex, notation
from .bibliography import bibtex
from .catalogue import Section, catalogue, sections
from .closed_forms import isotropic_error_explicit
from .document import compose, document
from .equation import Equation
from .polynomial import solve_trace, trace_polynomial

__all__ = [
    "Equation",
    "Section",
    "bibtex",
    "catalogue",
    "compose",
    "document",
    "isotropic_error_explicit",
    "latex",
    "notation",
    "sections",
    "solve_trace",
    "trace_polynomial",
]
