from . import latex, notation
from .closed_forms import trace_polynomial
from .document import bibtex, compose, document
from .equation import Equation, Section, catalogue, sections

__all__ = [
    "Equation",
    "Section",
    "bibtex",
    "catalogue",
    "compose",
    "document",
    "latex",
    "notation",
    "sections",
    "trace_polynomial",
]
