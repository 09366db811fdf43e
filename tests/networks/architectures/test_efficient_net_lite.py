"""EfficientNet-Lite0: the published count and names, and TensorFlow's padding by hand."""

from __future__ import annotations

import torch

from pellucid.networks.architectures.efficient_net import _Excitation, _Same
from pellucid.networks.architectures.efficient_net_lite import EfficientNetLite
from pellucid.networks.imagenet import published_shapes


def test_the_published_count_and_what_it_is_made_of():
    with torch.device("meta"):
        module = EfficientNetLite(1000)
    assert sum(parameter.numel() for parameter in module.parameters()) == 4_652_008
    kinds = {type(part) for part in module.modules()}
    assert torch.nn.ReLU6 in kinds
    assert not kinds & {torch.nn.SiLU, _Excitation}
    assert (module.features[0][1].eps, module.features[0][1].momentum) == (1e-3, 0.01)


def test_names_and_shapes_are_those_of_the_published_file():
    with torch.device("meta"):
        shapes = published_shapes(EfficientNetLite(2))
    assert len(shapes) == 296
    assert {name: tuple(shapes[name]) for name in ("_conv_stem.weight", "_conv_head.weight", "_fc.weight")} == {
        "_conv_stem.weight": (32, 3, 3, 3),
        "_conv_head.weight": (1280, 320, 1, 1),
        "_fc.weight": (1000, 1280),
    }
    assert shapes["_blocks.0._depthwise_conv.weight"] == (32, 1, 3, 3)  # the first block does not widen
    assert shapes["_blocks.15._expand_conv.weight"] == (1152, 192, 1, 1)
    assert shapes["_bn1.running_var"] == (1280,)
    assert "_blocks.0._bn0.weight" not in shapes
    assert not [name for name in shapes if name.startswith("features")]


def test_a_stride_is_padded_at_the_end_first():
    convolution = _Same(1, 1, 3, 2, 0, bias=False)
    torch.nn.init.ones_(convolution.weight)
    ramp = torch.arange(1.0, 5.0).expand(1, 1, 4, 4)
    with torch.no_grad():
        even = convolution(ramp)  # one zero at the end: columns 1 2 3, 3 4 0
        odd = convolution(torch.arange(1.0, 6.0).expand(1, 1, 5, 5))  # one at either end: 0 1 2, 2 3 4, 4 5 0
    assert even[0, 0].tolist() == [[18, 21], [12, 14]]
    assert odd[0, 0, 1].tolist() == [9, 27, 27]


def test_the_last_map():
    with torch.device("meta"):
        assert EfficientNetLite(2).features(torch.empty(1, 3, 150, 150)).shape == (1, 1280, 5, 5)
        assert EfficientNetLite(2, channels=1).features(torch.empty(1, 1, 96, 96)).shape == (1, 1280, 3, 3)
