"""SqueezeNet 1.1 for pictures."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from pellucid.networks.transfer import Backbone, Head, checked_head, transfer_head

_LAST = 512


class SqueezeNet(Backbone):
    """SqueezeNet 1.1: one convolution, eight fire modules, a 1x1 convolution to the classes, the mean over space.

    Input (batch, channel, row, column), at least 17 x 17; output logits (batch, class), with the published head none
    below 0, for a ReLU stands before the mean. 1,235,496 parameters with 1000 classes. The head for transfers has
    263,682 for two classes.

    Parameters
    ----------
    classes
        Number of logits.
    channels
        Of the picture: 3, or 1 for grey.
    head
        `published` (1x1 convolution to the classes, ReLU, mean) or `transfer` (1x1 convolution to 512, mean, dense).
    dropout
        Share of activations dropped in training, before the last convolution of the published head.

    References
    ----------
    Iandola et al., arXiv 1602.07360 (2016); version 1.1 as its authors published it.
    """

    published_names: ClassVar[dict[str, str]] = {"features.": "features.", "classifier.1.": "head.1."}

    def __init__(self, classes: int, channels: int = 3, head: Head = "published", dropout: float = 0.5) -> None:
        super().__init__()
        self.channels = channels
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 3, stride=2),
            nn.ReLU(),
            _pool(),
            _Fire(64, 16, 64),
            _Fire(128, 16, 64),
            _pool(),
            _Fire(128, 32, 128),
            _Fire(256, 32, 128),
            _pool(),
            _Fire(256, 48, 192),
            _Fire(384, 48, 192),
            _Fire(384, 64, 256),
            _Fire(512, 64, 256),
        )
        self.head = (
            transfer_head(_LAST, 512, 1, classes)
            if checked_head(head) == "transfer"
            else _published_head(classes, dropout)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # each has one here
        if head == "published":
            nn.init.normal_(self.head.get_parameter("1.weight"), std=0.01)


class _Fire(nn.Module):
    """A 1x1 convolution to few channels, then 1x1 and 3x3 convolutions side by side."""

    def __init__(self, width_in: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(width_in, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1))


def _published_head(classes: int, dropout: float) -> nn.Sequential:
    last = nn.Conv2d(_LAST, classes, 1)
    return nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)
