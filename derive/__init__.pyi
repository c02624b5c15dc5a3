from . import latex, notation
from .bibliography import bibtex
from .closed_forms import isotropic_error_explicit, solve_trace, trace_polynomial
from .document import compose, document
from .equation import Equation, Section, catalogue, sections

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
