"""Beside captum 0.9 where it is right: rectifiers that are modules, LRP on chains without biases, occlusion."""

from __future__ import annotations

import pytest
import torch
from captum.attr import LRP, Deconvolution, GuidedBackprop, GuidedGradCam, InputXGradient, Occlusion
from torch import nn

import zoo
from pellucid.attribution.method import method

TARGETS = [2, 0, 1]
CLASSES = torch.tensor(TARGETS)
DIMS = pytest.mark.parametrize("dim", [1, 2])
pytestmark = [
    pytest.mark.filterwarnings("ignore:Setting .*hooks:UserWarning"),
    pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients:UserWarning"),
]


def case(dim, name="plain"):
    return zoo.network(name, dim, dtype=torch.float64), zoo.inputs(dim, dtype=torch.float64)


@DIMS
@pytest.mark.parametrize("animal", ["plain", "reused"])
@pytest.mark.parametrize(("name", "peer"), [("guided_backprop", GuidedBackprop), ("deconvolution", Deconvolution)])
def test_rectifiers_that_are_modules(name, peer, animal, dim):
    module, x = case(dim, animal)
    theirs = peer(module).attribute(x.clone().requires_grad_(), target=CLASSES)
    assert torch.allclose(method(name)(module, x, target=TARGETS).relevance, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("animal", "dim"), zoo.HARD_CAGES)
def test_input_times_gradient(animal, dim):
    module, x = case(dim, animal)
    theirs = InputXGradient(module).attribute(x.clone().requires_grad_(), target=CLASSES)
    ours = method("input_x_gradient")(module, x, target=TARGETS).relevance
    assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@DIMS
def test_guided_grad_cam_with_linear_maps(dim):
    module, x = case(dim)
    theirs = GuidedGradCam(module, module.features[5]).attribute(
        x, target=CLASSES, interpolate_mode="linear" if dim == 1 else "bilinear"
    )
    ours = method("guided_grad_cam")(module, x, target=TARGETS).relevance
    assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


class Chain(nn.Module):
    """Layers without biases that captum's LRP knows; it knows no `nn.Flatten`."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, bias=False), nn.ReLU(), nn.AvgPool2d(2),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Linear(32, 5, bias=False), nn.ReLU(), nn.Linear(5, 3, bias=False))

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


def test_lrp_epsilon_on_a_chain_without_biases():
    module, x = zoo.seeded(Chain()).double(), zoo.inputs(2, dtype=torch.float64)
    theirs = LRP(module).attribute(x, target=CLASSES).detach()
    ours = method("lrp", rule="epsilon", eps=1e-9)(module, x, target=TARGETS)
    assert torch.allclose(ours.relevance, theirs, atol=1e-7 * float(theirs.abs().max()))
    assert torch.allclose(ours.relevance.flatten(1).sum(1), ours.score, atol=1e-7)


@DIMS
@pytest.mark.parametrize(("window", "stride"), [(4, 4), (4, 2), (3, 2), (5, 3)])
@pytest.mark.parametrize("channels", ["together", "each"])
def test_occlusion(dim, window, stride, channels):
    module, x = case(dim)
    rows = x.shape[1] if channels == "together" else 1
    theirs = Occlusion(module).attribute(
        x, (rows, *(window,) * dim), strides=(rows, *(stride,) * dim), target=CLASSES, perturbations_per_eval=16
    )
    ours = method("occlusion", window=window, stride=stride, channels=channels)(module, x, target=TARGETS).relevance
    assert torch.allclose(ours, theirs.double(), atol=1e-6 * float(ours.abs().max()))  # captum rounds to float32
