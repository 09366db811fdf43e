"""Where in a layer the changes of many windows lie: one rectangle a window, all of one size.

One-dimensional layers have a first axis of size 1. Rectangles may hang over the layer's edge; outside of it there is
no change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Starts = NDArray[np.int64]
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

    starts: Starts
    widths: Pair
    sizes: Pair

    @property
    def share(self) -> float:
        """How much of the layer a rectangle is."""
        return prod(self.widths) / prod(self.sizes)

    @property
    def margins(self) -> tuple[Pair, Pair]:
        """How far rectangles hang over the layer, before and after it along each axis."""
        before = np.maximum(0, -self.starts.min(0))
        after = np.maximum(0, self.starts.max(0) + self.widths - self.sizes)
        return (int(before[0]), int(after[0])), (int(before[1]), int(after[1]))

    def moved(self, by: Pair, sizes: Pair) -> Region:
        """Return the region in a layer whose first cell lies `by` cells before this one's."""
        return Region(self.starts + np.array(by), self.widths, sizes)


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

        Result o reads the cells o s - p to o s - p + r, for stride s, padding p and reach r. Along each axis a
        rectangle from a of width w is read by the results from ceil((a + p - r) / s) to floor((a + w - 1 + p) / s).
        Where this gives more results for some windows than for others, the rectangles of all have the most.
        """
        firsts, widths = [], []
        for axis, reach in enumerate(self.reach):
            start = region.starts[:, axis] + self.padding[axis]
            first = -((reach - start) // self.stride[axis])
            last = (start + region.widths[axis] - 1) // self.stride[axis]
            firsts.append(first)
            widths.append(max(1, int((last - first).max()) + 1))
        return Region(np.stack(firsts, 1), (widths[0], widths[1]), sizes)

    def read(self, region: Region, sizes: Pair) -> Region:
        """Return the region of the cells that the results in a region read: the reverse of `reached`."""
        starts = region.starts * self.stride - np.array(self.padding)
        widths = [(w - 1) * s + r + 1 for w, s, r in zip(region.widths, self.stride, self.reach, strict=True)]
        return Region(starts, (widths[0], widths[1]), sizes)


def hull(regions: Sequence[Region]) -> Region:
    """Return the smallest region of one size that holds all of these, window by window."""
    starts = np.min([region.starts for region in regions], 0)
    ends = np.max([region.starts + np.array(region.widths) for region in regions], 0)
    height, width = (ends - starts).max(0)
    return Region(starts, (int(height), int(width)), regions[0].sizes)
