"""Folders of pictures: the folder's name is the class, with or without folders of a published split above it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.labels import ClassSet
from pellucid.datasets.outlines import filled, read_outlines
from pellucid.datasets.slices import SliceDataset, class_set, existing_folder, one_of
from pellucid.datasets.splits import FOLDS, TEST_FOLD, dealt
from pellucid.records.read import read
from pellucid.records.slice import MriSlice

SUFFIXES = (".jpg", ".jpeg", ".png", ".dcm")
_MASK = "_mask"
_CHOOSE_FOLD = 9
_SPLITS = {
    "train": "training", "training": "training", "test": "test", "testing": "test",
    "val": "choosing", "valid": "choosing", "validation": "choosing",
}  # fmt: skip


class ImageFolder(SliceDataset):
    """Pictures in `PATH/CLASS/FILE`, or in `PATH/Training/CLASS/FILE` and `PATH/Testing/CLASS/FILE`.

    Parameters
    ----------
    place
        The folder.
    classes
        `all`, or some of the folders' names: the others' pictures then have no class.

    Notes
    -----
    A record's id is its path below the folder. A published test split is fold 10, a published validation split fold
    9, all else is dealt into the folds that are left, each class alike. Nothing says which pictures are of one
    person, so a figure on such a split tells nothing about new patients; `pellucid audit` finds what stands on both
    sides.

    The known region of `NAME.jpg` is the outline that a table `outlines.csv` in the folder gives (`path`,
    `outline_xy`), or the picture `NAME_mask.png` beside it, which is no record itself.
    """

    name: ClassVar[str] = "image-folder"
    patients_known = False
    sampling_rate = float("nan")

    def __init__(self, place: str, *, classes: str | Sequence[str] = "all") -> None:
        self.folder = existing_folder(place, self.name)
        self.table = self._table()
        self.class_set = self._class_set(classes, sorted(self.table["class"].unique()))
        self.labels = one_of(self.table["class"], self.class_set)
        self._outlines = read_outlines(self.folder / "outlines.csv")

    @property
    def untestable(self) -> str | None:
        """Why no part of it is a test: slices of one head are in it, and nothing says which."""
        if self.patients_known:
            return None
        return (
            f"data set {self.name} names no patients, so its parts are split by slice: neighbouring slices of one head "
            "may be in training and in the test, and a figure would say nothing about new patients"
        )

    def mask(self, record_id: Any) -> NDArray[np.bool_] | None:
        """Return the region that an outline or a mask beside the picture gives, (row, column), else None."""
        file = self._file(record_id)
        picture = self.folder / file
        if file in self._outlines:
            return filled(self._outlines[file], self.read(record_id).shape, file)
        beside = picture.with_name(f"{picture.stem}{_MASK}.png")
        if not beside.is_file():
            return None
        mask, shape = read(beside), self.read(record_id).shape
        if not isinstance(mask, MriSlice) or mask.shape != shape:
            raise InvalidInputError(f"mask {beside} must have the shape of its picture, {shape}. Export it again.")
        return mask.pixels > 0.5

    def _rows(self, folder: Path) -> list[dict[str, Any]]:
        """Return the records of a class's folder: `record` (the id), `file` and `patient`."""
        files = [file.relative_to(self.folder).as_posix() for file in _pictures(folder)]
        return [{"record": file, "file": file, "patient": self._patient(file)} for file in files]

    def _patient(self, file: str) -> str:
        """Return whose picture a file is, as far as its name tells; here each stands for itself."""
        return file

    def _class_set(self, classes: str | Sequence[str], known: Sequence[str]) -> ClassSet:
        return class_set(classes, known)

    def _table(self) -> pd.DataFrame:
        parts = _parts(self.folder)
        rows = [
            {**row, "class": classed.name, "split": "" if part == self.folder else part.name}
            for part in parts
            for classed in _folders(part)
            for row in self._rows(classed)
        ]
        if not rows:
            raise InvalidInputError(
                f"data set {self.name} must be a folder with a folder of pictures for each class; {self.folder} has "
                f"no folders. Sort the pictures ({', '.join(SUFFIXES)}) into one folder a class."
            )
        table = pd.DataFrame(rows)
        table.index = pd.Index(table.pop("record").tolist(), name="record")
        table["fold"] = _folds(table)
        return table if parts != [self.folder] else table.drop(columns="split")


def _parts(folder: Path) -> list[Path]:
    """Return the folders of a published split, or the folder itself where there are none."""
    inside = _folders(folder)
    return inside if inside and all(part.name.lower() in _SPLITS for part in inside) else [folder]


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    pictures = [file for file in files if not file.stem.endswith(_MASK)]
    if not pictures:
        raise InvalidInputError(
            f"class folder {folder} must hold pictures ({', '.join(SUFFIXES)}); it holds none. "
            "Remove the folder, or put the pictures of the class there."
        )
    return pictures


def _folds(table: pd.DataFrame) -> NDArray[np.int64]:
    kinds = table["split"].str.lower().map(_SPLITS)
    published = kinds.notna()
    if not published.any():
        return dealt(table["patient"].tolist(), table["class"].tolist(), range(1, FOLDS + 1))
    folds = kinds.map({"test": TEST_FOLD, "choosing": _CHOOSE_FOLD}).fillna(0).to_numpy(dtype=np.int64)
    training = (kinds == "training").to_numpy()
    last = _CHOOSE_FOLD - 1 if (kinds == "choosing").any() else _CHOOSE_FOLD
    rows = table[training]
    folds[training] = dealt(rows["patient"].tolist(), rows["class"].tolist(), range(1, last + 1))
    return np.asarray(folds, dtype=np.int64)
