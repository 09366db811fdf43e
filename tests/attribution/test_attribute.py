from __future__ import annotations

import pytest
import torch

import zoo
from pellucid.attribution.attribute import attribute
from pellucid.attribution.method import method
from pellucid.core.errors import PellucidWarning, SettingError


def test_relevance_alone():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    assert torch.equal(attribute(module, x, "saliency", target=1), method("saliency")(module, x, target=1).relevance)
    assert attribute(module, x, method="saliency", target="all", signed=True).shape == (3, 3, 4, 24)
    assert attribute(module, x, "grad_cam", target=0, layer="features.4", relu=False).shape == (3, 1, 24)


def test_a_baseline_is_a_setting_or_a_tensor():
    module, x = zoo.network("flat_head", 1), zoo.inputs(1)
    zero = attribute(module, x, "integrated_gradients", target=1)
    assert torch.equal(zero, attribute(module, x, "integrated_gradients", target=1, baseline="zero"))
    assert torch.equal(zero, attribute(module, x, "integrated_gradients", target=1, baseline=torch.zeros_like(x)))
    asked = method("integrated_gradients")
    with pytest.warns(PellucidWarning, match="zero everywhere"):
        assert attribute(module, x, asked, target=1, baseline=x).abs().sum() == 0
    with pytest.raises(SettingError, match="in it already"):
        attribute(module, x, asked, target=1, steps=3)


def test_what_the_inner_method_takes_at_the_call_reaches_it():
    module, x = zoo.network("flat_head", 1), zoo.inputs(1)
    settings = {"of": {"name": "integrated_gradients"}, "samples": 2}
    asked = method("smooth_grad", **settings)
    expected = asked(module, x, target=1, baseline=x).relevance
    assert torch.equal(attribute(module, x, "smooth_grad", target=1, baseline=x, **settings), expected)
    assert torch.equal(attribute(module, x, asked, target=1, baseline=x), expected)
    assert not torch.equal(attribute(module, x, asked, target=1), expected)
    with pytest.raises(SettingError, match="'saliency' takes no 'baseline' at the call"):
        attribute(module, x, "smooth_grad", target=1, baseline=x)


def test_a_setting_that_is_nearly_right_is_guessed():
    with pytest.raises(SettingError, match="Did you mean 'window'"):
        attribute(zoo.network("plain", 2), zoo.inputs(2), "occlusion", target=0, windw=(3, 3))


def test_reserves_are_warnings():
    with pytest.warns(PellucidWarning, match=r"integrated_gradients: .* more steps than 2"):
        attribute(zoo.network("plain", 1), zoo.inputs(1), "integrated_gradients", target=0, steps=2)
