"""VGG16 for pictures."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from pellucid.networks.transfer import Backbone, Head, checked_head, transfer_head

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # width and number of convolutions
_CELLS = 7  # rows and columns that the published head pools to


class Vgg16(Backbone):
    """VGG16: thirteen 3x3 convolutions with ReLU, five max pools, three dense layers.

    Input (batch, channel, row, column), at least 32 x 32; output logits (batch, class). 138,357,544 parameters with
    1000 classes. The head for transfers has 263,682 for two classes, on the map 512x4x4 of a picture of 150 x 150.

    Parameters
    ----------
    classes
        Number of logits.
    channels
        Of the picture: 3, or 1 for grey.
    head
        `published` (pool to 7 x 7, dense 4096, 4096, classes) or `transfer` (1x1 convolution to 512, mean, dense).
    dropout
        Share of activations dropped in training, between the dense layers of the published head.

    References
    ----------
    Simonyan, Zisserman, arXiv 1409.1556 (2014), configuration D.
    """

    published_names: ClassVar[dict[str, str]] = {
        "features.": "features.",
        "classifier.0.": "head.2.",
        "classifier.3.": "head.5.",
        "classifier.6.": "head.8.",
    }

    def __init__(self, classes: int, channels: int = 3, head: Head = "published", dropout: float = 0.5) -> None:
        super().__init__()
        self.channels = channels
        self.features = _convolutions(channels)
        if checked_head(head) == "transfer":
            self.head = transfer_head(512, 512, 1, classes)
        else:
            self.head = nn.Sequential(
                nn.AdaptiveAvgPool2d(_CELLS),
                nn.Flatten(),
                nn.Linear(512 * _CELLS**2, 4096),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(4096, 4096),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(4096, classes),
            )


def _convolutions(channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width, count in _BLOCKS:
        for _ in range(count):
            convolution = nn.Conv2d(channels, width, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # a convolution has one unless told otherwise
            layers += [convolution, nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)
