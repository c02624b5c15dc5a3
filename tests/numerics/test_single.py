"""Single numbers and single spectra."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.numerics import InputError
from taskalign.numerics.single import number, one_spectrum


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2.0), torch.tensor(2.0)], ids=repr)
def test_a_number_in_any_library_is_a_float(value) -> None:
    found = number("kappa", value)
    assert (found, type(found)) == (2.0, float)


@pytest.mark.parametrize("value", [[1.0, 2.0], [2.0], torch.ones(2), "2", None, 2j, 0.0, -1, np.nan, np.inf], ids=repr)
def test_what_is_no_number_is_named(value) -> None:
    with pytest.raises(InputError, match=r"^kappa: "):
        number("kappa", value)


def test_zero_where_it_is_allowed() -> None:
    assert number("rho", 0, zero=True) == 0
    with pytest.raises(InputError, match=r"^rho: -1\.0 "):
        number("rho", -1, zero=True)


@pytest.mark.parametrize("value", [[1.0, 2.0], np.ones(2), None, ta.Spectrum.batch(np.ones((2, 3)))], ids=repr)
def test_what_is_no_single_spectrum_is_named(value) -> None:
    with pytest.raises(InputError, match=r"^spectrum: .* is not allowed"):
        one_spectrum(value)


def test_a_spectrum_is_itself() -> None:
    spectrum = ta.Spectrum([1.0, 2.0])
    assert one_spectrum(spectrum) is spectrum
