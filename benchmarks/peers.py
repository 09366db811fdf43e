"""What others answer, each at its best setting, through its public face."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import torch
from captum.attr import (
    Deconvolution,
    GuidedBackprop,
    GuidedGradCam,
    InputXGradient,
    IntegratedGradients,
    LayerAttribution,
    LayerGradCam,
    NoiseTunnel,
    Occlusion,
    Saliency,
)
from torch import Tensor, nn

warnings.filterwarnings("ignore", module="captum")
_LINEAR = {3: "linear", 4: "bilinear"}


@cache
def zennit() -> Any:
    """Return zennit, which wants two classes of torchvision only to recognise them; none is met here."""
    names = ("torchvision", "torchvision.models", "torchvision.models.resnet")
    empty = {name: ModuleType(name) for name in names}
    for block in ("Bottleneck", "BasicBlock"):
        setattr(empty[names[-1]], block, type(block, (), {}))
    sys.modules.update(empty)
    try:
        return importlib.import_module("zennit")
    finally:
        for name in names:
            del sys.modules[name]


def gradient(module: nn.Module, x: Tensor, target: int) -> Tensor:
    """Return autograd's gradient to the input, nothing else computed."""
    leaf = x.detach().requires_grad_()
    return torch.autograd.grad(module(leaf)[:, target].sum(), leaf)[0]


def saliency(module: nn.Module, x: Tensor, classes: Sequence[int]) -> list[Tensor]:
    """Return captum's, class by class."""
    method = Saliency(module)
    return [method.attribute(x.detach().requires_grad_(), target=target) for target in classes]


def grad_cam(module: nn.Module, layer: nn.Module, x: Tensor, classes: Sequence[int]) -> list[Tensor]:
    """Return captum's, class by class, as wide as the input."""
    maps = grad_cam_cells(module, layer, x, classes)
    return [LayerAttribution.interpolate(cells, x.shape[2:], _LINEAR[x.ndim]) for cells in maps]


def grad_cam_cells(module: nn.Module, layer: nn.Module, x: Tensor, classes: Sequence[int]) -> list[Tensor]:
    """Return captum's on the layer's own cells."""
    method = LayerGradCam(module, layer)
    return [method.attribute(x, target=target, relu_attributions=True) for target in classes]


def monai_grad_cam(module: nn.Module, layer: str, x: Tensor, classes: Sequence[int]) -> list[Tensor]:
    """Return MONAI's, class by class."""
    from monai.visualize.class_activation_maps import GradCAM

    method = GradCAM(module, layer)
    return [method(x, class_idx=target) for target in classes]


def occlusion(module: nn.Module, x: Tensor, window: Sequence[int], stride: Sequence[int], target: int) -> Tensor:
    """Return captum's for one class, a window at a time: larger chunks are slower on these networks."""
    with torch.no_grad():
        found: Tensor = Occlusion(module).attribute(
            x, tuple(window), strides=tuple(stride), target=target, perturbations_per_eval=1
        )
    return found


def monai_occlusion(module: nn.Module, x: Tensor, window: int, stride: int) -> Tensor:
    """Return MONAI's, all classes at once."""
    from monai.visualize.occlusion_sensitivity import OcclusionSensitivity

    method = OcclusionSensitivity(
        module, mask_size=window, n_batch=1, overlap=1 - stride / window, mode=0.0, verbose=False, activate=False
    )
    with torch.no_grad():
        found: Tensor = method(x)[0]
    return found


def integrated_gradients(module: nn.Module, x: Tensor, target: int, steps: int) -> Tensor:
    """Return captum's with its own rule, from zero."""
    found: Tensor = IntegratedGradients(module).attribute(x, target=target, n_steps=steps, internal_batch_size=8)
    return found


def lrp(module: nn.Module, x: Tensor, target: int, composite: Any) -> Tensor:
    """Return zennit's, from the logit on."""

    def chosen(logits: Tensor) -> Tensor:
        only = torch.zeros_like(logits)
        only[:, target] = logits[:, target].detach()
        return only

    with zennit().attribution.Gradient(module, composite) as attributor:
        found: Tensor = attributor(x.detach(), chosen)[1]
    return found


def composite(rule: str, eps: float, low: float = -3.0, high: float = 3.0) -> Any:
    """Return zennit's composite of that name."""
    package = zennit()
    composites, same = package.composites, {"epsilon": eps, "stabilizer": eps}
    if rule == "epsilon_plus":
        return composites.EpsilonPlus(**same)
    if rule == "epsilon_alpha2_beta1":
        return composites.EpsilonAlpha2Beta1(**same)
    if rule == "epsilon_gamma_box":
        return composites.EpsilonGammaBox(low, high, **same)
    epsilon = (package.types.Linear, package.rules.Epsilon(eps))
    return composites.LayerMapComposite([epsilon, *composites.layer_map_base(eps)])


def smooth_grad(module: nn.Module, x: Tensor, target: int, samples: int, noise: float) -> Tensor:
    """Return captum's: its noise tunnel over the gradient."""
    found: Tensor = NoiseTunnel(Saliency(module)).attribute(
        x, nt_samples=samples, nt_samples_batch_size=8, stdevs=noise, target=target, abs=False
    )
    return found


def simple(name: str, module: nn.Module, layer: nn.Module, x: Tensor, target: int) -> Tensor:
    """Return captum's answer to one of the methods without settings."""
    leaf = x.detach().requires_grad_()
    if name == "guided_grad_cam":
        found: Tensor = GuidedGradCam(module, layer).attribute(leaf, target=target, interpolate_mode=_LINEAR[x.ndim])
        return found
    kinds = {"input_x_gradient": InputXGradient, "guided_backprop": GuidedBackprop, "deconvolution": Deconvolution}
    answer: Tensor = kinds[name](module).attribute(leaf, target=target)
    return answer
