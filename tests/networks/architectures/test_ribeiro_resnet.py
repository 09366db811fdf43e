"""RibeiroResNet: published counts and Keras' paddings."""

from __future__ import annotations

import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.networks.architectures.ribeiro_resnet import RibeiroResNet, _same_padded


def test_the_published_parameter_counts() -> None:
    module = RibeiroResNet()
    assert sum(p.numel() for p in module.parameters() if p.requires_grad) == 6_421_910
    assert sum(p.numel() for p in module.stem.parameters()) == 12_288
    units = [sum(p.numel() for p in unit.parameters()) for unit in module.units]
    assert units == [401_920, 1_041_936, 1_902_592, 3_032_320]
    statistics = sum(b.numel() for name, b in module.named_buffers() if "running" in name)
    assert statistics == 3_728


@pytest.mark.parametrize(
    ("samples", "stride", "left", "right"), [(4096, 1, 7, 8), (4096, 4, 6, 6), (1024, 4, 6, 6), (30, 4, 7, 7)]
)
def test_padding_is_that_of_keras(samples: int, stride: int, left: int, right: int) -> None:
    padded = _same_padded(torch.ones(1, 1, samples), 16, stride, 0.0)[0, 0]
    assert padded.shape[0] == samples + left + right
    assert padded[:left].sum() == 0
    assert padded[samples + left :].sum() == 0
    assert padded[left] == 1


def test_the_head_reads_time_major_features() -> None:
    module = RibeiroResNet(length=1024).eval()
    seen = []
    handle = module.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    main = []
    inner = module.units[-1].register_forward_hook(lambda *args: main.append(args[-1][0]))
    module(torch.randn(1, 12, 1024, generator=torch.Generator().manual_seed(0)))
    handle.remove()
    inner.remove()
    time_step, channel = 2, 17
    assert seen[0][0, time_step * 320 + channel] == main[0][0, channel, time_step]


def test_another_length_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidInputError, match=r"4096 samples; got 1000\. Pad or cut"):
        RibeiroResNet()(torch.zeros(1, 12, 1000))
