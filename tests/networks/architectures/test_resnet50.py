"""ResNet50: the published count, strides, and a block worked out step by step."""

from __future__ import annotations

import torch

from pellucid.networks.architectures.resnet50 import ResNet50, _Bottleneck


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_counts():
    with torch.device("meta"):
        assert count(ResNet50(1000)) == 25_557_032
        assert count(ResNet50(2, channels=1).features) == 23_508_032 - 2 * 49 * 64
        assert [len(stage) for stage in ResNet50(2).features][1:] == [3, 4, 6, 3]


def test_the_sizes_of_the_maps():
    with torch.device("meta"):
        x, shapes = torch.empty(1, 3, 224, 224), []
        for stage in ResNet50(2).features:
            x = stage(x)
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(64, 56, 56), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]


def test_a_block_adds_its_shortcut_before_the_last_relu():
    block = _Bottleneck(8, 2, 1).eval()
    torch.nn.init.zeros_(block.bn3.weight)
    x = torch.randn(1, 8, 5, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(block(x), x.relu())
