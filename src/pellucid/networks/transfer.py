"""Picture networks in two parts, body and head: freeze the body, replace the head, unfreeze by depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, SettingError, unknown_name

Head = Literal["published", "transfer"]
HEADS = ("published", "transfer")
IMAGENET: Mapping[str, Any] = {"size": (224, 224), "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""What networks with ImageNet's weights want of a picture; mean and standard deviation of red, green and blue."""


class Backbone(nn.Module):
    """A picture network in two parts: `features` gives the last map, `head` the logits.

    A batch norm whose weights are frozen keeps its statistics, in training mode too.

    Attributes
    ----------
    features
        From (batch, channel, row, column) to the last map.
    head
        From the last map to logits (batch, class).
    channels
        Of the picture.
    reads
        What it wants of a picture.
    published_names
        How tensors are called in the published state dict, for most torchvision's: the beginning of a name there, the
        beginning here.
    """

    reads: ClassVar[Mapping[str, Any]] = IMAGENET
    published_names: ClassVar[Mapping[str, str]]
    features: nn.Sequential
    head: nn.Sequential
    channels: int

    def forward(self, x: Float[Tensor, "batch channel row column"]) -> Float[Tensor, "batch class"]:
        """Return logits of pictures."""
        logits: Tensor = self.head(self.features(x))
        return logits

    def published(self) -> Self:
        """Return a network of this kind as it was published for ImageNet: three channels, 1000 classes, its own head.

        Build it under `torch.device("meta")` where only names and shapes are wanted.
        """
        return type(self)(1000)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, but for frozen batch norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
                module.eval()
        return self


def transfer_head(width_in: int, width: int, kernel: int, classes: int) -> nn.Sequential:
    """Return the head of a transfer: a "same" convolution with ReLU, the mean over space, one linear layer.

    A class activation map needs the pooled layer to feed the last linear layer directly; this one does.
    """
    return nn.Sequential(
        nn.Conv2d(width_in, width, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, classes),
    )


def checked_head(head: str) -> str:
    """Return the name of a kind of head.

    Raises
    ------
    SettingError
        With the known ones and the nearest.
    """
    if head not in HEADS:
        raise SettingError(str(unknown_name("head", head, HEADS)))
    return head


def freeze(module: Backbone) -> None:
    """Keep the body as it is in training; the head stays trainable."""
    module.features.requires_grad_(False)
    module.train(module.training)


def unfreeze(module: Backbone, depth: int) -> None:
    """Let the last parts of the body train again.

    Parameters
    ----------
    module
        Frozen before.
    depth
        How many parts, counted from the head; only parts of `features` that hold weights are counted.

    Raises
    ------
    InvalidInputError
        When the body has not so many.
    """
    parts = [part for part in module.features if any(True for _ in part.parameters())]
    if not 0 <= depth <= len(parts):
        raise InvalidInputError(
            f"depth to unfreeze of {type(module).__name__} must be 0..{len(parts)} parts; got {depth}."
        )
    for part in parts[len(parts) - depth :]:
        part.requires_grad_(True)
    module.train(module.training)


def replace_head(module: Backbone, classes: int) -> None:
    """Give the head a new last layer, for so many classes; what stands before it is kept."""
    weighted = [(place, part) for place, part in enumerate(module.head) if isinstance(part, nn.Linear | nn.Conv2d)]
    place, last = weighted[-1]
    new = (
        nn.Linear(last.in_features, classes)
        if isinstance(last, nn.Linear)
        else nn.Conv2d(last.in_channels, classes, 1)  # the only head that ends in one has a 1x1 kernel
    )
    module.head[place] = new.to(last.weight)


def trainable(module: nn.Module) -> int:
    """Return how many parameters would change in training."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
