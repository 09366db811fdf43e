"""The HDF5 files of the CODE studies: `tracings`, (exam, sample, 12), at 400 Hz in millivolts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError, missing_extra
from pellucid.records.leads import DERIVED, STANDARD

if TYPE_CHECKING:
    from h5py import Dataset as Stored

RATE = 400.0
SUFFIXES = (".hdf5", ".h5")
_AUGMENTED = ("aVR", "aVL", "aVF")
_LOOKED_AT = 20


@contextmanager
def opened(path: Path) -> Iterator[tuple[Stored, NDArray[Any] | None]]:
    """Yield the tracings of a file, and its `exam_id` where it has them.

    Raises
    ------
    UnreadableFileError
        When it is no HDF5 file, or is damaged.
    InvalidInputError
        When it holds no `tracings` of twelve leads.
    """
    try:
        import h5py
    except ImportError as error:
        raise missing_extra("h5py", "study", "data set code") from error
    try:
        with h5py.File(path) as file:
            tracings = file.get("tracings")
            shape: tuple[int, ...] = getattr(tracings, "shape", ())
            if len(shape) != 3 or shape[2] != len(STANDARD) or 0 in shape:
                raise InvalidInputError(
                    f"file {path} must hold 'tracings' of the shape (exam, sample, 12); it holds "
                    f"{', '.join(file) or 'nothing'}{f', tracings {shape}' if shape else ''}."
                )
            yield tracings, file["exam_id"][:] if "exam_id" in file else None
    except OSError as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"file {path} cannot be read as HDF5: {error}. Download it again.") from error


def leads_of(path: Path) -> tuple[str, ...]:
    """Return the names of the 12 columns: the published pages disagree on the order of aVR, aVL and aVF.

    Each of the three columns is the one that Goldberger's identity with I and II makes it, on the first 20 tracings
    that are not empty; where the fit leaves a doubt, the order is the standard one.
    """
    with opened(path) as (tracings, _):
        some = np.asarray(tracings[:_LOOKED_AT], dtype=np.float64)
    one, two = some[..., 0], some[..., 1]
    error = np.array(
        [
            [np.abs(some[..., column] - a * one - b * two).mean() for a, b in (DERIVED[name] for name in _AUGMENTED)]
            for column in (3, 4, 5)
        ]
    )
    best = error.argmin(axis=1)
    if sorted(best.tolist()) != [0, 1, 2] or not np.abs(some[..., 3:6]).sum():
        return STANDARD
    return (*STANDARD[:3], *(_AUGMENTED[index] for index in best), *STANDARD[6:])
