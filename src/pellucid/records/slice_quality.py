"""What is wrong with an MRI slice, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.records.finding import Finding
from pellucid.records.slice import MriSlice

SMALL = 64
"""Pixels along the shorter side."""

CONTRAST = 0.3
"""Of the range from black to white."""

DARK = 0.25
"""Grey value: air around a head is darker."""

_BORDER = 0.03  # of the shorter side


def slice_findings(record: MriSlice) -> Iterator[Finding]:
    """Yield what makes a picture unlike a slice through a head: size, contrast, a border that is not dark."""
    rows, columns = record.shape
    if min(rows, columns) < SMALL:
        yield Finding("small", (), f"The slice is small: {columns} x {rows} pixels; networks expect 150 or more.")
    contrast = float(np.ptp(np.percentile(record.pixels, (0.5, 99.5))))
    if contrast < CONTRAST:
        yield Finding("contrast", (), f"The slice uses {contrast:.0%} of the range from black to white.")
    border = _border(record)
    if border > DARK:
        yield Finding(
            "border",
            (),
            f"The border is not dark (grey value {border:.2f} of 1): this may be no slice through a head, a cut-out, "
            "or a negative.",
        )


def _border(record: MriSlice) -> float:
    """Return the median grey value of a narrow frame."""
    width = max(1, round(_BORDER * min(record.shape)))
    inner = np.zeros(record.shape, dtype=bool)
    inner[width:-width, width:-width] = True
    return float(np.median(record.pixels[~inner]))
