"""ConvNet: blocks of convolution, batch norm, ReLU and pooling for brain slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, SettingError, unknown_name
from pellucid.networks.transfer import IMAGENET

CONV_NET_1 = MappingProxyType({"widths": (16, 36, 45, 54)})
CONV_NET_2 = MappingProxyType({"widths": (22, 34, 48)})

_HEADS = ("flatten", "gap")


class ConvNet(nn.Module):
    """Blocks of valid convolution, batch norm, ReLU and max pooling by two; one dense layer.

    Input (batch, channel, row, column), 224 x 224 by default; output logits (batch, class). For four classes 73,627
    parameters with the settings `CONV_NET_1` (42,739 with `gap`), 152,122 with `CONV_NET_2` (22,522).

    Parameters
    ----------
    classes
        Number of logits.
    channels
        Of the picture: 3, or 1 for grey.
    widths
        Channels of each block.
    kernel
        Rows and columns of each convolution.
    head
        `flatten` (a weight for each cell) or `gap` (the mean over space first; then any size is read, and a class
        activation map is exact).
    size
        Rows and columns of the picture; with `flatten` others are refused.
    dropout
        Share of what the dense layer reads that is dropped in training.

    Attributes
    ----------
    reads
        What it wants of a picture.

    Notes
    -----
    The published report names no head and no padding; these are the ones that its sizes allow.
    """

    reads: ClassVar[Mapping[str, Any]] = IMAGENET

    def __init__(
        self,
        classes: int = 4,
        channels: int = 3,
        widths: Sequence[int] = CONV_NET_1["widths"],
        kernel: int = 3,
        head: Literal["flatten", "gap"] = "flatten",
        size: Sequence[int] = (224, 224),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if head not in _HEADS:
            raise SettingError(str(unknown_name("head", head, _HEADS)))
        self.channels = channels
        self.features = nn.Sequential(
            *(_block(width_in, width, kernel) for width_in, width in zip((channels, *widths), widths, strict=False))
        )
        self.dropout = nn.Dropout(dropout)
        cells = _cells(size, kernel, len(widths))
        if head == "gap":
            self.pool: nn.Module = nn.AdaptiveAvgPool2d(1)
            cells = 1
        else:
            self.size = (size[0], size[1])
            self.pool = nn.Identity()
        self.head = nn.Linear(widths[-1] * cells, classes)

    def forward(self, x: Float[Tensor, "batch channel row column"]) -> Float[Tensor, "batch class"]:
        """Return logits of pictures."""
        wanted = getattr(self, "size", x.shape[2:])
        if tuple(x.shape[2:]) != tuple(wanted):
            raise InvalidInputError(
                f"this ConvNet reads {wanted[0]} x {wanted[1]} pixels; got {x.shape[2]} x {x.shape[3]}. "
                "Stretch the picture, or build it with size= or head='gap'."
            )
        logits: Tensor = self.head(self.dropout(self.pool(self.features(x)).flatten(1)))
        return logits


def _block(width_in: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width_in, width, kernel), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))


def _cells(size: Sequence[int], kernel: int, blocks: int) -> int:
    rows, columns = size
    for _ in range(blocks):
        rows, columns = (rows - kernel + 1) // 2, (columns - kernel + 1) // 2
    if min(rows, columns, blocks) < 1:
        raise SettingError(
            f"a ConvNet of {blocks} blocks with kernel {kernel} leaves nothing of {size[0]} x {size[1]} pixels. "
            "It needs one block or more, and fewer or smaller ones here."
        )
    return rows * columns
