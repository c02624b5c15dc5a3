"""Symbolic theory of in-context learning: notation, equations, closed forms, limits and their LaTeX. SymPy only."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
