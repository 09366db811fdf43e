from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from pellucid.attribution.inside.regularisers import (
    blurred,
    decayed,
    without_small_contributions,
    without_small_norms,
)


def test_decay_takes_a_share_away():
    assert decayed(torch.tensor([[2.0, -1.0]]), 0.25).tolist() == [[1.5, -0.75]]


@pytest.mark.parametrize("shape", [(2, 30), (3, 9, 11)])
@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.3])
def test_the_blur_is_scipys(shape, sigma):
    x = np.random.default_rng(0).standard_normal(shape)
    theirs = gaussian_filter(x, sigma=(0, *(sigma,) * (len(shape) - 1)), mode="nearest")
    assert np.allclose(blurred(torch.from_numpy(x), sigma).numpy(), theirs, atol=1e-12)


def test_small_norms_are_those_below_the_percentile_over_positions():
    x = torch.tensor([[3.0, 0.0, 1.0, 6.0, 0.1], [4.0, 2.0, 0.0, 8.0, 0.1]])
    # norms 5, 2, 1, 10, 0.14; their median is 2
    assert without_small_norms(x, 50).tolist() == [[3, 0, 0, 6, 0], [4, 2, 0, 8, 0]]
    assert torch.equal(without_small_norms(x, 0), x)
    assert without_small_norms(x, 100).abs().sum() == 14


def test_small_contributions_are_sums_over_channels_so_that_opposites_cancel():
    x = torch.tensor([[1.0, 2.0, 3.0, 0.5], [1.0, 1.0, 0.0, 0.5]])
    gradient = torch.tensor([[5.0, 1.0, -1.0, 1.0], [-5.0, 1.0, 9.0, 1.0]])
    # |sums| 0, 3, 3, 1
    assert without_small_contributions(x, gradient, 60).tolist() == [[0, 2, 3, 0], [0, 1, 0, 0]]


def test_percentiles_between_positions_are_numpys():
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((1, 40)))
    least = np.percentile(np.abs(x.numpy()), 33)
    assert torch.equal(without_small_norms(x, 33) != 0, x.abs() >= least)
