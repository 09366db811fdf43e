"""The MR slice in a DICOM picture object.

Source: DICOM PS3.3, C.7.6.3 (pixels), C.11.2 (window).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError
from pellucid.records.limits import check_pixels
from pellucid.records.slice import MriSlice

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def read_slice(data: Dataset, path: Path, metadata: dict[str, Any]) -> MriSlice:
    """Return an MR picture of one frame, grey values in 0..1 over its window, or over its range where it has none.

    Raises
    ------
    UnreadableFileError
        If it holds no picture, another modality's, several frames, or colour.
    """
    if "PixelData" not in data:
        raise UnreadableFileError(
            f"{path} is a DICOM file ({data.get('Modality', 'no modality')}) with neither a waveform nor a picture. "
            "Name an ECG waveform or an MR slice."
        )
    check_pixels(int(data.Rows), int(data.Columns), path)
    modality, frames = data.get("Modality", "none"), int(data.get("NumberOfFrames") or 1)
    if modality != "MR":
        raise UnreadableFileError(f"{path} must be of modality MR (or an ECG waveform); got {modality}.")
    if frames != 1 or not data.PhotometricInterpretation.startswith("MONOCHROME"):
        raise UnreadableFileError(
            f"{path} must be one grey frame; got {frames} of {data.PhotometricInterpretation}. Export the slice alone."
        )
    pixels, notes = _grey(data)
    spacing, sides = data.get("PixelSpacing"), _sides(data)
    return MriSlice(
        pixels=pixels,
        spacing=(float(spacing[0]), float(spacing[1])) if spacing else None,
        name=path.stem,
        source=path,
        metadata=metadata | ({"sides": sides} if sides else {}) | ({"notes": notes} if notes else {}),
    )


def _sides(data: Dataset) -> list[str] | None:
    """Return which side of the patient lies at the left and at the right edge, where the rows run from side to side."""
    along_rows = [float(cosine) for cosine in data.get("ImageOrientationPatient") or ()][:3]
    if not along_rows or abs(along_rows[0]) < max(map(abs, along_rows[1:])):
        return None
    return ["R", "L"] if along_rows[0] > 0 else ["L", "R"]


def _grey(data: Dataset) -> tuple[NDArray[np.float32], list[str]]:
    from pydicom.pixels.processing import apply_rescale

    values = np.asarray(apply_rescale(data.pixel_array, data), dtype=np.float64)
    notes = []
    window = _window(data)
    if window is None:
        notes.append("The file states no window; black and white are its smallest and largest value.")
    low, high = window or (float(values.min()), float(values.max()))
    scaled = ((values - low) / (high - low)).clip(0, 1) if high > low else np.zeros_like(values)
    inverted = data.PhotometricInterpretation == "MONOCHROME1"
    return (1 - scaled if inverted else scaled).astype(np.float32), notes


def _window(data: Dataset) -> tuple[float, float] | None:
    """Return what becomes black and white: equation (1) of C.11.2.1.2.1, of the first window."""
    centre, width = _first(data.get("WindowCenter")), _first(data.get("WindowWidth"))
    if centre is None or width is None or width <= 1:
        return None
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value if isinstance(value, str | int | float) or not hasattr(value, "__len__") else value[0])
