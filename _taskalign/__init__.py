"""Theory of in-context learning: every formula once, and everything else made from it."""

import lazy_loader

__version__ = "0.1.0"

# the names stand in __init__.pyi; each is imported when it is first used, so that `import taskalign` is quick
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
