"""What the theory describes, run for real: contexts, linear attention, Bayes-optimal baselines, transformers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
