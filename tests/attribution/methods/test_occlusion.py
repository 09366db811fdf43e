from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, SettingError


class Linear(nn.Module):
    """Three logits, each a weighted sum of the samples."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(3)
        self.weight = nn.Parameter(torch.randn(3, *shape, generator=draw, dtype=torch.float64))

    def forward(self, x):
        return x.flatten(1) @ self.weight.flatten(1).T


@pytest.mark.parametrize("dim", [1, 2])
def test_without_overlap_a_window_of_a_linear_network_has_its_own_part_of_the_score(dim):
    module, x = Linear(*zoo.SHAPES[dim]), zoo.inputs(dim, dtype=torch.float64)
    answer = method("occlusion", window=4, stride=4, baseline=0.5)(module, x, target=[2, 0, 1])
    parts = module.weight.detach()[[2, 0, 1]] * (x - 0.5)
    pool = nn.functional.avg_pool1d if dim == 1 else nn.functional.avg_pool2d
    wanted = pool(parts.sum(1, keepdim=True), 4) * 4**dim
    for axis in range(2, 2 + dim):
        wanted = wanted.repeat_interleave(4, axis)
    assert torch.allclose(answer.relevance, wanted.expand_as(x), atol=1e-13)
    assert answer.base is None


def test_each_channel_by_itself():
    module, x = Linear(4, 24), zoo.inputs(1, 2, dtype=torch.float64)
    answer = method("occlusion", window=1, channels="each")(module, x, target="all")
    assert torch.allclose(answer.relevance, module.weight.detach() * x[:, None], atol=1e-13)


def test_centred_windows_of_one_sample_are_the_samples_own():
    module, x = Linear(4, 24), zoo.inputs(1, 2, dtype=torch.float64)
    answer = method("occlusion", window=3, stride=1, spread="centre")(module, x, target=1)
    each = (module.weight.detach()[1] * x).sum(1, keepdim=True)
    wanted = nn.functional.conv1d(each, torch.ones(1, 1, 3, dtype=torch.float64), padding=1)
    assert torch.allclose(answer.relevance, wanted.expand_as(x), atol=1e-13)


def test_features_are_replaced_one_by_one():
    module, x = Linear(5), torch.arange(10.0, dtype=torch.float64).reshape(2, 5)
    answer = method("occlusion")(module, x, target=0)
    assert torch.allclose(answer.relevance, module.weight.detach()[0] * x, atol=1e-13)


def test_a_baseline_may_be_given_at_the_call():
    module, x, start = Linear(4, 24), zoo.inputs(1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64, seed=9)
    ask = method("occlusion", window=1, channels="each")
    whole = ask(module, x, target=2, baseline=start).relevance
    assert torch.allclose(whole, module.weight.detach()[2] * (x - start), atol=1e-13)
    one = ask(module, x, target=2, baseline=start[0]).relevance
    assert torch.allclose(one, module.weight.detach()[2] * (x - start[:1]), atol=1e-13)
    with pytest.raises(InvalidInputError, match="shape of one input"):
        ask(module, x, target=2, baseline=start[:, :2])


def test_several_inputs_are_replaced_in_turn_with_baselines_of_their_own():
    class Product(nn.Module):
        def forward(self, x, y):
            return (x.sum(-1) * y).sum(1)

    x, y = torch.ones(2, 1, 3, dtype=torch.float64), torch.tensor([[2.0], [5.0]], dtype=torch.float64)
    answer = method("occlusion", window=1)(Product(), (x, y), baseline=(torch.zeros_like(x), torch.ones_like(y)))
    assert answer.relevance[0][:, 0].tolist() == [[2, 2, 2], [5, 5, 5]]
    assert answer.relevance[1].tolist() == [[3], [12]]
    with pytest.raises(InvalidInputError, match="each of the 2 inputs"):
        method("occlusion")(Product(), (x, y), baseline=torch.zeros_like(x))


def test_what_it_reports_of_its_progress_are_windows(monkeypatch):
    from pellucid.core.progress import shown_by

    seen = []

    def display(title, total):
        return lambda done: seen.append((title, total, done))

    with shown_by(display):
        method("occlusion", window=1, stride=1)(Linear(4, 24), zoo.inputs(1, 2, dtype=torch.float64), target=0)
    assert seen[-1] == ("occlusion", 48, 48)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": 0}, "window must be 1 or more"),
        ({"stride": (4, 0)}, "stride must be 1 or more"),
        ({"baseline": "nought"}, "zero, mean, median, blurred, interpolation, noise"),
        ({"channels": "pairs"}, "channels"),
        ({"spread": "wide"}, "spread"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(SettingError, match=words):
        method("occlusion", **settings)
