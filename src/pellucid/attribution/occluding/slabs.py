"""Rectangles of layers as tensors (window, channel, height, width), channels last in memory: it is the quicker order."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.attribution.occluding.region import Pair, Region

Rows = NDArray[np.int64]
LAST = torch.channels_last


def flat(value: Tensor) -> Tensor:
    """Return a value (row, channel, *space) of one or two axes in space as (row, channel, height, width)."""
    return (value if value.ndim == 4 else value[:, :, None]).contiguous(memory_format=LAST)


def zeros(like: Tensor, channels: int, widths: Pair) -> Tensor:
    """Return slabs without a change."""
    shape = (len(like), channels, *widths)
    return torch.zeros(shape, dtype=like.dtype, device=like.device).to(memory_format=LAST)


def placed(delta: Tensor, region: Region, within: Region, rows: Rows) -> Tensor:
    """Return slabs of one region as slabs of another, cut and filled with zeros."""
    offsets = region.starts[rows] - within.starts[rows]
    if not offsets.any() and region.widths == within.widths:
        return delta
    out = zeros(delta, delta.shape[1], within.widths)
    for offset in np.unique(offsets, axis=0):
        same = np.flatnonzero((offsets == offset).all(1))
        some = slice(None) if len(same) == len(rows) else torch.from_numpy(same).to(delta.device)
        (y, y_in), (x, x_in) = map(_common, offset.tolist(), region.widths, within.widths)
        out[some, :, y, x] = delta[some, :, y_in, x_in]
    return out


def _common(offset: int, width: int, within: int) -> tuple[slice, slice]:
    """Return the cells that a row of cells shares with another that begins `offset` before it, as either counts."""
    first = max(0, offset)
    last = max(first, min(within, offset + width))
    return slice(first, last), slice(first - offset, last - offset)


def cleared(delta: Tensor, region: Region, rows: Rows) -> Tensor:
    """Set what hangs over the edge of the layer to zero, in place: those cells do not exist."""
    starts = region.starts[rows]
    ends = np.clip(region.sizes - starts, 0, region.widths)
    starts = np.clip(-starts, 0, region.widths)
    for row in np.flatnonzero((starts > 0).any(1) | (ends < region.widths).any(1)):
        (top, left), (bottom, right) = starts[row].tolist(), ends[row].tolist()
        for axis, first, last in ((1, top, bottom), (2, left, right)):
            if first > 0:
                delta[row].narrow(axis, 0, first).zero_()
            if last < region.widths[axis - 1]:
                delta[row].narrow(axis, last, region.widths[axis - 1] - last).zero_()
    return delta


def scattered(delta: Tensor, region: Region, clean: Tensor, rows: Rows) -> Tensor:
    """Return whole layers (window, channel, height, width): the clean one with each window's change added.

    Parameters
    ----------
    clean
        Shape (1, channel, height, width), channels last.
    """
    whole = clean.expand(len(rows), -1, -1, -1).contiguous(memory_format=LAST)
    whole = whole.clone() if len(rows) == 1 else whole
    for row, start in enumerate(region.starts[rows].tolist()):
        (y, y_in), (x, x_in) = map(_common, start, region.widths, region.sizes)
        whole[row, :, y, x] += delta[row, :, y_in, x_in]
    return whole


class Gather:
    """Takes the rectangles of a region out of a clean layer.

    Parameters
    ----------
    clean
        Shape (1, channel, height, width).
    fill
        What stands outside of the layer.
    """

    def __init__(self, clean: Tensor, region: Region, fill: float = 0.0) -> None:
        (top, bottom), (left, right) = region.margins
        padded = torch.nn.functional.pad(clean, (left, right, top, bottom), value=fill).contiguous(memory_format=LAST)
        channels, width = padded.shape[1], padded.shape[3]
        self._shape = (*region.widths, channels)
        self._starts = (region.starts[:, 0] + top) * width + region.starts[:, 1] + left
        size = (int(self._starts.max()) + 1, region.widths[0], region.widths[1] * channels)
        self._seen = padded.permute(0, 2, 3, 1).as_strided(size, (channels, width * channels, 1))

    def __call__(self, rows: Rows) -> Tensor:
        """Return the rectangles of some windows, (window, channel, height, width), in memory of their own."""
        index = torch.from_numpy(self._starts[rows]).to(self._seen.device)
        return self._seen.index_select(0, index).reshape(len(rows), *self._shape).permute(0, 3, 1, 2)
