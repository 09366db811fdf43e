"""The residual network of Ribeiro et al. 2020 for 12-lead ECGs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError

_KERNEL = 16
_WIDTHS = (64, 128, 196, 256, 320)
_STRIDE = 4


class RibeiroResNet(nn.Module):
    """The residual network of Ribeiro et al. 2020: four units over two streams, a dense head over time.

    Input (batch, lead, sample) in mV at 400 Hz, 4096 samples by default; output logits (batch, class).
    6,421,910 trainable parameters for 12 leads, 4096 samples and 6 classes. Padding is Keras' "same" (7 left, 8 right
    at stride 1); batch norm eps 1e-3. The features are flattened time-major, as Keras does.

    Parameters
    ----------
    classes
        Number of logits.
    leads
        Number of leads.
    length
        Samples of the input; others are refused, for the head is a dense layer over time.
    dropout
        Share of activations dropped in training.

    Attributes
    ----------
    reads
        What it wants of an ECG.

    References
    ----------
    Ribeiro et al., Nature Communications 11:1760 (2020); sizes as in its published code.
    """

    reads: ClassVar[Mapping[str, Any]] = {"sampling_rate": 400.0, "length": 4096, "padding": "both"}

    def __init__(self, classes: int = 6, leads: int = 12, length: int = 4096, dropout: float = 0.2) -> None:
        super().__init__()
        self.length = length
        self.stem = _same_convolution(leads, _WIDTHS[0], 1)
        self.stem_norm = _norm(_WIDTHS[0])
        self.units = nn.ModuleList(_Unit(width_in, width, dropout) for width_in, width in pairwise(_WIDTHS))
        cells = length
        for _ in self.units:
            cells = math.ceil(cells / _STRIDE)
        self.head = nn.Linear(_WIDTHS[-1] * cells, classes)
        self.apply(_he_normal)

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in mV."""
        if x.shape[-1] != self.length:
            raise InvalidInputError(
                f"RibeiroResNet reads {self.length} samples; got {x.shape[-1]}. Pad or cut, or build it with length=."
            )
        main = torch.relu(self.stem_norm(self.stem(x)))
        branch = main
        for unit in self.units:
            main, branch = unit(main, branch)
        logits: Tensor = self.head(main.transpose(1, 2).flatten(1))
        return logits


class _Unit(nn.Module):
    """One residual unit over two streams: `main` after batch norm and ReLU, `branch` before."""

    def __init__(self, width_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.first = _same_convolution(width_in, width, 1)
        self.first_norm = _norm(width)
        self.second = _same_convolution(width, width, _STRIDE)
        self.pool = nn.MaxPool1d(_STRIDE)
        self.shortcut = nn.Conv1d(width_in, width, 1, bias=False)
        self.second_norm = _norm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, main: Tensor, branch: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.dropout(torch.relu(self.first_norm(self.first(main))))
        branch = self.second(hidden) + self.shortcut(self.pool(_same_padded(branch, _STRIDE, _STRIDE, float("-inf"))))
        return self.dropout(torch.relu(self.second_norm(branch))), branch


def _norm(width: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)


def _same_convolution(width_in: int, width: int, stride: int) -> nn.Module:
    return _SameConvolution(width_in, width, _KERNEL, stride=stride, bias=False)


class _SameConvolution(nn.Conv1d):
    """Keras' "same" padding: the odd zero goes to the right."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(_same_padded(x, self.kernel_size[0], self.stride[0], 0.0))


def _same_padded(x: Tensor, kernel: int, stride: int, value: float) -> Tensor:
    samples = x.shape[-1]
    total = max((math.ceil(samples / stride) - 1) * stride + kernel - samples, 0)
    return nn.functional.pad(x, (total // 2, total - total // 2), value=value) if total else x


def _he_normal(module: nn.Module) -> None:
    """He-normal as Keras makes it: truncated at two standard deviations, then corrected for the cut."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        fan_in = module.weight[0].numel()
        std = math.sqrt(2.0 / fan_in) / 0.8796
        nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
