"""Brain Tumor Classification (MRI): 3,264 slices in four folders, with the split it was published in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pandas as pd

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.catalog.image_folder import ImageFolder
from pellucid.datasets.labels import ClassSet
from pellucid.datasets.outlines import read_outlines
from pellucid.datasets.slices import class_set

CLASSES = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")
_NO_TUMOR = "no_tumor"
_FACTS = {"width_original": "width", "height_original": "height", "mode_original": "mode", "bytes_original": "bytes"}


class BrainTumor(ImageFolder):
    """Brain Tumor Classification (Bhuvaji et al., Kaggle 2020, doi:10.34740/KAGGLE/DSV/1183165).

    Parameters
    ----------
    place
        The folder with `Training` and `Testing`, in each a folder a class.
    classes
        `all` (four), `two` (`tumor` for the three and `no_tumor`), or some of the four.
    outlined
        Keeps only the slices of Cheng's set, those that `outlines.csv` knows: three classes of one source, CC BY 4.0.

    Notes
    -----
    The folder `Testing` is fold 10. The set names no patients, and its split repeats training slices in the test:
    see `pellucid audit`. A table `index.csv` (`path`, `width_original`, `height_original`, `mode_original`,
    `bytes_original`) says what the pictures were before they were reduced; the audit asks it. `outlines.csv` has the
    tumour's outline for the slices that come from the set of Cheng et al. (2015, PLoS ONE 10:e0140381; CC BY 4.0).
    The licence of the pictures is unclear.
    """

    name: ClassVar[str] = "brain-tumor"

    def __init__(self, place: str, *, classes: str | Sequence[str] = "all", outlined: bool = False) -> None:
        self._outlined = outlined
        super().__init__(place, classes=classes)
        strange = sorted(set(self.table["class"]) - set(CLASSES))
        if strange or "split" not in self.table:
            raise InvalidInputError(
                f"data set {self.name} must be a folder with Training and Testing, in each the classes "
                f"{', '.join(CLASSES)}; {self.folder} has {', '.join(strange) or 'no such parts'}. "
                f"Other pictures in folders are image-folder:{self.folder}."
            )

    @property
    def untestable(self) -> str | None:
        """None: its published split is what others score, so it can be scored; the notes stand beside the figure."""
        return None

    @property
    def acquisition(self) -> pd.DataFrame:
        """Size, mode and bytes of the pictures as published, where `index.csv` has them."""
        path = self.folder / "index.csv"
        if not path.is_file():
            return super().acquisition
        index = pd.read_csv(path, index_col="path")
        known = {column: name for column, name in _FACTS.items() if column in index}
        return index[list(known)].rename(columns=known).reindex(self.table.index)

    def _table(self) -> pd.DataFrame:
        table = super()._table()
        if not self._outlined:
            return table
        known = table[table["file"].isin(list(read_outlines(self.folder / "outlines.csv")))]
        if known.empty:
            raise InvalidInputError(f"folder {self.folder} must hold outlines.csv of its pictures; it does not.")
        return known

    def _class_set(self, classes: str | Sequence[str], known: Sequence[str]) -> ClassSet:
        if classes == "two":
            tumors = tuple(name for name in known if name != _NO_TUMOR)
            return ClassSet("two", {"tumor": tumors, _NO_TUMOR: (_NO_TUMOR,)})
        return class_set(classes, known)
