from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from pellucid.attribution.baseline import blurred, checked, given, median, reference
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.randomness import torch_generator

X = torch.tensor([[[1.0, 2.0, 9.0, 4.0], [0.0, 0.0, 1.0, 3.0]]])


def test_zero_a_number_mean_and_median():
    assert reference("zero", X).abs().sum() == 0
    assert (reference(-1.5, X) == -1.5).all()
    assert reference("mean", X)[0, :, 0].tolist() == [4.0, 1.0]
    assert reference("median", X)[0].tolist() == [[3.0] * 4, [0.5] * 4]
    assert reference("median", X).shape == X.shape


def test_the_middle_of_an_even_number_lies_between():
    assert median(torch.tensor([3.0, 1.0, 2.0])) == 2
    assert median(torch.tensor([4.0, 1.0, 2.0, 3.0])) == 2.5


@pytest.mark.parametrize("shape", [(2, 3, 500), (1, 2, 60, 40)])
def test_blurring_keeps_a_constant_and_spreads_a_spike_over_two_percent(shape):
    assert torch.allclose(reference("blurred", torch.ones(shape)), torch.ones(shape), atol=1e-5)
    x = torch.zeros(shape)
    middle = tuple(size // 2 for size in shape[2:])
    x[0, 0, *middle] = 1
    found = reference("blurred", x)[0, 0]
    assert float(found.sum()) == pytest.approx(1, abs=1e-5)
    offsets = torch.arange(shape[-1]) - middle[-1]
    spread = float((found.flatten(0, -2).sum(0) if found.ndim > 1 else found) @ offsets.float() ** 2)
    assert spread**0.5 == pytest.approx(max(1.0, 0.02 * shape[-1]), rel=0.05)


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 1)])
def test_nothing_can_be_blurred_without_space_or_time(shape):
    module = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    with pytest.raises(
        InvalidInputError, match=r"must have an axis in space or time.*got an input of the shape \(2, 6"
    ):
        method("integrated_gradients", baseline="blurred")(module, torch.rand(shape), target=0)


def test_an_age_beside_a_signal_is_not_blurred():
    class Both(nn.Module):
        def forward(self, signal, age):
            return signal.flatten(1)[:, :2] * 2 + age

    age = torch.tensor([[40.0]])
    answer = method("integrated_gradients", baseline="blurred", steps=2)(Both(), (torch.rand(1, 2, 9), age), target=0)
    assert answer.relevance[1].abs().max() == 0
    assert answer.relevance[0].abs().max() > 0


@pytest.mark.parametrize("sigmas", [(0.5, 2.3), (4.0, 1.0)])
def test_each_axis_is_blurred_by_its_own_gaussian_as_scipys(sigmas):
    x = torch.rand(2, 3, 9, 11, dtype=torch.float64, generator=torch_generator(0))
    theirs = gaussian_filter(x.numpy(), sigma=(0, 0, *sigmas), mode="nearest")
    assert np.allclose(blurred(x, sigmas).numpy(), theirs, atol=1e-12)


@pytest.mark.parametrize("value", ["nought", True, float("nan")])
def test_an_unknown_baseline_is_refused(value):
    with pytest.raises(SettingError, match="zero, mean, median, blurred"):
        checked(value)


def test_a_given_baseline_is_for_one_or_for_all():
    assert given(torch.ones(2, 4), X.repeat(3, 1, 1)).shape == (3, 2, 4)
    assert given(torch.ones(1, 2, 4), X.repeat(3, 1, 1)).shape == (3, 2, 4)
    with pytest.raises(InvalidInputError, match=r"\(2, 4\), or of all, \(1, 2, 4\); got \(3,\)"):
        given(torch.ones(3), X)


def test_a_name_at_the_call_is_a_setting():
    with pytest.raises(InvalidInputError, match=r"must be a tensor; got 'mean'\. A name or a number is a setting"):
        given("mean", X)
    with pytest.raises(InvalidInputError, match=r"From numpy: torch\.from_numpy"):
        given(X.numpy(), X)
