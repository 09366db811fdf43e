"""Packs arrays into a page: 16-bit integers, differences in time, low bytes before high bytes, deflated, base64.

`viewer/packing.js` is the inverse.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, TypedDict

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 32767
MISSING = -32768  # NaN


class Packed(TypedDict):
    """An array in a page: its text, and what one unit of it is worth."""

    data: str
    step: float


def pack(values: NDArray[np.floating], step: float) -> Packed:
    """Return a (row, column) array in units of `step`, or of a larger step where 16 bits do not reach that far.

    The error is at most half a step.
    """
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    step = max(step, largest / MOST) or 1.0
    known = ~np.isnan(values)
    whole = np.where(known, np.rint(np.where(known, values, 0.0) / step), MISSING).astype(np.int16)
    # Differences wrap around modulo 2^16, and so do the sums that undo them.
    unsigned = whole.view(np.uint16)
    flat = (unsigned - np.pad(unsigned, ((0, 0), (1, 0)))[:, :-1]).ravel()
    planes = np.concatenate([flat & 0xFF, flat >> 8]).astype(np.uint8)
    return Packed(data=base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode(), step=step)


def unpack(packed: Packed, rows: int, columns: int) -> NDArray[np.float64]:
    """Return the array again, to half a step."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype=np.uint8).astype(np.uint16)
    differences = (planes[: rows * columns] + 256 * planes[rows * columns :]).reshape(rows, columns)
    whole = np.cumsum(differences, axis=1, dtype=np.uint16).astype(np.int16)
    return np.where(whole == MISSING, np.nan, whole * packed["step"])
