"""ConvNet: the counts of both published settings, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.networks.architectures.conv_net import CONV_NET_1, CONV_NET_2, ConvNet


@pytest.mark.parametrize(
    ("settings", "head", "parameters"),
    [
        (CONV_NET_1, "flatten", 73_627),
        (CONV_NET_1, "gap", 42_739),
        (CONV_NET_2, "flatten", 152_122),
        (CONV_NET_2, "gap", 22_522),
    ],
)
def test_the_published_counts(settings, head, parameters):
    assert sum(parameter.numel() for parameter in ConvNet(4, head=head, **settings).parameters()) == parameters


def test_the_sizes_of_the_maps():
    x, sides = torch.zeros(1, 3, 224, 224), []
    for block in ConvNet().eval().features:
        x = block(x)
        sides.append(x.shape[-1])
    assert sides == [111, 54, 26, 12]


def test_the_mean_over_space_reads_any_size():
    module = ConvNet(2, channels=1, head="gap").eval()
    assert module(torch.zeros(2, 1, 120, 97)).shape == (2, 2)


def test_kernel_size_and_dropout_are_settings():
    module = ConvNet(2, channels=1, widths=(8, 8), kernel=5, size=(32, 40), dropout=0.4)
    assert module(torch.zeros(2, 1, 32, 40)).shape == (2, 2)
    assert module.head.in_features == 8 * 5 * 7
    assert module.dropout.p == 0.4


def test_another_size_is_refused_with_the_remedy():
    with pytest.raises(InvalidInputError, match=r"224 x 224 pixels; got 200 x 224\. Stretch"):
        ConvNet()(torch.zeros(1, 3, 200, 224))


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"head": "cam"}, "known: flatten, gap"), ({"size": (20, 20)}, "leaves nothing"), ({"widths": ()}, "0 blocks")],
)
def test_wrong_settings_are_told(settings, told):
    with pytest.raises(SettingError, match=told):
        ConvNet(**settings)
