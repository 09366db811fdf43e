"""Transfers: what trains, what stays, what is new."""

from __future__ import annotations

import pytest
import torch

from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.networks.architectures.efficient_net import EfficientNet
from pellucid.networks.architectures.resnet50 import ResNet50
from pellucid.networks.architectures.squeeze_net import SqueezeNet
from pellucid.networks.architectures.vgg16 import Vgg16
from pellucid.networks.transfer import freeze, replace_head, trainable, unfreeze


@pytest.mark.parametrize(
    ("kind", "settings", "parameters", "last_map"),
    [
        (Vgg16, {}, 263_682, (512, 4, 4)),
        (ResNet50, {}, 2_359_682, (2048, 5, 5)),
        (EfficientNet, {"scale": "b7"}, 2_949_506, (2560, 5, 5)),
    ],
)
def test_frozen_bodies_leave_the_published_number_of_parameters(kind, settings, parameters, last_map):
    with torch.device("meta"):
        module = kind(2, head="transfer", **settings)
        freeze(module)
        assert trainable(module) == parameters
        assert module.features(torch.empty(1, 3, 150, 150)).shape == (1, *last_map)


def test_a_frozen_body_keeps_weights_and_statistics_in_training():
    module = EfficientNet(2, head="transfer")
    freeze(module)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.train()
    optimiser = torch.optim.SGD([one for one in module.parameters() if one.requires_grad], lr=0.1)
    module(torch.rand(4, 3, 40, 40, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    optimiser.step()
    after = module.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if name.startswith("features"))
    assert not torch.equal(after["head.4.weight"], before["head.4.weight"])


def test_depth_counts_parts_with_weights_from_the_head():
    module = SqueezeNet(2)
    freeze(module)
    head = 2 * 512 + 2
    assert trainable(module) == head
    unfreeze(module, 2)
    last = 512 * 64 + 64 + 64 * 256 + 256 + 64 * 256 * 9 + 256  # the two last fire modules
    before = 384 * 64 + 64 + 64 * 256 + 256 + 64 * 256 * 9 + 256
    assert trainable(module) == head + last + before
    unfreeze(module, 9)
    assert trainable(module) == sum(parameter.numel() for parameter in module.parameters())


def test_an_unfrozen_batch_norm_learns_its_statistics_again():
    module = EfficientNet(2).train()
    freeze(module)
    assert not module.features[8][1].training
    unfreeze(module, 1)
    assert module.features[8][1].training
    assert not module.features[7][0].block[0][1].training


@pytest.mark.parametrize("depth", [-1, 10])
def test_a_depth_that_is_not_there_is_told(depth):
    with pytest.raises(InvalidInputError, match=rf"SqueezeNet must be 0\.\.9 parts; got {depth}"):
        unfreeze(SqueezeNet(2), depth)


@pytest.mark.parametrize("kind", [SqueezeNet, EfficientNet])
def test_a_replaced_head_keeps_all_before_its_last_layer(kind):
    module = kind(5).double().eval()
    body = module.features.state_dict()["0.0.weight" if kind is EfficientNet else "0.weight"].clone()
    replace_head(module, 3)
    assert module(torch.zeros(1, 3, 40, 40, dtype=torch.float64)).shape == (1, 3)
    assert torch.equal(next(module.features.parameters()), body)


def test_grad_cam_after_the_heads_relu_is_the_class_activation_map():
    torch.manual_seed(0)
    module = EfficientNet(2, head="transfer").eval()
    picture = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(3))
    found = method("grad_cam", relu=False)(module, picture, target=1, layer="head.1").cells[:, 0]
    with torch.no_grad():
        maps = module.head[:2](module.features(picture))
        wanted = torch.einsum("bfrc,f->brc", maps, module.head[4].weight[1]) / (3 * 3)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)


def test_an_unknown_head_is_told_with_the_known_ones():
    with pytest.raises(SettingError, match="'transfr' is not known; known: published, transfer"):
        ResNet50(2, head="transfr")
