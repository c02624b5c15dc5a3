"""Settings that every test shares: run-time type checks, Hypothesis profiles, global precision."""

import os
import sys

import flint
import hypothesis
import mpmath
import pytest
from jaxtyping import install_import_hook

from .source_tree import checked_modules

# argument types and array shapes are checked in every call
install_import_hook(checked_modules(), "beartype.beartype")

hypothesis.settings.register_profile("local", max_examples=50, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def _reset_precision():
    """No test leaves its precision to the next."""
    yield
    mpmath.mp.prec = 53
    flint.ctx.prec = 53
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)
