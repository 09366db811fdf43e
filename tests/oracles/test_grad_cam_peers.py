"""torchcam 0.5 is right for each sample of a batch; pytorch-grad-cam 1.5.7 is not, nor in 1-D: theirs and ours."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest
import torch

import zoo
from pellucid.attribution.method import method

LAYER = "features.5"


@pytest.fixture(scope="module")
def grad_cam():
    """pytorch-grad-cam, which imports from torchvision what its Grad-CAM never calls."""
    empty = {
        f"torchvision{end}": ModuleType(f"torchvision{end}") for end in ("", ".transforms", ".transforms.functional")
    }
    for part in empty.values():
        part.resize = part.Compose = part.Normalize = part.ToTensor = None
    with pytest.MonkeyPatch.context() as patch:
        for name, part in empty.items():
            patch.setitem(sys.modules, name, part)
        yield importlib.import_module("pytorch_grad_cam")


def test_a_batch_in_torchcam_is_ours_cell_by_cell():
    from torchcam.methods import GradCAM

    module, x = zoo.network("plain", 2, dtype=torch.float64), zoo.inputs(2, 4, dtype=torch.float64)
    with GradCAM(module, LAYER) as theirs:
        maps = theirs([0, 2, 1, 0], module(x), normalized=False)[0]
    ours = method("grad_cam")(module, x, target=[0, 2, 1, 0], layer=LAYER).cells
    assert ours.abs().max() > 0
    assert torch.allclose(ours[:, 0], maps, rtol=1e-9, atol=1e-12)


def test_one_target_for_four_pictures_is_three_empty_maps_in_pytorch_grad_cam(grad_cam):
    targets = importlib.import_module("pytorch_grad_cam.utils.model_targets")
    module, x = zoo.network("plain", 2), zoo.inputs(2, 4)
    with grad_cam.GradCAM(model=module, target_layers=[module.get_submodule(LAYER)]) as cam:
        theirs = cam(input_tensor=x, targets=[targets.ClassifierOutputTarget(0)])
    assert [bool(part.any()) for part in theirs] == [True, False, False, False]
    ours = method("grad_cam")(module, x, target=0, layer=LAYER)
    assert not ours.empty.any()


def test_a_signal_is_refused_by_pytorch_grad_cam_and_explained_here(grad_cam):
    module, x = zoo.network("plain", 1), zoo.inputs(1, 2)
    with (
        grad_cam.GradCAM(model=module, target_layers=[module.get_submodule(LAYER)]) as cam,
        pytest.raises(ValueError, match="Only 2D or 3D images are supported"),
    ):
        cam(input_tensor=x, targets=None)
    assert method("grad_cam")(module, x, target=0, layer=LAYER).cells.abs().max() > 0


def test_pytorch_grad_cam_leaves_the_module_in_evaluation_mode_for_ever(grad_cam):
    module = zoo.network("plain", 2).train()
    with grad_cam.GradCAM(model=module, target_layers=[module.get_submodule(LAYER)]):
        pass
    assert not module.training
    dense = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    dense.train()
    method("grad_cam")(dense, zoo.inputs(2, 1), target=0)
    assert dense.training
