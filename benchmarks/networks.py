"""The networks of the benchmarks, random weights calibrated so that what flows through them keeps unit scale.

VGG16 (Simonyan and Zisserman 2015), ResNet50 (He et al. 2016, stride in the 3x3), EfficientNet-B0 (Tan and Le 2019), as
they stand in torchvision, without dropout; a small transformer over ECG patches; and pellucid's RibeiroResNet.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from pellucid.core.randomness import torch_generator
from pellucid.networks.architectures.ribeiro_resnet import RibeiroResNet
from pellucid.simulation.patients import simulate

CLASSES = 6
_VGG = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)  # 0: pooling
_RESNET = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride
# expansion, width, blocks, stride, kernel
_EFFICIENT = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)  # fmt: skip


class Vgg16(nn.Module):
    """Thirteen convolutions and three dense layers; `norms` puts batch norm behind each convolution."""

    def __init__(self, side: int = 224, *, norms: bool = False, dense: int = 4096) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in _VGG:
            if not width:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(before, width, 3, padding=1)]
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)] if norms else [nn.ReLU(inplace=True)]
            before = width
        self.features = nn.Sequential(*layers)
        cells = (side // 32) ** 2
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(512 * cells, dense), nn.ReLU(True), nn.Linear(dense, dense), nn.ReLU(True),
            nn.Linear(dense, CLASSES),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.features(x))
        return logits


class _Bottleneck(nn.Module):
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = 4 * width
        self.one, self.norm_one = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
        self.two = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.norm_two = nn.BatchNorm2d(width)
        self.three, self.norm_three = nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm_one(self.one(x)))
        y = self.relu(self.norm_two(self.two(y)))
        y = self.norm_three(self.three(y))
        y += self.shortcut(x)
        rectified: Tensor = self.relu(y)
        return rectified


class ResNet50(nn.Module):
    """Sixteen bottlenecks, mean pooling, one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        blocks, before = [], 64
        for width, count, stride in _RESNET:
            for number in range(count):
                blocks.append(_Bottleneck(before, width, stride if number == 0 else 1))
                before = 4 * width
        self.blocks, self.pool = nn.Sequential(*blocks), nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(before, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.pool(self.blocks(self.stem(x))).flatten(1))
        return logits


def _convolution(before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(after)
    )


class _Inverted(nn.Module):
    """Expand, filter each channel, squeeze and excite, project; a way around where the shape stays."""

    def __init__(self, before: int, after: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide, narrow = before * expansion, max(1, before // 4)
        self.around = stride == 1 and before == after
        self.expand = _convolution(before, wide) if expansion > 1 else None
        self.filter = _convolution(wide, wide, kernel, stride, wide)
        self.squeeze, self.excite = nn.Conv2d(wide, narrow, 1), nn.Conv2d(narrow, wide, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.project = _convolution(wide, after)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else self.act(self.expand(x))
        y = self.act(self.filter(y))
        y = y * torch.sigmoid(self.excite(self.act(self.squeeze(self.pool(y)))))
        y = self.project(y)
        if self.around:
            y += x
        return y


class EfficientNetB0(nn.Module):
    """Sixteen inverted bottlenecks with SiLU and channel gates."""

    def __init__(self) -> None:
        super().__init__()
        blocks, before = [], 32
        for expansion, width, count, stride, kernel in _EFFICIENT:
            for number in range(count):
                blocks.append(_Inverted(before, width, expansion, stride if number == 0 else 1, kernel))
                before = width
        self.stem = nn.Sequential(_convolution(3, 32, 3, 2), nn.SiLU(inplace=True))
        self.blocks, self.top = nn.Sequential(*blocks), nn.Sequential(_convolution(before, 1280), nn.SiLU(inplace=True))
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(1280, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.pool(self.top(self.blocks(self.stem(x)))).flatten(1))
        return logits


class EcgTransformer(nn.Module):
    """Patches of 32 samples of all leads, four transformer layers with GELU, mean of the tokens."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.patches = nn.Conv1d(12, width, 32, 32)
        self.encoder = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.encoder(self.patches(x).transpose(1, 2)).mean(1))
        return logits


def ecg(seed: int = 0) -> Tensor:
    """Return a simulated record as Ribeiro's network reads it: 12 leads, 4096 samples at 400 Hz, mV."""
    return torch.tensor(simulate("AFIB", seed=seed, sampling_rate=400, seconds=10.24).record.signal)[None].float()


def image(seed: int = 0, side: int = 224) -> Tensor:
    """Return a smooth random picture of unit variance."""
    coarse = torch.randn(1, 3, side // 8, side // 8, generator=torch_generator(seed))
    smooth = functional.interpolate(coarse, size=(side, side), mode="bicubic")
    return smooth / smooth.std()


def calibrated(module: nn.Module, inputs: Tensor, seed: int = 0) -> nn.Module:
    """Fill a module from a seed so that every layer answers `inputs` with unit variance; in eval mode."""
    draw = torch_generator(seed)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            around_one = tensor.ndim == 1 and name.endswith("weight")
            scale = (2.0 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.1
            tensor.copy_(scale * torch.randn(tensor.shape, generator=draw) + float(around_one))
        norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
        weighted = [part for part in module.modules() if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear)]
        hooks = [part.register_forward_hook(_to_unit_variance) for part in weighted]
        module.eval()
        for part in norms:
            part.momentum = None  # the statistics of this one batch
            part.train()
        module(inputs)
        for hook in hooks:
            hook.remove()
    return module.eval()


def _to_unit_variance(part: nn.Module, _: object, output: Tensor) -> Tensor:
    size = output.std().clamp(min=1e-6)
    for tensor in part.parameters(recurse=False):
        tensor.div_(size)
    return output / size


def ribeiro() -> nn.Module:
    """Return Ribeiro's network for six classes."""
    return calibrated(RibeiroResNet(), torch.cat([ecg(seed) for seed in range(100, 108)]))


def transformer() -> nn.Module:
    """Return the ECG transformer."""
    return calibrated(EcgTransformer(), torch.cat([ecg(seed) for seed in range(100, 108)]))


def vgg16() -> nn.Module:
    """Return VGG16 at 224."""
    return calibrated(Vgg16(), _images(2))


def small_vgg() -> nn.Module:
    """Return VGG16 with batch norm at 64, as it is used on small pictures."""
    return calibrated(Vgg16(64, norms=True, dense=256), _images(8, 64))


def resnet50() -> nn.Module:
    """Return ResNet50."""
    return calibrated(ResNet50(), _images(4))


def efficientnet() -> nn.Module:
    """Return EfficientNet-B0."""
    return calibrated(EfficientNetB0(), _images(8))


def _images(count: int, side: int = 224) -> Tensor:
    return torch.cat([image(seed, side) for seed in range(100, 100 + count)])


Build = Callable[[], nn.Module]
ECG: dict[str, Build] = {"Ribeiro": ribeiro}
IMAGE: dict[str, Build] = {"VGG16": vgg16, "ResNet50": resnet50, "EfficientNet-B0": efficientnet}
NAMES = (*ECG, *IMAGE)
# What Grad-CAM looks at: the values before they are pooled away or flattened.
LAYERS = {"Ribeiro": "units.3.dropout", "VGG16": "features", "ResNet50": "blocks", "EfficientNet-B0": "top"}


def built(name: str) -> tuple[nn.Module, Tensor]:
    """Return a network and an input for it."""
    return (ECG[name](), ecg()) if name in ECG else (IMAGE[name](), image())
