"""A volume of a head in the patient's own directions, and its axial slices as radiologists see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError, missing_extra
from pellucid.records.limits import check_pixels
from pellucid.records.slice import MriSlice

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

_RANGE = (0.5, 99.5)  # percentiles of the volume that become black and white


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Volume:
    """Grey values 0..1 as (x, y, z): x to the patient's right, y to the front, z up.

    Attributes
    ----------
    spacing
        Of the voxels along x, y, z in mm; None where the file does not say.
    oriented
        False where the file states no orientation: the axes are then as stored, and no side is known.
    source
        The file or folder it came from.
    """

    values: NDArray[np.float32]
    spacing: tuple[float, float, float] | None
    oriented: bool
    source: Path
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """How many axial slices it has."""
        return int(self.values.shape[2])

    def axial(self, index: int, *, name: str, notes: tuple[str, ...] = ()) -> MriSlice:
        """Return an axial slice, 0 the lowest: the front of the head above, the patient's right at the left edge."""
        told = [*notes, *([] if self.oriented else ["The file states no orientation; left and right are not known."])]
        sides: dict[str, Any] = {"sides": ["R", "L"]} if self.oriented else {}
        return MriSlice(
            pixels=self.values[::-1, ::-1, index].T,
            spacing=None if self.spacing is None else (self.spacing[1], self.spacing[0]),
            name=name,
            source=self.source,
            metadata=self.metadata | {"plane": "axial"} | sides | ({"notes": told} if told else {}),
        )


def volume(image: SpatialImage, path: Path, *, oriented: bool, metadata: dict[str, Any] | None = None) -> Volume:
    """Return the first volume of a nibabel image, turned to the closest of the patient's directions.

    Raises
    ------
    UnreadableFileError
        For voxels that are not grey, and slices of too many pixels.
    """
    from nibabel import as_closest_canonical

    turned = as_closest_canonical(image) if oriented else image  # type: ignore[no-untyped-call]  # not annotated
    values = np.asarray(turned.dataobj[..., 0] if len(turned.shape) == 4 else turned.dataobj)
    if values.dtype.names is not None or np.iscomplexobj(values):
        raise UnreadableFileError(f"{path} must be grey; its voxels are {image.get_data_dtype()}. Export magnitudes.")
    check_pixels(values.shape[1], values.shape[0], path)
    sizes = [float(size) for size in turned.header.get_zooms()[:3]]
    return Volume(
        values=_grey(values),
        spacing=(sizes[0], sizes[1], sizes[2]) if all(0 < size < 100 for size in sizes) else None,
        oriented=oriented,
        source=path,
        metadata=metadata or {},
    )


def need_nibabel(what: str) -> None:
    """Refuse at once where nibabel is missing, so that its absence is not taken for damage.

    Raises
    ------
    MissingExtraError
        With the command that installs it.
    """
    try:
        import nibabel  # noqa: F401  # asked for first, so that its absence is not taken for damage
    except ImportError as error:
        raise missing_extra("nibabel", "image", what) from error


def _grey(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the volume as 0 to 1 between two percentiles of what is finite."""
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = np.percentile(finite, _RANGE) if finite.size else (0.0, 0.0)
    if not high > low:
        return np.zeros(values.shape, dtype=np.float32)
    scaled = np.nan_to_num((numbers - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return scaled.astype(np.float32)
