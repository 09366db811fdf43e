"""NIfTI volumes: the middle axial slice, left and right as the affine says."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import PellucidError, UnreadableFileError, missing_extra
from pellucid.records.limits import MAX_BYTES, check_pixels, check_samples
from pellucid.records.slice import MriSlice

_GZIP = b"\x1f\x8b"
_ANY_WRAPPER = 31  # zlib's word for: expect gzip
_HEADER = 352
_RANGE = (0.5, 99.5)  # percentiles of the volume that become black and white


class Nifti:
    """The middle axial slice of a NIfTI-1 or NIfTI-2 volume in one file, compressed or not.

    The slice is drawn as radiologists do: the front of the head above, the patient's right at the left edge; where
    the file states no orientation, the axes are taken as stored and no side is marked.
    """

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for the mark of NIfTI in the header, behind gzip where the file is compressed."""
        plain = _start(head) if head.startswith(_GZIP) else head
        return plain[344:348] == b"n+1\0" or plain[4:8] == b"n+2\0"

    def read(self, path: Path) -> MriSlice:
        """Read the first volume; of its axial slices the middle one."""
        try:
            import nibabel  # noqa: F401  # asked for here, so that its absence is not taken for damage
        except ImportError as error:
            raise missing_extra("nibabel", "image", "reading NIfTI") from error
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # of headers that break the standard; many do
                return _read(path)
        except PellucidError:
            raise
        except Exception as error:  # a cut or garbled file fails in whatever part of nibabel meets it
            raise UnreadableFileError(f"{path} is a damaged NIfTI file: {error}. Copy or export it again.") from error


def _read(path: Path) -> MriSlice:
    from nibabel import as_closest_canonical

    image = _image(path)
    if len(image.shape) not in (3, 4) or min(image.shape) < 1:
        raise UnreadableFileError(f"{path} must hold a volume (x, y, z); it holds {image.shape}. Export one volume.")
    check_samples(1, int(np.prod([int(side) for side in image.shape])), path)
    known = bool(image.header["qform_code"]) or bool(image.header["sform_code"])
    turned = image
    if known:  # x to the right, y to the front, z up
        turned = as_closest_canonical(image)  # type: ignore[no-untyped-call]  # nibabel does not annotate it
    values = np.asarray(turned.dataobj[..., 0] if len(turned.shape) == 4 else turned.dataobj)
    if values.dtype.names is not None or np.iscomplexobj(values):
        raise UnreadableFileError(f"{path} must be grey; its voxels are {image.get_data_dtype()}. Export magnitudes.")
    columns, rows, slices = values.shape
    check_pixels(rows, columns, path)
    sizes = [float(size) for size in turned.header.get_zooms()[:3]]
    sizable = all(0 < size < 100 for size in sizes)
    middle = slices // 2
    notes = [f"Slice {middle + 1} of {slices} from below is read; the volume has no other record here."]
    if not known:
        notes.append("The file states no orientation; left and right are not known.")
    return MriSlice(
        pixels=_grey(values)[::-1, ::-1, middle].T,
        spacing=(sizes[1], sizes[0]) if sizable else None,
        name=path.stem,
        source=path,
        metadata={"plane": "axial", "notes": notes} | ({"sides": ["R", "L"]} if known else {}),
    )


def _grey(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the volume as 0 to 1 between two percentiles of what is finite."""
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = np.percentile(finite, _RANGE) if finite.size else (0.0, 0.0)
    if not high > low:
        return np.zeros(values.shape, dtype=np.float32)
    scaled = np.nan_to_num((numbers - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return scaled.astype(np.float32)


def _image(path: Path) -> Any:
    from nibabel import Nifti1Image, Nifti2Image

    raw = path.read_bytes()
    if raw.startswith(_GZIP):
        packer = zlib.decompressobj(_ANY_WRAPPER)
        raw = packer.decompress(raw, MAX_BYTES)
        if not packer.eof:
            raise UnreadableFileError(f"{path} is cut off, or larger than {MAX_BYTES // 2**20} MiB when unpacked.")
    kind = Nifti2Image if raw[4:8] == b"n+2\0" else Nifti1Image
    return kind.from_bytes(raw)


def _start(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(_ANY_WRAPPER).decompress(head, _HEADER)
    except zlib.error:
        return b""
