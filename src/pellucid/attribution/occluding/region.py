"""Where in a layer the changes of some windows lie: one rectangle a window, all of one size.

One-dimensional layers have a first axis of size 1. Rectangles may hang over the layer's edge; outside of it there is
no change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.int64]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A rectangle for each window.

    Attributes
    ----------
    starts
        Shape (window, 2): its first cell along each axis.
    widths
        Its cells along each axis.
    sizes
        Of the layer.
    """

    starts: Cells
    widths: Pair
    sizes: Pair

    @property
    def share(self) -> float:
        """How much of the layer a rectangle is; more than 1 of an empty one."""
        return prod(self.widths) / max(1, prod(self.sizes))

    @property
    def ends(self) -> Cells:
        """Shape (window, 2): the cell after the last along each axis."""
        return self.starts + self.widths

    @property
    def margins(self) -> tuple[Pair, Pair]:
        """How far rectangles hang over the layer, before and after it along each axis."""
        before, after = (-self.starts.min(0)).clip(0), (self.ends.max(0) - self.sizes).clip(0)
        return (int(before[0]), int(after[0])), (int(before[1]), int(after[1]))

    def moved(self, by: Pair, sizes: Pair) -> Region:
        """Return the region in a layer whose first cell lies `by` cells before this one's."""
        return Region(self.starts + by, self.widths, sizes)


def covering(starts: Cells, ends: Cells, sizes: Pair) -> Region:
    """Return the region of rectangles that hold these, which may differ in size.

    Where all windows lie at the edge, so that no rectangle needs its full width within the layer, what hangs over is
    cut off, and rectangles move inwards to be of one size.
    """
    firsts, widths = starts.copy(), []
    for axis, size in enumerate(sizes):
        width = int((ends[:, axis] - starts[:, axis]).max())
        inside = starts[:, axis].clip(0, size - 1)
        needed = max(1, int((ends[:, axis].clip(1, size) - inside).max()))
        if needed < width:
            width, firsts[:, axis] = needed, np.minimum(inside, size - needed)
        widths.append(width)
    return Region(firsts, (widths[0], widths[1]), sizes)


def hull(regions: Sequence[Region]) -> Region:
    """Return the smallest region that holds all of these, window by window."""
    starts = np.min([region.starts for region in regions], 0)
    return covering(starts, np.max([region.ends for region in regions], 0), regions[0].sizes)


@dataclass(frozen=True, slots=True)
class Sweep:
    """How a kernel goes over a layer, one entry an axis: a convolution's or a pooling's."""

    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    @property
    def reach(self) -> Pair:
        """From the first cell that the kernel reads to the last."""
        return (self.kernel[0] - 1) * self.dilation[0], (self.kernel[1] - 1) * self.dilation[1]

    def reached(self, region: Region, sizes: Pair) -> Region:
        """Return the region of the results that read a changed cell.

        Result o reads cells from o s - p to o s - p + r, for stride s, padding p and reach r. A rectangle from a of
        width w is read by the results from ceil((a + p - r) / s) to floor((a + w - 1 + p) / s).
        """
        first = -((np.array(self.reach) - region.starts - self.padding) // self.stride)
        after = (region.ends - 1 + self.padding) // self.stride + 1
        return covering(first, np.maximum(after, first + 1), sizes)

    def read(self, region: Region, sizes: Pair) -> Region:
        """Return the region of the cells that the results in a region read, padding included."""
        starts = region.starts * self.stride - self.padding
        (height, width), stride, reach = region.widths, self.stride, self.reach
        widths = (height - 1) * stride[0] + reach[0] + 1, (width - 1) * stride[1] + reach[1] + 1
        return Region(starts, widths, sizes)
