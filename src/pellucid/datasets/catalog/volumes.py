"""Brain volumes in folders, the folder the class: axial slices of NIfTI files and DICOM series, split by patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.catalog.image_folder import ImageFolder
from pellucid.records.dicom_series import patient_of, read_series, series_files
from pellucid.records.nifti_volume import read_nifti
from pellucid.records.slice import MriSlice
from pellucid.records.volume import Volume

SUFFIXES = (".nii", ".nii.gz")
_PERSON = re.compile(r"sub-[A-Za-z0-9]+|OAS1_\d{4}")  # how BIDS and OASIS-1 begin a file's name


class Volumes(ImageFolder):
    """Axial slices of the volumes in `PATH/CLASS/...`, or in `PATH/Training/CLASS/...` and `PATH/Testing/CLASS/...`.

    Parameters
    ----------
    place
        The folder.
    classes
        `all`, or some of the folders' names.
    slices
        How many of each volume, evenly over the middle part of its height; of a volume that has fewer there, some come
        twice.
    middle
        How much of the height that is, 1 for all.

    Notes
    -----
    A volume is a NIfTI file (`.nii`, `.nii.gz`) or a folder with one DICOM MR series, at any depth below the class's
    folder. The patient is DICOM's PatientID (kept as a hash), `sub-01` of BIDS names, `OAS1_0001` of OASIS-1, else the
    file's own name; all slices of a patient are in one fold. A record's id ends in the slice's height as a share of
    the volume's, from below: `CLASS/sub-01_T1w.nii.gz@0.500`. The label is the volume's: a slice above a tumour bears
    it too.
    """

    name: ClassVar[str] = "volumes"
    patients_known = True

    def __init__(
        self, place: str, *, classes: str | Sequence[str] = "all", slices: int = 8, middle: float = 1 / 3
    ) -> None:
        if slices < 1 or not 0 < middle <= 1:
            raise InvalidInputError(f"volumes need 1 slice or more and a middle in 0..1; got {slices}, {middle:g}.")
        self._places = places = [round(0.5 + middle * ((number + 0.5) / slices - 0.5), 3) for number in range(slices)]
        if len(set(places)) < slices:
            raise InvalidInputError(
                f"volumes tell heights apart to a thousandth; {slices} slices in {middle:g} of it are more. "
                f"Take {int(1000 * middle)} or fewer."
            )
        self._by_name = False
        super().__init__(place, classes=classes)

    @property
    def notes(self) -> tuple[str, ...]:
        """As of every data set; and where files' names stand for patients."""
        if not self._by_name:
            return super().notes
        return (
            *super().notes,
            "Some files do not say whose they are; their names stand for patients. Files of one person under several "
            "names would be on both sides of a split.",
        )

    def read(self, record_id: Any) -> MriSlice:
        """Read one slice by its id; of the last two volumes the others then cost nothing."""
        file = self.folder / self._file(record_id)
        whole = _volume(file, file.stat().st_mtime_ns)
        place = float(str(record_id).rpartition("@")[2])
        return whole.axial(min(int(place * whole.slices), whole.slices - 1), name=f"{_stem(file.name)}@{place:.3f}")

    def mask(self, record_id: Any) -> NDArray[np.bool_] | None:
        """Return None: volumes come without a known region."""
        self._file(record_id)
        return None

    def _rows(self, folder: Path) -> list[dict[str, Any]]:
        rows = []
        for source, patient in _sources(folder):
            file = source.relative_to(self.folder).as_posix()
            whose = patient or self._patient(file)
            rows += [{"record": f"{file}@{place:.3f}", "file": file, "patient": whose} for place in self._places]
        if not rows:
            raise InvalidInputError(
                f"class folder {folder} must hold volumes ({', '.join(SUFFIXES)}, or folders of DICOM slices); it "
                "holds none. Remove the folder, or put the volumes of the class there."
            )
        return rows

    def _patient(self, file: str) -> str:
        name = _stem(file.rpartition("/")[2])
        found = _PERSON.match(name)
        self._by_name |= found is None
        return found[0] if found else name


def _sources(folder: Path) -> list[tuple[Path, str | None]]:
    """Return the volumes below a folder, each with its patient where the format states one."""
    found: list[tuple[Path, str | None]] = []
    for entry in sorted(folder.rglob("*")):
        if entry.is_file() and entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith("."):
            found.append((entry, None))
        elif entry.is_dir() and (files := series_files(entry)):
            found.append((entry, patient_of(files[0])))
    return found


def _stem(name: str) -> str:
    lower = name.lower()
    return next((name[: -len(suffix)] for suffix in (".nii.gz", ".nii") if lower.endswith(suffix)), name)


@lru_cache(maxsize=2)
def _volume(path: Path, _changed: int) -> Volume:
    return read_series(path) if path.is_dir() else read_nifti(path)
