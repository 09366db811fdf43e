"""JPEG and PNG pictures of MRI slices."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError
from pellucid.records.limits import check_pixels
from pellucid.records.slice import MriSlice

if TYPE_CHECKING:
    from PIL.Image import Image

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601: what Pillow and OpenCV call grey
# JPEG gives grey scans a tint of a few steps; a drawn arrow or a colour map is far beyond it.
_TINT = 24 / 255
_COLOURED_SHARE = 0.001


class Picture:
    """One grey slice in 0..1 from a picture of any mode, upright as its EXIF orientation says.

    Colour becomes grey by luma; what is transparent becomes black, as the background of a scan is.
    """

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for the first bytes of a JPEG or a PNG file."""
        return head.startswith(_MAGIC)

    def read(self, path: Path) -> MriSlice:
        """Read the first frame; pixels have no stated size, `spacing` is None."""
        from PIL import Image, ImageOps

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's word on size comes here as an error, and earlier
                with Image.open(path, formats=("JPEG", "PNG")) as picture:
                    check_pixels(picture.height, picture.width, path)
                    pixels, notes = _grey(ImageOps.exif_transpose(picture))
        except UnreadableFileError:
            raise
        except Image.DecompressionBombError as error:
            raise UnreadableFileError(f"{path} has too many pixels: {error} Reduce it first.") from error
        except Exception as error:  # a damaged picture fails in whatever part of Pillow it reaches
            raise UnreadableFileError(f"{path} is a damaged picture: {error}. Copy or export it again.") from error
        return MriSlice(pixels=pixels, name=path.stem, source=path, metadata={"notes": notes} if notes else {})


def _grey(picture: Image) -> tuple[NDArray[np.float32], list[str]]:
    """Return grey values in 0..1 and what was lost on the way."""
    if picture.mode.startswith("I;16"):
        return (np.asarray(picture, dtype=np.float32) / 65535).clip(0, 1), []
    if picture.mode in ("1", "L") and not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), dtype=np.float32) / np.float32(255), []
    notes = []
    transparent = picture.has_transparency_data
    colours = np.asarray(picture.convert("RGBA" if transparent else "RGB"), dtype=np.float32) / np.float32(255)
    if transparent:
        opacity = colours[..., 3:]
        colours = colours[..., :3] * opacity
        if opacity.min() < 1:
            notes.append("Parts of the picture are transparent; they are taken as black.")
    coloured = float(np.mean(np.ptp(colours, axis=2) > _TINT))
    if coloured > _COLOURED_SHARE:
        notes.append(f"{coloured:.1%} of the picture is in colour; grey is its luma. MRI slices have none.")
    grey: NDArray[np.float32] = (colours @ _LUMA).clip(0, 1)
    return grey, notes
