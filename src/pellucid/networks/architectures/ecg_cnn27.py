"""EcgCnn27: a plain network for 27 diagnoses of the Challenge 2020."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

_WIDTHS = (64, 128, 128)
_KERNELS = (7, 5, 3)
_LEADS = 12
_DROPOUT = 0.5


class EcgCnn27(nn.Module):
    """Three convolutions with batch norm and ReLU, max pooling by two between them, mean over time, one dense layer.

    Input (batch, 12, sample) in raw units of the Challenge's files (microvolts), 500 Hz, 5000 samples where it was
    trained; output logits (batch, class). 99,931 trainable parameters for 27 classes.

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
    Keras' "same" padding; batch norm eps 1e-3. The share of its dropout before the dense layer is not published; 0.5
    is taken.

    References
    ----------
    Code of github.com/nareshwar/ecg-xai (MIT).
    """

    reads: ClassVar[Mapping[str, Any]] = {
        "sampling_rate": 500.0, "length": 5000, "keep": "start", "padding": "end", "unit": "uV"
    }  # fmt: skip

    def __init__(self, classes: int = 27) -> None:
        super().__init__()
        self.leads = _LEADS
        layers: list[nn.Module] = []
        for width_in, width, kernel in zip((_LEADS, *_WIDTHS), _WIDTHS, _KERNELS, strict=False):
            layers += [SameConvolution(width_in, width, kernel), normed(width), nn.ReLU(), nn.MaxPool1d(2)]
        self.features = nn.Sequential(*layers[:-1])
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(_WIDTHS[-1], classes)

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in raw units."""
        logits: Tensor = self.head(self.dropout(self.features(x).mean(-1)))
        return logits


class SameConvolution(nn.Conv1d):
    """A convolution with Keras' "same" padding: of an odd number of zeros one more goes behind."""

    def forward(self, x: Tensor) -> Tensor:
        """Return as many samples as there were."""
        zeros = self.kernel_size[0] - 1
        return super().forward(nn.functional.pad(x, (zeros // 2, zeros - zeros // 2)))


def normed(width: int) -> nn.BatchNorm1d:
    """Return a batch norm with Keras' settings."""
    return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)
