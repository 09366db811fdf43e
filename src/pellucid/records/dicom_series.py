"""A series of DICOM MR slices in a folder as one volume.

Source: DICOM PS3.3, C.7.6.2 (place and direction of a slice: the patient's left, back and up are positive).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import PellucidError, UnreadableFileError
from pellucid.core.provenance import text_hash
from pellucid.records.limits import check_bytes, check_samples
from pellucid.records.volume import Volume, need_nibabel, volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MAGIC, _MAGIC_AT = b"DICM", 128
_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # NIfTI counts to the right and to the front
_PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}  # how many numbers each has
_CONVERT = "Convert it to NIfTI with dcm2niix."


def series_files(folder: Path) -> list[Path]:
    """Return the DICOM files that lie in a folder itself, by name."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    return [file for file in files if _marked(file)]


def patient_of(file: Path) -> str | None:
    """Return a hash that stands for the patient, None without a PatientID.

    It keeps the number itself out of tables and files; whoever has a list of numbers can still find out whose it is.

    Raises
    ------
    UnreadableFileError
        When the file is damaged.
    """
    data = _opened(file, pixels=False)
    number = str(data.get("PatientID") or "").strip()
    return f"patient-{text_hash([number])[:12]}" if number else None


def read_series(folder: Path) -> Volume:
    """Return the slices of a folder as one volume, in the patient's directions.

    Raises
    ------
    UnreadableFileError
        Naming the file: of another modality, with several frames, of another size, series or direction, without a
        place; for a folder of fewer than two slices.
    MissingExtraError
        Without nibabel.

    Notes
    -----
    Slices may lie in any plane; axial ones are cut from the volume as it is stored, without resampling. Slices must be
    evenly apart, to a tenth of their distance.
    """
    need_nibabel("reading a series of DICOM slices")
    files = series_files(folder)
    for file in files:
        check_bytes(file.stat().st_size, file)
    slices = [_opened(file, pixels=True) for file in files]
    if len(slices) < 2:
        raise UnreadableFileError(f"{folder} must hold a series of two DICOM slices or more; it holds {len(slices)}.")
    for file, data in zip(files, slices, strict=True):
        _check(data, slices[0], file)
    try:
        check_samples(1, int(slices[0].Rows) * int(slices[0].Columns) * len(slices), folder)
        return _stacked(slices, folder)
    except PellucidError:
        raise
    except Exception as error:  # numbers that are none, or too few of them, fail wherever they are used
        raise UnreadableFileError(f"{folder} is a damaged DICOM series: {error}. {_CONVERT}") from error


def _stacked(slices: list[Dataset], folder: Path) -> Volume:
    from nibabel import Nifti1Image

    directions = np.array([float(one) for one in slices[0].ImageOrientationPatient]).reshape(2, 3)
    places = np.array([[float(one) for one in data.ImagePositionPatient] for data in slices])
    heights = places @ np.cross(*directions)
    order = np.argsort(heights)
    gaps = np.diff(heights[order])
    if gaps.min() <= 0 or np.ptp(gaps) > 0.1 * gaps.mean():
        raise UnreadableFileError(
            f"slices of {folder} must be evenly apart; got {gaps.min():.2f} to {gaps.max():.2f} mm: a slice is "
            f"missing, or there are several series or times. {_CONVERT}"
        )
    down, along = (float(size) for size in slices[0].PixelSpacing)
    step = (places[order[-1]] - places[order[0]]) / (len(order) - 1)
    affine = np.eye(4)
    affine[:3, :3] = _TO_RAS @ np.column_stack([directions[0] * along, directions[1] * down, step])
    affine[:3, 3] = _TO_RAS @ places[order[0]]
    values = np.stack([_values(slices[place], folder).T for place in order], axis=-1)
    image = Nifti1Image(values.astype(np.float32), affine)  # type: ignore[no-untyped-call]  # not annotated
    return volume(image, folder, oriented=True)


def _values(data: Dataset, folder: Path) -> NDArray[Any]:
    from pydicom.pixels.processing import apply_rescale

    try:
        values = np.asarray(apply_rescale(data.pixel_array, data), dtype=np.float64)
    except Exception as error:  # damaged pixels fail in whatever part of pydicom meets them
        raise UnreadableFileError(f"a slice of {folder} is damaged: {error}. Copy or export it again.") from error
    return -values if data.PhotometricInterpretation == "MONOCHROME1" else values


def _check(data: Dataset, first: Dataset, file: Path) -> None:
    modality, frames = data.get("Modality", "none"), int(data.get("NumberOfFrames") or 1)
    if modality != "MR":
        raise UnreadableFileError(f"{file} must be of modality MR; got {modality}. Leave it out.")
    grey = str(data.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
    if frames != 1 or "PixelData" not in data or not grey:
        raise UnreadableFileError(f"{file} must be one grey slice; got {frames} frames. {_CONVERT}")
    if any(np.size(data.get(key) or ()) != count for key, count in _PLACE.items()):
        raise UnreadableFileError(f"{file} must say where its slice lies; it does not. {_CONVERT}")
    same = ("SeriesInstanceUID", "Rows", "Columns", "PixelSpacing")
    other = [key for key in same if data.get(key) != first.get(key)]
    turned = np.abs(np.subtract(data.ImageOrientationPatient, first.ImageOrientationPatient)).max() > 1e-3
    if other or turned:
        raise UnreadableFileError(
            f"{file} must belong to one series with the others of its folder; {other[0] if other else 'the direction'} "
            "differs. Give each series a folder of its own."
        )


def _opened(file: Path, *, pixels: bool) -> Dataset:
    from pydicom import dcmread

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of every value that breaks the standard; many files do
            return dcmread(file, stop_before_pixels=not pixels)
    except PellucidError:
        raise
    except Exception as error:  # a cut or garbled file fails in whatever part of pydicom meets it
        raise UnreadableFileError(f"{file} is a damaged DICOM file: {error}. Copy or export it again.") from error


def _marked(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(_MAGIC_AT)
        return stream.read(len(_MAGIC)) == _MAGIC
