"""Settings that every test shares: run-time type checks, Hypothesis profiles, global precision."""

import os
import signal
import sys
import threading

import flint
import hypothesis
import mpmath
import pytest
from jaxtyping import install_import_hook

from .source_tree import checked_modules

# every call has its argument types and array shapes checked; an int will do for a float, as usual in typing
install_import_hook(checked_modules(), "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

# a shell starts background commands with interrupts ignored, and commands under test would inherit that
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

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
