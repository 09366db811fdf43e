"""The volume in a NIfTI-1 or NIfTI-2 file, compressed or not."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core.errors import PellucidError, UnreadableFileError
from pellucid.records.limits import MAX_BYTES, check_bytes, check_samples
from pellucid.records.volume import Volume, need_nibabel, volume

GZIP = b"\x1f\x8b"
_ANY_WRAPPER = 31  # zlib's word for: expect gzip
_HEADER = 352


def is_nifti(head: bytes) -> bool:
    """Look for the mark of NIfTI in the first bytes of a file, behind gzip where it is compressed."""
    plain = _start(head) if head.startswith(GZIP) else head
    return plain[344:348] == b"n+1\0" or plain[4:8] == b"n+2\0"


def read_nifti(path: Path) -> Volume:
    """Return the first volume of a file, in the patient's directions where it states an orientation.

    Raises
    ------
    UnreadableFileError
        For a damaged file, one that is too large, and one that holds no grey volume.
    MissingExtraError
        Without nibabel.
    """
    need_nibabel("reading NIfTI")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of headers that break the standard; many do
            return _read(path)
    except PellucidError:
        raise
    except Exception as error:  # a cut or garbled file fails in whatever part of nibabel meets it
        raise UnreadableFileError(f"{path} is a damaged NIfTI file: {error}. Copy or export it again.") from error


def _read(path: Path) -> Volume:
    check_bytes(path.stat().st_size, path)
    image = _image(path)
    if len(image.shape) not in (3, 4) or min(image.shape) < 1:
        raise UnreadableFileError(f"{path} must hold a volume (x, y, z); it holds {image.shape}. Export one volume.")
    check_samples(1, int(np.prod([int(side) for side in image.shape])), path)
    return volume(image, path, oriented=bool(image.header["qform_code"]) or bool(image.header["sform_code"]))


def _image(path: Path) -> Any:
    from nibabel import Nifti1Image, Nifti2Image

    raw = path.read_bytes()
    if raw.startswith(GZIP):
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
