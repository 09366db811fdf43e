"""BeatNet: a small network for single beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError

_WIDTH, _CELLS, _HIDDEN = 64, 88, 20


class BeatNet(nn.Module):
    """Three convolutions and two dense layers for one beat of one lead.

    Input (batch, 1, sample), 187 samples at 125 Hz scaled to 0..1; output logits (batch, class). 120,829 trainable
    parameters for five classes. A cell of the last convolution sees 12 samples (96 ms); cells lie two samples apart.

    Parameters
    ----------
    classes
        Number of logits.
    legacy_186
        Read 186 samples, as the published code does, which loses the last. The weights have the same shapes.

    Attributes
    ----------
    layer
        For class activation: the ReLU of the last convolution, as published; a batch norm follows it.
    reads
        What it wants of a beat; with `legacy_186` a length of 186.

    Notes
    -----
    Batch norm comes after the ReLU, with Keras' eps 1e-3 and momentum 0.01; weights Glorot-uniform, biases zero; the
    dense layer reads time-major. Classes are exclusive: softmax of the logits.
    """

    layer: ClassVar[str] = "body.8"
    reads: ClassVar[Mapping[str, Any]] = {
        "sampling_rate": 125.0, "length": 187, "leads": 1, "keep": "start", "padding": "end"
    }  # fmt: skip

    def __init__(self, classes: int = 5, legacy_186: bool = False) -> None:
        super().__init__()
        self.leads = 1
        self.length = 186 if legacy_186 else 187
        self.body = nn.Sequential(
            *_convolution(1, 16), nn.MaxPool1d(2), *_convolution(16, 32), *_convolution(32, _WIDTH)
        )
        self.head = nn.Sequential(nn.Linear(_WIDTH * _CELLS, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # each has one here

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of beats."""
        if x.shape[-1] != self.length:
            raise InvalidInputError(
                f"BeatNet reads {self.length} samples of a beat at 125 Hz; got {x.shape[-1]}. "
                "Cut beats to 187, or build it with legacy_186 for 186."
            )
        logits: Tensor = self.head(self.body(x).transpose(1, 2).flatten(1))
        return logits


def _convolution(width_in: int, width: int) -> tuple[nn.Module, ...]:
    return nn.Conv1d(width_in, width, 3), nn.ReLU(), nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)
