"""BeatNet: the published counts, and Keras' order of features."""

from __future__ import annotations

import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.networks.architectures.beat_net import BeatNet


def test_the_published_counts():
    for module in (BeatNet(), BeatNet(legacy_186=True)):
        assert sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad) == 120_829
        statistics = sum(value.numel() for name, value in module.named_buffers() if "running" in name)
        assert 120_829 + statistics == 121_053


def test_the_published_net_never_sees_the_last_sample():
    long, short = BeatNet().eval(), BeatNet(legacy_186=True).eval()
    short.load_state_dict(long.state_dict())
    beat = torch.rand(2, 1, 187, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(long(beat), short(beat[..., :186]))  # the pooling drops it in both


def test_the_dense_layer_reads_time_major():
    module = BeatNet().eval()
    beat = torch.rand(1, 1, 187, generator=torch.Generator().manual_seed(0))
    seen = []
    module.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        module(beat)
        assert seen[0][0, 3 * 64 + 7] == module.body(beat)[0, 7, 3]


def test_the_layer_for_class_activation_is_the_last_relu():
    module = BeatNet()
    layer = module.get_submodule(module.layer)
    assert isinstance(layer, torch.nn.ReLU)
    assert [isinstance(part, torch.nn.Conv1d) for part in module.body][7] is True


def test_biases_begin_at_zero_and_norms_are_those_of_keras():
    module = BeatNet()
    assert module.head[2].bias.tolist() == [0.0] * 5
    assert (module.body[2].eps, module.body[2].momentum) == (1e-3, 0.01)


def test_another_length_is_refused_with_the_remedy():
    with pytest.raises(InvalidInputError, match=r"187 samples.*got 186\..*legacy_186"):
        BeatNet()(torch.zeros(1, 1, 186))
