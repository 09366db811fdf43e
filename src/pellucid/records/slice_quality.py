"""What is wrong with an MRI slice, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pellucid.records.finding import Finding
from pellucid.records.slice import MriSlice

SMALL = 64
"""Pixels along the shorter side."""

CONTRAST = 0.3
"""Of the range from black to white."""

DARK = 0.25
"""Grey value: air around a head is darker."""

LIKE_A_HEAD = 0.05
"""Correlation with a bright ellipse that fills the picture, below which nothing of a head is there."""

LIKE_A_HEAD_ON_BRIGHT, BRIGHT = 0.4, 0.17
"""The same where the border is brighter than this share of the white."""

IN_ONE_PIECE = 0.45
"""Share of what is bright that hangs together in the largest piece: letters and cells do not.

Of 4,474 slices (all of the brain tumour, dementia and glioma folders, healthy ones from elsewhere, phantoms) 0.6 % are
called unlike a head by these three; of 59 photographs, textures, icons, texts and patterns 55 are. The four others are
a drawn head, a retina, a colour wheel and a logo; three of them are in colour, which reading notes. A fourth of the
slices and a third of the others are looked at in `tests/records/test_slice_quality.py`.
"""

_BORDER = 0.03  # of the shorter side
_SIDE = 64  # pixels of the copy whose shape is looked at
_WHITE = 99.5  # percentile that counts as white
_OF_OTSU = 0.6  # of the threshold between dark and bright


def slice_findings(record: MriSlice) -> Iterator[Finding]:
    """Yield what makes a picture unlike a slice through a head: size, contrast, a border that is not dark, its shape.

    Cost: about 1 ms.
    """
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
    if not like_a_head(record.pixels):
        yield Finding(
            "shape",
            (),
            "This does not look like a slice through a head (one bright, round thing on a dark ground): a photograph, "
            "text, or another part of the body? What a network for heads says of it means nothing. Leave it out, or "
            "cut out the slice itself.",
        )


def like_a_head(pixels: NDArray[np.float32]) -> bool:
    """Return whether a picture, (row, column) in 0..1, is one bright, roundish thing on a dark ground.

    A rule of thumb on a copy of 64 x 64 pixels; `IN_ONE_PIECE` says how often it is wrong.
    """
    from PIL import Image
    from scipy.ndimage import label

    reduced = np.asarray(Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    picture = (reduced / max(float(np.percentile(reduced, _WHITE)), 1e-3)).clip(0, 1)
    pieces, _ = label(picture > _OF_OTSU * _otsu(picture))
    sizes = np.bincount(pieces.ravel())[1:]
    if not sizes.size or not picture.std():
        return False
    rows, columns = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    ellipse = (1.1 - np.hypot(rows, columns)).clip(0, 0.3)
    likeness = float(np.corrcoef(picture.ravel(), ellipse.ravel())[0, 1])
    frame = np.concatenate([picture[:2], picture[-2:], picture[:, :2].T, picture[:, -2:].T], axis=1)
    least = LIKE_A_HEAD_ON_BRIGHT if np.median(frame) > BRIGHT else LIKE_A_HEAD
    return likeness >= least and float(sizes.max() / sizes.sum()) >= IN_ONE_PIECE


def _otsu(picture: NDArray[np.float64]) -> float:
    """Return the grey value that parts dark from bright (Otsu 1979, IEEE Trans. SMC 9:62), of 64 in 0..1."""
    counts, edges = np.histogram(picture, 64, (0, 1))
    values = (edges[:-1] + edges[1:]) / 2
    below, mass = np.cumsum(counts), np.cumsum(counts * values)
    above = below[-1] - below
    between = (mass[-1] * below / below[-1] - mass) ** 2 / np.maximum(below * above, 1)
    return float(values[between.argmax()])


def _border(record: MriSlice) -> float:
    """Return the median grey value of a narrow frame."""
    width = max(1, round(_BORDER * min(record.shape)))
    inner = np.zeros(record.shape, dtype=bool)
    inner[width:-width, width:-width] = True
    return float(np.median(record.pixels[~inner]))
