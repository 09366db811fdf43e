"""Neighbouring windows together: what the edge of a layer cuts off is then cut off for all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.attribution.occluding.region import Cells
from pellucid.attribution.occluding.windows import Window

_SIDE = {1: 128, 2: 7}  # windows along each of so many axes


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """Some places of windows, and the windows there.

    Attributes
    ----------
    starts, ends
        Shape (place, 2): first cells along each axis, and those after the last.
    windows
        For each channel that is replaced by itself, or None for all together, the number of the window at each place.
    """

    starts: Cells
    ends: Cells
    windows: dict[int | None, Cells]


def tiled(windows: Sequence[Window], channels: int) -> list[Tile]:
    """Return windows over an input of one or two axes in space, grouped into tiles.

    Parameters
    ----------
    channels
        Of the input.
    """
    axes = len(windows[0]) - 1
    spans = [(slice(0, 1), *window[1:])[-2:] for window in windows]
    starts = np.array([[span.start for span in pair] for pair in spans], dtype=np.int64)
    ends = np.array([[span.stop for span in pair] for pair in spans], dtype=np.int64)
    tile = np.stack([_groups(starts[:, axis], _SIDE[axes]) for axis in range(2)], 1)
    channel = np.array([w[0].start if w[0].stop - w[0].start < channels else -1 for w in windows])
    found = []
    for kind in np.unique(tile, axis=0):
        here = np.flatnonzero((tile == kind).all(1))
        own = {int(c) if c >= 0 else None: here[channel[here] == c] for c in np.unique(channel[here])}
        places = next(iter(own.values()))
        found.append(Tile(starts[places], ends[places], own))
    return found


def _groups(starts: Cells, side: int) -> Cells:
    """Return the number of the group that each window is in along one axis, groups as even as can be."""
    places, rank = np.unique(starts, return_inverse=True)
    count = math.ceil(len(places) / side)
    return rank * count // len(places)
