"""A data set of slices: pictures in files, read when asked for, with the known region of each where there is one."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError, unknown_name
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.labels import ClassSet, of_codes
from pellucid.datasets.packed import packed
from pellucid.records.read import read
from pellucid.records.slice import MriSlice


class SliceDataset(Dataset):
    """Slices; the table's column `file` says where each lies."""

    folder: Path

    def read(self, record_id: Any) -> MriSlice:
        """Read one slice by its id.

        Raises
        ------
        UnknownNameError
            When there is none of that id.
        UnreadableFileError
            When its file cannot be read, or holds no picture.
        """
        return self._slice(self._file(record_id))

    @abstractmethod
    def mask(self, record_id: Any) -> NDArray[np.bool_] | None:
        """Return the known region of a slice, (row, column), or None where none is known."""

    def pictures(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the selected slices, stretched to `size` (row, column), as (record, row, column) of 0 to 255.

        Raises
        ------
        UnreadableFileError
            Naming the first slice that cannot be read.

        Notes
        -----
        Stretched as the networks' preparation does it: bilinear with averaging where it shrinks. Cost: on first use
        every file is read once (about 2 ms each); the map takes rows x columns bytes a slice.
        """
        stamps = [(self.folder / file).stat() for file in self.table["file"]]
        pixels: NDArray[np.uint8] = packed(
            list(map(str, self.table.index)),
            lambda position: stretched(self.read(self.table.index[position]), size),
            shape=size,
            identity=[
                str(self.folder.resolve()),
                f"{sum(stamp.st_size for stamp in stamps)} bytes",
                str(max(stamp.st_mtime_ns for stamp in stamps)),
            ],
            title=f"reading {self.name}",
            dtype=np.uint8,
        )
        return pixels

    def _slice(self, file: str) -> MriSlice:
        record = read(self.folder / file)
        if not isinstance(record, MriSlice):
            raise UnreadableFileError(f"{self.folder / file} must hold a slice; it holds an ECG. Leave it out.")
        return record

    def _file(self, record_id: Any) -> str:
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, map(str, self.table.index[:5]), remedy="These are the first five.")
        return str(self.table.at[record_id, "file"])

    def _subset(self, positions: NDArray[np.intp]) -> SliceDataset:
        part = copy.copy(self)
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        return part


def one_of(names: pd.Series[str], classes: ClassSet) -> pd.DataFrame:
    """Return the labels of records that have one class each: a column a class, true where the name is a member."""
    values = {name: names.isin(list(members)) for name, members in classes.members.items()}
    return pd.DataFrame(values, index=names.index, columns=pd.Index(classes.classes), dtype=bool)


def class_set(classes: str | Sequence[str], known: Sequence[str]) -> ClassSet:
    """Return all of the `known` names as classes, or those asked for (a list, or text with commas)."""
    if classes == "all":
        return ClassSet("all", {name: (name,) for name in known})
    return of_codes(classes.split(",") if isinstance(classes, str) else classes, known)


def existing_folder(place: str, name: str) -> Path:
    """Return the folder of a data set.

    Raises
    ------
    InvalidInputError
        When it is none.
    """
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise InvalidInputError(f"data set {name} must be a folder; {folder} is none. Give it as {name}:PATH.")
    return folder


def stretched(record: MriSlice, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a slice as 0 to 255 at this size (row, column), bilinear, with averaging where it shrinks."""
    import torch

    picture = torch.from_numpy(record.pixels.copy())[None, None]
    if record.shape != size:
        picture = torch.nn.functional.interpolate(picture, size, mode="bilinear", align_corners=False, antialias=True)
    pixels: NDArray[np.uint8] = (picture[0, 0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return pixels
