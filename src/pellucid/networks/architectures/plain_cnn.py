"""PlainCnn: three convolutions and the mean over space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

_WIDTHS = (16, 48, 64)


class PlainCnn(nn.Module):
    """Three 5x5 convolutions with ReLU, max pooling by two after the first two, mean over space, one dense layer.

    Input (batch, channel, row, column), 150 x 150 in the published work, at least 4 x 4; output logits (batch, class).
    97,458 parameters for three channels and two classes. Its class activation map is exact.

    Parameters
    ----------
    classes
        Number of logits.
    channels
        Of the picture: 3, or 1 for grey.

    Attributes
    ----------
    reads
        What it wants of a picture.

    Notes
    -----
    Published are "four layers" and the count alone; this is the roundest network with that count whose pooled layer
    feeds the last linear layer directly.
    """

    reads: ClassVar[Mapping[str, Any]] = {"size": (150, 150)}

    def __init__(self, classes: int = 2, channels: int = 3) -> None:
        super().__init__()
        self.channels = channels
        first, second, third = _WIDTHS
        self.features = nn.Sequential(
            *(_convolution(channels, first), nn.ReLU(), nn.MaxPool2d(2)),
            *(_convolution(first, second), nn.ReLU(), nn.MaxPool2d(2)),
            *(_convolution(second, third), nn.ReLU()),
        )
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(third, classes))

    def forward(self, x: Float[Tensor, "batch channel row column"]) -> Float[Tensor, "batch class"]:
        """Return logits of pictures."""
        logits: Tensor = self.head(self.features(x))
        return logits


def _convolution(width_in: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(width_in, width, 5, padding="same")
