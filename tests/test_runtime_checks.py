"""The suite runs with argument types and array shapes checked in every call."""

import importlib

import pytest
from jaxtyping import TypeCheckError

import taskalign as ta

from .source_tree import checked_modules


def test_the_check_fires():
    ta.Spectrum.isotropic(2)
    with pytest.raises(TypeCheckError):
        ta.Spectrum.isotropic("2")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("module", checked_modules())
def test_module_is_checked(module):
    loader = importlib.import_module(module).__loader__
    assert type(loader).__module__.startswith("jaxtyping")
