"""Symbolic theory of in-context learning: notation, equations, closed forms, limits and their LaTeX. SymPy only."""

from .bibliography import bibtex as bibtex
from .catalogue import catalogue as catalogue
from .catalogue import sections as sections
from .closed_forms import isotropic_error_explicit as isotropic_error_explicit
from .document import compose as compose
from .document import document as document
from .equation import Equation as Equation
from .polynomial import solve_trace as solve_trace
from .polynomial import trace_polynomial as trace_polynomial
