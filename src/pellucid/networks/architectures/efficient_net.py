"""EfficientNet B0 and B7 for pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from pellucid.core.errors import SettingError, unknown_name
from pellucid.networks.transfer import Backbone, Head, checked_head, transfer_head

# Of each stage of B0: widening inside a block, kernel, stride of the first block, width, number of blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_STEM = 32
_LAST_WIDER = 4
_SKIPPED = 0.2  # share of whole blocks that training skips at the last block; it rises linearly to it


@dataclass(frozen=True, slots=True)
class Scale:
    """How wide and deep the body is, and what it is made of.

    `lite` leaves the excitation out, takes ReLU6 in the place of SiLU, and pads strides as TensorFlow does.
    """

    width: float
    depth: float
    dropout: float
    norm: dict[str, float]
    lite: bool = False

    def channels(self, base: int) -> int:
        """Round to eights, never down by more than a tenth."""
        wanted = base * self.width
        rounded = max(8, int(wanted + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * wanted else rounded


_SCALES = {
    "b0": Scale(1.0, 1.0, 0.2, {}),
    "b7": Scale(2.0, 3.1, 0.5, {"eps": 1e-3, "momentum": 0.01}),
}


class EfficientNet(Backbone):
    """EfficientNet B0 or B7: inverted residual blocks with squeeze and excitation, one dense layer.

    Input (batch, channel, row, column), at least 32 x 32; output logits (batch, class). With 1000 classes B0 has
    5,288,548 parameters and B7 66,347,960. The head for transfers has 2,949,506 for two classes on B7's map 2560x5x5 of
    a picture of 150 x 150.

    Parameters
    ----------
    classes
        Number of logits.
    scale
        `b0` or `b7`.
    channels
        Of the picture: 3, or 1 for grey.
    head
        `published` (mean, dense) or `transfer` (3x3 convolution to 128, mean, dense).

    Notes
    -----
    Dropout before the dense layer 0.2 and 0.5; stochastic depth rises to 0.2, as published. B7's batch norms have eps
    1e-3 and momentum 0.01 as in torchvision, B0's torch's defaults.

    References
    ----------
    Tan, Le, arXiv 1905.11946 (2019); sizes as in torchvision's code.
    """

    published_names: ClassVar[dict[str, str]] = {"features.": "features.", "classifier.1.": "head.3."}

    def __init__(
        self, classes: int, scale: Literal["b0", "b7"] = "b0", channels: int = 3, head: Head = "published"
    ) -> None:
        super().__init__()
        if scale not in _SCALES:
            raise SettingError(str(unknown_name("scale", scale, _SCALES)))
        size = _SCALES[scale]
        self.scale = scale
        self.channels = channels
        self.features = body(channels, size)
        self.head = last_layers(self.features, classes, head, size.dropout)

    def published(self) -> Self:
        """Return the network of this scale as it was published for ImageNet."""
        return type(self)(1000, self.scale)


def body(channels: int, size: Scale) -> nn.Sequential:
    """Return a stem, seven stages of blocks and a last convolution, with weights to begin with."""
    width = size.channels(_STEM)
    stages: list[nn.Module] = [_Convolution(channels, width, 3, size, stride=2)]
    counts = [math.ceil(count * size.depth) for *_, count in STAGES]
    built = 0
    for (wider, kernel, stride, base, _), count in zip(STAGES, counts, strict=True):
        blocks = []
        for index in range(count):
            width_out, skipped = size.channels(base), _SKIPPED * built / sum(counts)
            blocks.append(_Block(width, width_out, wider, kernel, size, 1 if index else stride, skipped))
            width, built = width_out, built + 1
        stages.append(nn.Sequential(*blocks))
    stages.append(_Convolution(width, width * _LAST_WIDER, 1, size))
    for module in (found := nn.Sequential(*stages)).modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return found


def last_layers(features: nn.Sequential, classes: int, head: Head, dropout: float) -> nn.Sequential:
    """Return the head of a kind for such a body."""
    width: int = features[-1][0].out_channels  # type: ignore[index]  # a `_Convolution`
    if checked_head(head) == "transfer":
        return transfer_head(width, 128, 3, classes)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(width, classes))


class _Same(nn.Conv2d):
    """A convolution padded as TensorFlow does: ceil(size / stride) cells, the odd zero at the end."""

    def forward(self, x: Tensor) -> Tensor:
        zeros: list[int] = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            wanted = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            zeros += [wanted // 2, wanted - wanted // 2]
        return super().forward(nn.functional.pad(x, zeros))


class _Convolution(nn.Sequential):
    """A convolution without bias, batch norm, and the activation unless it is left out."""

    def __init__(
        self,
        width_in: int,
        width: int,
        kernel: int,
        size: Scale,
        *,
        stride: int = 1,
        groups: int = 1,
        activated: bool = True,
    ) -> None:
        same = size.lite and stride > 1
        kind, padding = (_Same, 0) if same else (nn.Conv2d, kernel // 2)
        convolution = kind(width_in, width, kernel, stride, padding, groups=groups, bias=False)
        norm = nn.BatchNorm2d(width, **size.norm)  # type: ignore[arg-type]  # eps and momentum are numbers
        activation = nn.ReLU6() if size.lite else nn.SiLU()
        super().__init__(convolution, norm, *([activation] if activated else []))


class _Excitation(nn.Module):
    """Channels weighted by what their means say."""

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(width, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        means = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(means))))


class _Block(nn.Module):
    """Widen by a 1x1 convolution, convolve each channel, excite, narrow; a shortcut where the shapes allow it."""

    def __init__(
        self, width_in: int, width: int, wider: int, kernel: int, size: Scale, stride: int, skipped: float
    ) -> None:
        super().__init__()
        inner = width_in * wider
        self.block = nn.Sequential(
            *([_Convolution(width_in, inner, 1, size)] if wider != 1 else []),
            _Convolution(inner, inner, kernel, size, stride=stride, groups=inner),
            *([] if size.lite else [_Excitation(inner, max(1, width_in // 4))]),
            _Convolution(inner, width, 1, size, activated=False),
        )
        self.shortcut = stride == 1 and width_in == width
        self.skipped = skipped

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        if not self.shortcut:
            return out
        if self.training and self.skipped:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.skipped
            out = out * kept / (1 - self.skipped)
        return x + out
