"""The suite runs with argument types and array shapes checked in every call."""

import importlib

import pytest
from jaxtyping import TypeCheckError
from sympy import true

from taskalign.derive.equation import Equation

from .source_tree import checked_modules


def test_the_check_fires():
    right = {"name": "a", "title": "A", "statement": true, "source": "", "section": ""}
    Equation(**right)
    with pytest.raises(TypeCheckError):
        Equation(**right | {"name": 1})


@pytest.mark.parametrize("module", checked_modules())
def test_module_is_checked(module):
    loader = importlib.import_module(module).__spec__.loader
    assert type(loader).__module__.startswith("jaxtyping")
