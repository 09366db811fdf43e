"""The MRI slice: grey values on a grid, with the size of a pixel where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.display import Displayed
from pellucid.core.errors import InvalidInputError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MriSlice(Displayed):
    """One slice of a brain MRI, immutable and validated.

    Parameters
    ----------
    pixels
        Shape (row, column), grey values scaled to 0..1; kept as float32, read-only.
    spacing
        Height and width of a pixel in mm, or None where the file does not say.
    name
        What pictures and folders call the slice.
    source
        The file it came from, if any.
    metadata
        Whatever the file says beside the pixels, as JSON can hold it.

    Raises
    ------
    InvalidInputError
        Naming the field, what was wanted and what came.
    """

    pixels: NDArray[np.float32]
    spacing: tuple[float, float] | None = None
    name: str = "slice"
    source: Path | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _checked_pixels(self.pixels, self.name))
        if self.spacing is not None:
            object.__setattr__(self, "spacing", _checked_spacing(self.spacing, self.name))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.pixels.shape
        return int(rows), int(columns)


def _checked_spacing(value: Sequence[float], name: str) -> tuple[float, float]:
    try:
        row, column = (float(length) for length in value)
    except (TypeError, ValueError):
        row = column = 0.0
    if not (0 < row < 100 and 0 < column < 100):
        raise InvalidInputError(f"spacing of {name} must be two lengths in mm (row, column) or None; got {value!r}.")
    return row, column


def _checked_pixels(value: ArrayLike, name: str) -> NDArray[np.float32]:
    try:
        pixels = np.array(value, dtype=np.float32)  # a copy of our own, so that nobody can write into it
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"pixels of {name} must be numbers in 0..1, (row, column); got {error}.") from error
    if pixels.ndim != 2 or min(pixels.shape) < 2:
        raise InvalidInputError(
            f"pixels of {name} must have the shape (row, column), at least 2 x 2; got {pixels.shape}. "
            "Convert colour to grey first."
        )
    if not np.isfinite(pixels).all():
        raise InvalidInputError(f"pixels of {name} must be finite; got NaN or infinite values.")
    if pixels.min() < 0 or pixels.max() > 1:
        raise InvalidInputError(
            f"pixels of {name} must lie in 0..1; got {pixels.min():g} to {pixels.max():g}. Divide by the largest value."
        )
    pixels.setflags(write=False)
    return pixels
