from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.forward import Forward
from pellucid.attribution.inside.activations import activations
from pellucid.core.errors import InvalidInputError, NotApplicableError, UnknownNameError


@pytest.mark.parametrize("dim", [1, 2])
def test_the_values_are_the_layers_and_lie_at_the_true_centres(dim):
    module, x = zoo.network("plain", dim), zoo.inputs(dim)
    found = activations(module, x, "features.4")
    with torch.no_grad():
        expected = module.features[:5](x)
    assert torch.allclose(found.values, expected, atol=1e-6)
    assert found.geometry.layer == "features.4"
    assert (found.geometry.offset, found.geometry.jump) == ((0.5,) * dim, (2.0,) * dim)  # two samples pooled
    assert not found.guessed
    assert found.channels == tuple(range(zoo.WIDTH))


def test_one_channel_and_the_submodule_itself():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    every, one = activations(module, x, module.features[0]), activations(module, x, "features.0", 2)
    assert torch.equal(one.values, every.values[:, 2:3])
    assert one.channels == (2,)
    numpys = activations(module, x, "features.0", np.int64(2))
    assert torch.equal(numpys.values, one.values)
    assert numpys.channels == (2,)


def test_without_a_layer_the_last_with_time_before_the_pooling():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    assert torch.equal(activations(module, x).values, activations(module, x, "features.5").values)


def test_leads_that_are_kept_apart_have_an_axis():
    module, x = zoo.network("leads_apart", 1), zoo.inputs(1)
    found = activations(module, x, "unfolded", 3)
    assert found.values.shape == (3, 4, 1, 12)
    assert found.geometry.by_lead
    assert found.axis == 2
    assert activations(module, x, "unfolded").values.shape == (3, 4, 5, 12)


def test_dead_channels_are_those_that_no_input_wakes():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    with torch.no_grad():
        module.features[4].weight[1], module.features[4].bias[1] = 0.0, -1.0
        module.features[4].weight[4], module.features[4].bias[4] = 0.0, 0.0
    assert activations(module, x, "features.5").dead == (1, 4)
    assert activations(module, x, "features.5", 4).dead == (4,)
    assert activations(module, x, "features.4").dead == (4,)  # before the rectifier channel 1 is -1


def test_little_memory_changes_nothing():
    module, x = zoo.network("attention", 1), zoo.inputs(1, 5)
    assert torch.allclose(activations(module, x).values, activations(module, x, memory=1).values, atol=1e-6)


def test_no_pass_is_kept_while_others_are_made():
    module, alive = zoo.network("plain", 1), []

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, x):
            alive.append(sum(type(thing) is Forward for thing in gc.get_objects()))
            return self.inner(x)

    gc.disable()
    try:
        before = sum(type(thing) is Forward for thing in gc.get_objects())
        activations(Watched().eval(), zoo.inputs(1, 5), "inner.features.0", memory=1)
    finally:
        gc.enable()
    assert alive == [before + 1] * 5  # its own


def test_the_module_is_left_as_it_was_and_not_called_in_training_mode():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    kept = {name: value.clone() for name, value in module.state_dict().items()}
    activations(module, x)
    assert all(torch.equal(kept[name], value) for name, value in module.state_dict().items())
    assert not any(part._forward_hooks for part in module.modules())
    with pytest.raises(NotApplicableError, match="training mode"):
        activations(module.train(), x)
    assert module.training


@pytest.mark.parametrize(
    ("layer", "channel", "error", "words"),
    [
        ("features.9", None, UnknownNameError, "features.9"),
        ("features.0", 6, InvalidInputError, "0 to 5, for features.0 has 6; got 6"),
        ("features.0", -1, InvalidInputError, "got -1"),
        ("features.0", True, InvalidInputError, "got True"),
        ("head.1", None, NotApplicableError, "before the pooling"),
        (nn.ReLU(), None, InvalidInputError, "not part of it"),
    ],
)
def test_wrong_questions_are_errors_in_words(layer, channel, error, words):
    with pytest.raises(error, match=words):
        activations(zoo.network("plain", 1), zoo.inputs(1), layer, channel)
