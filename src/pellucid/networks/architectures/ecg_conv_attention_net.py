"""EcgConvAttentionNet: a convolutional encoder for each lead, attention between the leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError

_LEADS = 12
_WIDTHS = (12, 24, 48, 48, 60, 60)
_KERNELS = (51, 26, 10, 8, 4)
_MIXED = (3, 4)  # the blocks whose convolutions see all leads in the published code
_CELLS = 148  # after the last pooling, of 5000 samples
_TOKEN = _WIDTHS[-1] // _LEADS * _CELLS
_HEADS, _LAYERS, _DROPOUT = 5, 6, 0.1
_FILTERS, _LAST_KERNEL = 6, 11


class EcgConvAttentionNet(nn.Module):
    """Five convolutions for each lead, six layers of attention between the twelve leads, one dense layer.

    Input (batch, 12, 5000) in mV at 500 Hz, not filtered; output logits (batch, class). 26,370,216 parameters for six
    classes; 26,404,536 with `leaky`.

    Parameters
    ----------
    classes
        Number of logits.
    leaky
        The last two convolutions see all leads, as in the published code: what its maps show of a lead is then of all
        leads. Without, every value before the attention depends on one lead only.

    Attributes
    ----------
    layer
        For class activation: the last convolution before its ReLU, (batch, lead, feature, cell), 297 cells of 16
        samples centred at 127.5 + 16 i. Attention between leads follows, so it is not found by itself.
    reads
        What it wants of an ECG.

    Notes
    -----
    Each block is a valid convolution, ReLU, batch norm and mean pooling by two. No positional encoding; the norm comes
    after each sublayer. Even without the leak attention mixes the leads: the weights of a lead's map depend on the
    others. Departures: float32 in place of float64, and each layer of attention is drawn for itself, where torch's
    own stack begins with six copies of one.

    References
    ----------
    Code of github.com/dupeljan/ecg-with-explanations; its text says four blocks and maximum pooling, its code five and
    means.
    """

    layer: ClassVar[str] = "features"
    length: ClassVar[int] = 5000
    reads: ClassVar[Mapping[str, Any]] = {"sampling_rate": 500.0, "length": 5000}

    def __init__(self, classes: int = 6, leaky: bool = False) -> None:
        super().__init__()
        self.leads, self.leaky = _LEADS, leaky
        self.blocks = nn.ModuleList(
            _Block(_WIDTHS[index], _WIDTHS[index + 1], kernel, 1 if leaky and index in _MIXED else _LEADS)
            for index, kernel in enumerate(_KERNELS)
        )
        self.features = nn.Identity()  # where the last convolution stands, unfolded: (batch, lead, feature, cell)
        self.attention = nn.ModuleList(
            nn.TransformerEncoderLayer(_TOKEN, _HEADS, 2 * _TOKEN, _DROPOUT, batch_first=True) for _ in range(_LAYERS)
        )
        self.mixing = nn.Conv1d(_LEADS, _FILTERS, _LAST_KERNEL)
        self.mixing_norm = nn.BatchNorm1d(_FILTERS)
        self.head = nn.Linear(_FILTERS * (_TOKEN - _LAST_KERNEL + 1), classes)

    @property
    def token_map(self) -> Tensor | None:
        """Which token each sample goes into, (lead, 1): its lead's. None where convolutions have mixed the leads."""
        return None if self.leaky else torch.arange(_LEADS)[:, None]

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in mV."""
        tokens = self.tokens(x)
        for layer in self.attention:
            tokens = layer(tokens)
        mixed = self.mixing_norm(torch.relu(self.mixing(tokens)))
        logits: Tensor = self.head(mixed.flatten(1))
        return logits

    def tokens(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch lead feature"]:
        """Return what attention reads: one token a lead.

        Raises
        ------
        InvalidInputError
            When the signals have another length.
        """
        if x.shape[-1] != self.length:
            raise InvalidInputError(
                f"EcgConvAttentionNet reads {self.length} samples; got {x.shape[-1]}. Pad or cut to 10 s at 500 Hz."
            )
        *blocks, last = (cast(_Block, block) for block in self.blocks)
        for block in blocks:
            x = block(x)
        by_lead = self.features(last.convolution(x).unflatten(1, (_LEADS, -1)))
        pooled: Tensor = last.rest(by_lead.flatten(1, 2))
        return pooled.reshape(len(x), _LEADS, _TOKEN)  # the channels of a lead stand side by side


class _Block(nn.Module):
    """Convolution, ReLU, batch norm, mean pooling by two."""

    def __init__(self, width_in: int, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width_in, width, kernel, groups=groups)
        self.rest = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(width), nn.AvgPool1d(2))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rest(self.convolution(x))
        return out
