"""A named collection of records: labels, patients and folds in a table, signals read when asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.provenance import text_hash
from pellucid.core.registry import Registry
from pellucid.datasets.labels import ClassSet
from pellucid.records.ecg import EcgRecord

CATALOG: Registry[type[Dataset]]  # assigned below: a data set names the class it is of


class Dataset(ABC):
    """A collection of ECG records.

    Attributes
    ----------
    table
        One row a record, indexed by record id; the columns `patient` and `fold` are always there.
    labels
        One row a record, one boolean column a class.
    class_set
        The classes and the codes that each stands for.

    Notes
    -----
    Iterating and indexing read one record at a time. `select` gives a view of some rows; nothing is copied.
    """

    name: ClassVar[str]
    sampling_rate: float
    table: pd.DataFrame
    labels: pd.DataFrame
    class_set: ClassSet

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, in the order of the label columns."""
        return self.class_set.classes

    @property
    def descriptions(self) -> dict[str, str]:
        """Classes in a reader's words, where the data set has them."""
        return {}

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, position: int) -> EcgRecord:
        """Read the record at this position."""
        return self.read(self.table.index[position])

    def __iter__(self) -> Iterator[EcgRecord]:
        return (self[position] for position in range(len(self)))

    @abstractmethod
    def read(self, record_id: Any) -> EcgRecord:
        """Read one record by its id, a value of the table's index."""

    @abstractmethod
    def signals(self) -> NDArray[np.int16]:
        """Return all selected records as one array (record, lead, sample) of microvolts, standard leads."""

    def select(
        self,
        *,
        folds: Sequence[int] | None = None,
        records: str = "all",
    ) -> Dataset:
        """Return the records of these folds; `records="any-of-classes"` keeps those with at least one class.

        Raises
        ------
        InvalidInputError
            When a fold does not exist, or nothing is left.
        """
        mask = np.ones(len(self), dtype=bool)
        if folds is not None:
            known = sorted(self.table["fold"].unique().tolist())
            strange = [fold for fold in folds if fold not in known]
            if strange:
                raise InvalidInputError(f"folds of {self.name} must be among {known}; got {strange}.")
            mask &= self.table["fold"].isin(list(folds)).to_numpy()
        if records == "any-of-classes":
            mask &= self.labels.to_numpy().any(axis=1)
        elif records != "all":
            raise InvalidInputError(f"records must be 'all' or 'any-of-classes'; got {records!r}.")
        if not mask.any():
            raise InvalidInputError(f"no record of {self.name} is left by folds={folds}, records={records!r}.")
        return self._subset(np.flatnonzero(mask))

    @abstractmethod
    def _subset(self, positions: NDArray[np.intp]) -> Dataset: ...

    @property
    def hash(self) -> str:
        """SHA-256 over ids, patients, folds and labels: two splits are equal when theirs are."""
        rows = zip(
            self.table.index,
            self.table["patient"],
            self.table["fold"],
            self.labels.to_numpy().astype(np.uint8),
            strict=True,
        )
        header = ",".join(self.classes)
        return text_hash([header, *(f"{i},{p},{f},{row.tobytes().hex()}" for i, p, f, row in rows)])

    def _repr_html_(self) -> str:
        counts = pd.DataFrame({"records": self.labels.sum(), "share": self.labels.mean().map("{:.1%}".format)})
        patients = self.table["patient"].nunique()
        return f"<p><b>{self.name}</b>: {len(self)} records of {patients} patients</p>{counts.to_html()}"


CATALOG = Registry("pellucid.datasets.catalog", "data set")


def dataset(spec: str, *, classes: str | Sequence[str] = "six", **settings: Any) -> Dataset:
    """Return the data set `NAME:PATH`, for instance `ptbxl:/data/ptb-xl` or `simulated:500`.

    Parameters
    ----------
    spec
        A name of `pellucid.available("datasets")`, a colon, and where it lies (for `simulated`, how many).
    classes
        The name of a class set (`six`, `all`, `super` ... depending on the data set), or a list of codes.
    settings
        What the data set takes beside: for `ptbxl` `sampling_rate` and `min_likelihood`.

    Raises
    ------
    InvalidInputError
        When `spec` is not `NAME:PATH`.
    UnknownNameError
        When no data set of that name is known.
    """
    name, colon, place = spec.partition(":")
    if not colon or not place:
        raise InvalidInputError(f"a data set must be NAME:PATH, as ptbxl:/data/ptb-xl or simulated:500; got {spec!r}.")
    kind = CATALOG[name]
    try:
        return kind(place, classes=classes, **settings)  # type: ignore[call-arg]  # each data set has its own settings
    except TypeError as error:
        raise InvalidInputError(f"data set {name}: {error}.") from error


def in_folder(place: str, name: str, marker: str) -> Path:
    """Return the folder of a data set, after checking that it holds the file which marks it.

    Raises
    ------
    InvalidInputError
        Naming the folder, the missing file and the remedy.
    """
    folder = Path(place).expanduser()
    if not (folder / marker).is_file():
        raise InvalidInputError(
            f"data set {name} must be a folder that holds {marker}; {folder} does not. Give the folder as {name}:PATH."
        )
    return folder
