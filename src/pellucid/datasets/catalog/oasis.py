"""OASIS-1 slices in folders, whose names tell the patient: split by patient, never by slice."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import ClassVar

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.catalog.image_folder import ImageFolder

_NAME = re.compile(r"(?P<patient>OAS1_\d{4})_MR(?P<session>\d+)_mpr-(?P<repeat>\d+)_(?P<slice>\d+)")


class Oasis(ImageFolder):
    """Slices of OASIS-1 (Marcus et al. 2007, J Cogn Neurosci 19:1498) in `PATH/CLASS/OAS1_0001_MR1_mpr-1_100.jpg`.

    Parameters
    ----------
    place
        The folder.
    classes
        `all`, or some of the folders' names.

    Notes
    -----
    `OAS1_0001` is the patient; `MR2` is the same person again, `mpr-1` to `mpr-4` are repeats of one session, and the
    last number is the slice. Patients are dealt into ten folds, each class alike. Of a class with few patients (the
    set has two with moderate dementia) some folds have none, and its figure says nothing.
    """

    name: ClassVar[str] = "oasis"
    patients_known = True

    def _patient(self, file: str) -> str:
        found = _NAME.fullmatch(PurePosixPath(file).stem)
        if found is None:
            raise InvalidInputError(
                f"picture {self.folder / file} must be named as OAS1_0001_MR1_mpr-1_100.jpg, for the name tells the "
                "patient; it is not. Remove it, or take image-folder, which knows no patients."
            )
        return found["patient"]
