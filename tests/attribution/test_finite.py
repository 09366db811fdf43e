from __future__ import annotations

from math import inf, nan

import pytest
import torch

from pellucid.attribution.finite import all_finite


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.complex64])
def test_one_number_that_is_not_finite_is_found(dtype):
    x = torch.ones(3, 4, dtype=dtype)
    assert all_finite(x)
    for wrong in (nan, inf, -inf):
        x[1, 2] = wrong
        assert not all_finite(x)
    x[0, 0] = -x[1, 2]  # two that cancel
    assert not all_finite(x)


def test_large_numbers_whose_sum_overflows_are_finite():
    assert all_finite(torch.full((4,), 3e38))


def test_no_numbers_are_finite():
    assert all_finite(torch.empty(0))
