"""EcgResnet27: a residual network for 27 diagnoses of the Challenge 2020."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pellucid.networks.architectures.ecg_cnn27 import SameConvolution, normed

_WIDTHS = (12, 64, 128, 128)
_KERNELS = (8, 5, 3)


class EcgResnet27(nn.Module):
    """Three residual blocks of three convolutions each, mean over time, one dense layer.

    Input (batch, 12, sample) in raw units of the Challenge's files (microvolts), 500 Hz, 5000 samples where it was
    trained; output logits (batch, class). 513,819 trainable parameters for 27 classes.

    Parameters
    ----------
    classes
        Number of logits.

    Attributes
    ----------
    reads
        What it wants of an ECG.

    Notes
    -----
    Keras' "same" padding: at kernel 8 three zeros before and four after. Batch norm eps 1e-3.

    References
    ----------
    Code of github.com/nareshwar/ecg-xai (MIT).
    """

    reads: ClassVar[Mapping[str, Any]] = {
        "sampling_rate": 500.0, "length": 5000, "keep": "start", "padding": "end", "unit": "uV"
    }  # fmt: skip

    def __init__(self, classes: int = 27) -> None:
        super().__init__()
        self.leads = _WIDTHS[0]
        self.blocks = nn.Sequential(*(_Block(*widths) for widths in pairwise(_WIDTHS)))
        self.head = nn.Linear(_WIDTHS[-1], classes)

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in raw units."""
        logits: Tensor = self.head(self.blocks(x).mean(-1))
        return logits


class _Block(nn.Module):
    """Convolutions with batch norm, ReLU between them and after the sum with the shortcut."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            SameConvolution(width if place else width_in, width, kernel) for place, kernel in enumerate(_KERNELS)
        )
        self.norms = nn.ModuleList(normed(width) for _ in _KERNELS)
        self.shortcut = nn.Identity() if width_in == width else nn.Conv1d(width_in, width, 1)
        self.shortcut_norm = normed(width)

    def forward(self, x: Tensor) -> Tensor:
        hidden = x
        for place, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            hidden = norm(convolution(torch.relu(hidden) if place else hidden))
        return torch.relu(hidden + self.shortcut_norm(self.shortcut(x)))
