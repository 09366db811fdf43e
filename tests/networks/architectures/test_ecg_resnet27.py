"""EcgResnet27: sizes, Keras' padding at an even kernel, the shortcut of its last block."""

from __future__ import annotations

import torch
from torch import nn

from pellucid.networks.architectures.ecg_resnet27 import EcgResnet27


def test_the_sizes_of_the_published_file():
    module = EcgResnet27()
    assert sum(parameter.numel() for parameter in module.parameters()) == 513_819
    assert [block.convolutions[0].weight.shape for block in module.blocks] == [(64, 12, 8), (128, 64, 8), (128, 128, 8)]
    assert isinstance(module.blocks[2].shortcut, nn.Identity)


def test_a_block_is_its_shortcut_where_the_convolutions_say_nothing():
    block = EcgResnet27().blocks[2].eval()
    nn.init.zeros_(block.norms[2].weight)
    x = torch.randn(1, 128, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(block(x), torch.relu(x / (1 + 1e-3) ** 0.5))


def test_eight_samples_reach_three_back_and_four_ahead():
    convolution = EcgResnet27().blocks[0].convolutions[0]
    nn.init.ones_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    spike = torch.zeros(1, 12, 20)
    spike[0, 0, 10] = 1
    with torch.no_grad():
        assert convolution(spike)[0, 0].nonzero().ravel().tolist() == list(range(6, 14))  # 10 - 4 to 10 + 3
