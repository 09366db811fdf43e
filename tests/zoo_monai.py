"""MONAI's classifiers on small inputs, weights from a seed. MONAI is slow to import: done at the first use."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pellucid.core.randomness import torch_generator
from zoo_parts import CLASSES

CHANNELS = 2
SHAPES = {1: (CHANNELS, 96), 2: (CHANNELS, 32, 32)}


def _densenet(nets, dim: int) -> nn.Module:
    return nets.DenseNet121(spatial_dims=dim, in_channels=CHANNELS, out_channels=CLASSES)


def _se_resnet(nets, dim: int) -> nn.Module:
    return nets.SEResNet50(spatial_dims=dim, in_channels=CHANNELS, num_classes=CLASSES)


def _efficientnet(nets, dim: int) -> nn.Module:
    return nets.EfficientNetBN(
        "efficientnet-b0", pretrained=False, spatial_dims=dim, in_channels=CHANNELS, num_classes=CLASSES
    )


class _LogitsOfVit(nn.Module):
    """MONAI's ViT gives its hidden states beside the logits."""

    def __init__(self, vit: nn.Module) -> None:
        super().__init__()
        self.vit = vit

    def forward(self, x: Tensor) -> Tensor:
        return self.vit(x)[0]


def _vit(nets, dim: int) -> nn.Module:
    return _LogitsOfVit(
        nets.ViT(
            in_channels=CHANNELS, img_size=SHAPES[dim][1:], patch_size=(8,) * dim, spatial_dims=dim, hidden_size=24,
            mlp_dim=32, num_layers=2, num_heads=2, classification=True, num_classes=CLASSES,
            post_activation=None,
        )
    )  # fmt: skip


BUILDS: dict[str, Callable[[object, int], nn.Module]] = {
    "densenet121": _densenet,
    "se_resnet50": _se_resnet,
    "efficientnet_b0": _efficientnet,
    "vit": _vit,
}
MONAI_CAGES = [(name, dim) for name in BUILDS for dim in (1, 2)]


def monai_network(name: str, dim: int, *, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Return one of MONAI's networks in eval mode, batch norms holding the statistics of a batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MONAI imports is outdated in places
        from monai.networks import nets

    module = BUILDS[name](nets, dim).to(torch.float64).eval()
    _drawn(module)
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    for part in norms:
        part.momentum = None  # the statistics of all batches seen
        part.reset_running_stats()
        part.train()
    with torch.no_grad():
        module(monai_inputs(dim, 32, seed=3))
    return module.eval().to(dtype)


def monai_inputs(dim: int, batch: int = 2, *, dtype: torch.dtype = torch.float64, seed: int = 1) -> Tensor:
    """Return inputs for any of them."""
    values = torch.randn(batch, *SHAPES[dim], generator=torch_generator(seed), dtype=torch.float64)
    return values.to(dtype)


def _drawn(module: nn.Module) -> None:
    draw = torch_generator(0)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            values = torch.randn(tensor.shape, generator=draw, dtype=torch.float64)
            if tensor.ndim > 1:
                tensor.copy_(values * (2.0 / tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(0.1 * values + (1.0 if name.endswith("weight") else 0.0))
