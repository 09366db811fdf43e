"""Known regions of a slice: drawn outlines, filled pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError


def read_outlines(path: Path) -> dict[str, str]:
    """Return for each picture of a table (`path`, `outline_xy`) its outline as text; nothing where there is no table.

    Raises
    ------
    UnreadableFileError
        When the table lacks a column.
    """
    if not path.is_file():
        return {}
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not {"path", "outline_xy"} <= set(table.columns):
        raise UnreadableFileError(f"table {path} must have the columns path and outline_xy; it has not.")
    return dict(zip(table["path"], table["outline_xy"], strict=True))


def filled(outline: str, shape: tuple[int, int], where: str) -> NDArray[np.bool_]:
    """Return the region inside an outline, (row, column).

    Parameters
    ----------
    outline
        "x1 y1 x2 y2 ..." as fractions of width and height from the upper left corner; the last point joins the first.
    shape
        Rows and columns of the picture.
    where
        Named in errors.

    Notes
    -----
    A pixel is inside when its middle is, by the even-odd rule. Cost: rows x points x columns, a few ms.
    """
    try:
        points = np.array(outline.split(), dtype=np.float64).reshape(-1, 2)
    except ValueError as error:
        raise InvalidInputError(f"outline of {where} must be pairs of numbers; {error}.") from error
    if len(points) < 3 or not np.isfinite(points).all():
        raise InvalidInputError(f"outline of {where} must have 3 points or more, all finite; got {len(points)}.")
    rows, columns = shape
    middles = (np.arange(columns) + 0.5) / columns
    (x1, y1), (x2, y2) = points.T, np.roll(points, -1, axis=0).T
    inside = np.zeros(shape, dtype=bool)
    for row in range(rows):
        y = (row + 0.5) / rows
        crosses = (y1 > y) != (y2 > y)
        at = x1[crosses] + (y - y1[crosses]) * (x2 - x1)[crosses] / (y2 - y1)[crosses]
        inside[row] = (at[:, None] > middles).sum(0) % 2 == 1
    return inside
