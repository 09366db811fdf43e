"""EfficientNet: the published counts, dropout and stochastic depth."""

from __future__ import annotations

import pytest
import torch

from pellucid.core.errors import SettingError
from pellucid.networks.architectures.efficient_net import EfficientNet, Scale, _Block, _Excitation


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("scale", "parameters", "eps", "momentum", "dropout"),
    [("b0", 5_288_548, 1e-5, 0.1, 0.2), ("b7", 66_347_960, 1e-3, 0.01, 0.5)],
)
def test_the_published_figures(scale, parameters, eps, momentum, dropout):
    with torch.device("meta"):
        module = EfficientNet(1000, scale=scale)
    assert count(module) == parameters
    assert (module.features[0][1].eps, module.features[0][1].momentum) == (eps, momentum)
    assert module.head[2].p == dropout


def test_four_classes_on_the_body_of_b0():
    with torch.device("meta"):
        assert count(EfficientNet(4)) == 4_012_672
        assert count(EfficientNet(4, channels=1)) == 4_012_672 - 2 * 9 * 32


def test_skipping_rises_linearly_over_the_blocks():
    with torch.device("meta"):
        blocks = [block for stage in EfficientNet(2).features[1:8] for block in stage]
    assert [block.skipped for block in blocks] == pytest.approx([0.2 * place / 16 for place in range(16)])


def test_a_skipped_block_is_its_shortcut_and_a_kept_one_counts_more():
    plain = Scale(1.0, 1.0, 0.0, {})
    block = _Block(8, 8, 1, 3, plain, 1, skipped=0.5)
    x = torch.randn(64, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        added = block.train()(x) - x
        whole = block.block(x)  # batch statistics here too
    for row, full in zip(added, whole, strict=True):
        assert torch.allclose(row, torch.zeros(()), atol=1e-6) or torch.allclose(row, 2 * full, atol=1e-4)
    kept = (added.abs().amax((1, 2, 3)) > 1e-6).float().mean()
    assert 0.3 < kept < 0.7


def test_excitation_weights_channels_by_their_means():
    excitation = _Excitation(2, 1)
    for part in (excitation.fc1, excitation.fc2):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    with torch.no_grad():
        assert excitation(torch.full((1, 2, 2, 2), 3.0)).unique().tolist() == [1.5]  # sigmoid(0) = 1/2


def test_an_unknown_scale_is_told():
    with pytest.raises(SettingError, match="scale 'b3' is not known; known: b0, b7"):
        EfficientNet(2, scale="b3")
