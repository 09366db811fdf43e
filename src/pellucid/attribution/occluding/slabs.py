"""Rectangles of layers as tensors (window, channel, height, width), channels last in memory: the quicker order."""

from __future__ import annotations

from collections.abc import Iterator

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
    if region.widths == within.widths and (region.starts[rows] == within.starts[rows]).all():
        return delta
    out = zeros(delta, delta.shape[1], within.widths)
    for some, (y, y_in), (x, x_in) in _overlaps(region, within, rows):
        out[some, :, y, x] = delta[some, :, y_in, x_in]
    return out


def add(into: Tensor, within: Region, delta: Tensor, region: Region, rows: Rows, factor: float) -> None:
    """Add slabs of one region, times a factor, to slabs of another that holds it, in place."""
    for some, (y, y_in), (x, x_in) in _overlaps(region, within, rows):
        if isinstance(some, slice):
            into[:, :, y, x].add_(delta[:, :, y_in, x_in], alpha=factor)
        else:
            into[some, :, y, x] += delta[some, :, y_in, x_in] * factor


Spans = tuple[slice, slice]


def _overlaps(region: Region, within: Region, rows: Rows) -> Iterator[tuple[slice | Tensor, Spans, Spans]]:
    """Yield windows of which one region lies alike in another, and along each axis what the two have in common."""
    offsets = region.starts[rows] - within.starts[rows]
    kinds = np.unique(offsets, axis=0) if (offsets != offsets[0]).any() else offsets[:1]
    for kind in kinds:
        every = len(kinds) == 1
        some = slice(None) if every else torch.from_numpy(np.flatnonzero((offsets == kind).all(1)))
        (y, x) = (int(kind[0]), int(kind[1]))
        yield some, _common(y, region.widths[0], within.widths[0]), _common(x, region.widths[1], within.widths[1])


def _common(offset: int, width: int, within: int) -> Spans:
    """Return the cells that a row of cells shares with another that begins `offset` before it, as either counts."""
    first = max(0, offset)
    last = max(first, min(within, offset + width))
    return slice(first, last), slice(first - offset, last - offset)


def cleared(delta: Tensor, region: Region, rows: Rows) -> Tensor:
    """Set what hangs over the edge of the layer to zero, in place: those cells do not exist."""
    starts = region.starts[rows]
    first, last = (-starts).clip(0, region.widths), (region.sizes - starts).clip(0, region.widths)
    for row in np.flatnonzero((first > 0).any(1) | (last < region.widths).any(1)):
        for axis, width in enumerate(region.widths):
            before, after = int(first[row, axis]), int(last[row, axis])
            if before > 0:
                delta[row].narrow(axis + 1, 0, before).zero_()
            if after < width:
                delta[row].narrow(axis + 1, after, width - after).zero_()
    return delta


def scattered(delta: Tensor, region: Region, clean: Tensor, rows: Rows) -> Tensor:
    """Return whole layers (window, channel, height, width): the clean one with each window's change added.

    Parameters
    ----------
    clean
        Shape (1, channel, height, width), channels last.
    """
    whole = torch.empty((len(rows), *clean.shape[1:]), dtype=delta.dtype, device=delta.device, memory_format=LAST)
    whole.copy_(clean)
    for row, (top, left) in enumerate(region.starts[rows].tolist()):
        y, y_in = _common(top, region.widths[0], region.sizes[0])
        x, x_in = _common(left, region.widths[1], region.sizes[1])
        whole[row, :, y, x] += delta[row, :, y_in, x_in]
    return whole


class Gather:
    """Takes the rectangles of a region out of a clean layer.

    Parameters
    ----------
    clean
        Shape (1, channel, height, width), channels last.
    fill
        What stands outside of the layer.
    """

    def __init__(self, clean: Tensor, region: Region, fill: float = 0.0) -> None:
        (top, bottom), (left, right) = region.margins
        if top or bottom or left or right:
            clean = torch.nn.functional.pad(clean, (left, right, top, bottom), value=fill)
        channels, width = clean.shape[1], clean.shape[3]
        self._shape = (*region.widths, channels)
        self._starts = (region.starts[:, 0] + top) * width + region.starts[:, 1] + left
        size = (int(self._starts.max()) + 1, region.widths[0], region.widths[1] * channels)
        step = (channels, width * channels, 1)
        self._seen = clean.contiguous(memory_format=LAST).permute(0, 2, 3, 1).as_strided(size, step)

    def __call__(self, rows: Rows) -> Tensor:
        """Return the rectangles of some windows, (window, channel, height, width), in memory of their own."""
        index = torch.from_numpy(self._starts[rows]).to(self._seen.device)
        return self._seen.index_select(0, index).reshape(len(rows), *self._shape).permute(0, 3, 1, 2)
