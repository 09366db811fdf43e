from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.occluding.fills import checked
from pellucid.core.errors import InvalidInputError, SettingError


class Samples(nn.Module):
    """Every sample is a logit."""

    def forward(self, x):
        return x.flatten(1)


def replaced(x, baseline, window=3, **settings):
    """Return what each sample is replaced with, where windows do not overlap and hold one channel."""
    ask = method("occlusion", baseline=baseline, window=window, stride=window, channels="each", **settings)
    drops = ask(Samples(), x, target="all").relevance.flatten(2)
    return x - torch.diagonal(drops, dim1=1, dim2=2).reshape(x.shape)


@pytest.mark.parametrize("dim", [1, 2])
def test_the_known_baselines(dim):
    x = zoo.inputs(dim, dtype=torch.float64)
    flat = x.flatten(2)
    assert torch.allclose(replaced(x, "zero"), torch.zeros_like(x))
    assert torch.allclose(replaced(x, 0.25), torch.full_like(x, 0.25))
    middle = flat.mean(-1).reshape(*x.shape[:2], *(1,) * dim)
    assert torch.allclose(replaced(x, "mean"), middle.expand_as(x))
    assert torch.allclose(replaced(x, "median").flatten(2)[..., 0], flat.quantile(0.5, -1))


def test_interpolation_is_the_line_across_the_gap():
    x = torch.tensor([[[0.0, 9, 9, 4, 5, 9, 9, 8]]], dtype=torch.float64)
    wanted = [4.0, 4, 4, 4.75, 5.5, 6.25, 6.25, 6.25]  # 0..2 from 4; 3..5 from 9 at 2 to 9 at 6; 6, 7 from 9 at 5
    wanted[3:6], wanted[6:] = [9, 9, 9], [9, 9]
    assert replaced(x, "interpolation")[0, 0].tolist() == pytest.approx(wanted)
    y = torch.tensor([[[1.0, 7, 7, 7, 3]]], dtype=torch.float64)
    inside = method("occlusion", baseline="interpolation", window=3, stride=1, spread="centre")
    drops = inside(Samples(), y, target="all").relevance[0, :, 0, 2]  # the window of samples 1 to 3
    assert (y.flatten() - drops).tolist() == pytest.approx([1, 1.5, 2, 2.5, 3])


def test_interpolation_needs_one_axis_and_a_neighbour():
    with pytest.raises(InvalidInputError, match="along one axis"):
        replaced(zoo.inputs(2), "interpolation")
    with pytest.raises(InvalidInputError, match="covers all of them"):
        replaced(zoo.inputs(1), "interpolation", window=24)


@pytest.mark.parametrize("shape", [(2, 3, 4000), (2, 3, 60, 70), (2, 4000)])
def test_noise_has_each_channels_mean_and_variance_and_follows_from_seed_and_sample(shape):
    from pellucid.attribution.occluding.fills import _noise

    x = 3 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    noise = torch.stack([_noise(row, 0, 0) for row in x])
    axis = -1 if len(shape) == 2 else 2
    assert torch.allclose(noise.flatten(axis).mean(-1), x.flatten(axis).mean(-1), atol=0.2)
    assert torch.allclose(noise.flatten(axis).std(-1), x.flatten(axis).std(-1), atol=0.2)
    assert torch.equal(noise[1], _noise(x[1], 0, 0))
    assert not torch.allclose(noise[1], _noise(x[1], 1, 0))
    assert not torch.allclose(noise[1], noise[0])


def test_noise_is_drawn_once_for_all_windows_of_a_sample():
    x = zoo.inputs(1, dtype=torch.float64)
    assert torch.allclose(replaced(x, "noise", 3), replaced(x, "noise", 8))
    assert not torch.allclose(replaced(x, "noise"), replaced(x, "noise", seed=1))


def test_unknown_baselines():
    for wrong in ("nought", float("nan"), True):
        with pytest.raises(SettingError, match="baseline"):
            checked(wrong)
    for known in ("zero", "interpolation", "noise", 0.5):
        assert checked(known) is None
