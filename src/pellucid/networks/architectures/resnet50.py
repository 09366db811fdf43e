"""ResNet50 for pictures."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from pellucid.networks.transfer import Backbone, Head, checked_head, transfer_head

_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # inner width, number of blocks, stride of the first
_WIDER = 4  # a block's output against its inner width


class ResNet50(Backbone):
    """ResNet50: a 7x7 convolution, sixteen bottleneck blocks in four stages, one dense layer.

    Input (batch, channel, row, column), at least 32 x 32; output logits (batch, class). 25,557,032 parameters with
    1000 classes. The head for transfers has 2,359,682 for two classes, on the map 2048x5x5 of a picture of 150 x 150.

    Parameters
    ----------
    classes
        Number of logits.
    channels
        Of the picture: 3, or 1 for grey.
    head
        `published` (mean, dense) or `transfer` (3x3 convolution to 128, mean, dense).

    Notes
    -----
    As torchvision has it, a block's stride stands in its 3x3 convolution; in the paper it stands in the first 1x1.

    References
    ----------
    He et al., arXiv 1512.03385 (2015).
    """

    published_names: ClassVar[dict[str, str]] = {
        "conv1.": "features.0.0.",
        "bn1.": "features.0.1.",
        **{f"layer{stage}.": f"features.{stage}." for stage in (1, 2, 3, 4)},
        "fc.": "head.2.",
    }

    def __init__(self, classes: int, channels: int = 3, head: Head = "published") -> None:
        super().__init__()
        self.channels = channels
        stem = nn.Sequential(
            nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        stages, width_in = [stem], 64
        for width, count, stride in _STAGES:
            blocks = [_Bottleneck(width_in, width, stride)]
            width_in = width * _WIDER
            blocks += [_Bottleneck(width_in, width, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
        self.features = nn.Sequential(*stages)
        for module in self.features.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if checked_head(head) == "transfer":
            self.head = transfer_head(width_in, 128, 3, classes)
        else:
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width_in, classes))


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with batch norm, and a shortcut past them."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        width_out = width * _WIDER
        self.conv1 = nn.Conv2d(width_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width_out)
        self.downsample = (
            nn.Identity()
            if width_in == width_out and stride == 1
            else nn.Sequential(nn.Conv2d(width_in, width_out, 1, stride=stride, bias=False), nn.BatchNorm2d(width_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.bn1(self.conv1(x)))
        hidden = torch.relu(self.bn2(self.conv2(hidden)))
        return torch.relu(self.bn3(self.conv3(hidden)) + self.downsample(x))
