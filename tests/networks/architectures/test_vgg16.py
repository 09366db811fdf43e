"""Vgg16: the published count, and the layers between which it stands."""

from __future__ import annotations

import torch
from torch import nn

from pellucid.networks.architectures.vgg16 import Vgg16


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_counts():
    with torch.device("meta"):
        assert count(Vgg16(1000)) == 138_357_544
        assert count(Vgg16(2, head="transfer").features) == 14_714_688
        assert count(Vgg16(2, channels=1).features) == 14_714_688 - 2 * 9 * 64


def test_five_blocks_halve_the_picture():
    with torch.device("meta"):
        module = Vgg16(7)
        assert module.features(torch.empty(1, 3, 224, 224)).shape == (1, 512, 7, 7)
        assert module(torch.empty(2, 3, 150, 150)).shape == (2, 7)


def test_a_half_is_dropped_between_the_dense_layers():
    with torch.device("meta"):
        assert [part.p for part in Vgg16(2).head if isinstance(part, nn.Dropout)] == [0.5, 0.5]
