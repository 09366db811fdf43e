from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import METHODS, Method, method
from pellucid.attribution.methods.grad_cam import GradCam
from pellucid.core.errors import InvalidInputError, SettingError, UnknownNameError


def test_a_method_by_name_with_its_settings():
    assert method("grad-cam", relu=False) == GradCam(relu=False)
    assert method("GRAD_CAM") == GradCam()
    assert method(GradCam(relu=False)).kind == "signed"


def test_every_method_is_called_as_its_file():
    assert {name: METHODS[name]().name for name in METHODS} == {name: name for name in METHODS}
    assert all(issubclass(METHODS[name], Method) for name in METHODS)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: method("gradcam"), UnknownNameError, "Did you mean 'grad_cam'"),
        (lambda: method("grad_cam", rellu=True), SettingError, "Did you mean 'relu'"),
        (lambda: method("grad_cam", relu="yes"), SettingError, "relu"),
        (lambda: method("grad_cam", layer=nn.ReLU()), SettingError, "Give it at the call"),
        (lambda: method("integrated_gradients", baseline=torch.zeros(1)), SettingError, "Give it at the call"),
        (lambda: method("random", seed=-1), SettingError, "0 or more"),
        (lambda: method(GradCam(), relu=False), SettingError, "in it already"),
        (lambda: method(3), InvalidInputError, "a name or a Method"),
    ],
)
def test_wrong_names_and_settings_are_said_in_words(ask, error, words):
    with pytest.raises(error, match=words):
        ask()


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        method("random").seed = 3


def test_a_layer_is_recorded_by_its_name():
    module = zoo.network("plain", 1)
    answer = method("grad_cam", layer="features.0")(module, zoo.inputs(1), target=0, layer=module.features[4])
    assert answer.settings["layer"] == answer.geometry.layer == "features.4"
    with pytest.raises(UnknownNameError, match=r"layer 'features\.9'"):
        method("grad_cam", layer="features.9")(module, zoo.inputs(1), target=0)
    with pytest.raises(SettingError, match="looks at no layer"):
        method("saliency")(module, zoo.inputs(1), target=0, layer="features.0")


def test_a_wrong_memory_is_said():
    with pytest.raises(InvalidInputError, match="'2GiB'"):
        method("saliency")(zoo.network("plain", 1), zoo.inputs(1), target=0, memory="plenty")


def test_a_module_only():
    with pytest.raises(InvalidInputError, match=r"torch\.nn\.Module"):
        method("saliency")(lambda x: x, zoo.inputs(1))
