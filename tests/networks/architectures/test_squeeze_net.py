"""SqueezeNet: the published count and maps, and a fire module by hand."""

from __future__ import annotations

import torch

from pellucid.networks.architectures.squeeze_net import SqueezeNet, _Fire


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_counts():
    assert count(SqueezeNet(1000)) == 1_235_496
    assert count(SqueezeNet(4, channels=1)) == 1_235_496 - 996 * 513 - 2 * 9 * 64


def test_the_head_for_transfers_is_that_of_vgg16():
    assert count(SqueezeNet(2, head="transfer").head) == 263_682


def test_the_last_map_is_rounded_up_when_pooled():
    with torch.device("meta"):
        assert SqueezeNet(2).features(torch.empty(1, 3, 224, 224)).shape == (1, 512, 13, 13)
        assert SqueezeNet(2).features(torch.empty(1, 3, 17, 17)).shape == (1, 512, 1, 1)


def test_a_fire_module_puts_its_two_halves_side_by_side():
    fire = _Fire(1, 1, 1)
    for part in (fire.squeeze, fire.expand1x1, fire.expand3x3):
        torch.nn.init.ones_(part.weight)
        torch.nn.init.zeros_(part.bias)
    with torch.no_grad():
        out = fire(torch.ones(1, 1, 3, 3))
    assert out[0, 0].tolist() == [[1, 1, 1]] * 3
    assert out[0, 1].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_no_logit_is_below_zero():
    module = SqueezeNet(3).eval()
    with torch.no_grad():
        module.head[1].bias.fill_(-1e6)
        assert module(torch.rand(1, 3, 40, 40)).tolist() == [[0.0, 0.0, 0.0]]
