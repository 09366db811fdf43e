"""A named collection of records: labels, patients and folds in a table, signals read when asked for."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, NotApplicableError, PellucidError, UnknownNameError
from pellucid.core.progress import track
from pellucid.core.provenance import text_hash
from pellucid.core.registry import Registry
from pellucid.datasets.labels import ClassSet, UnknownClassError
from pellucid.datasets.spec import check_settings, parted, without_folders
from pellucid.datasets.splits import TEST_FOLD, names_patients, read_split
from pellucid.records.ecg import EcgRecord
from pellucid.records.slice import MriSlice

CATALOG: Registry[type[Dataset]]  # assigned below: a data set names the class it is of


class Dataset(ABC):
    """A collection of ECG records or of slices.

    Attributes
    ----------
    table
        One row a record, indexed by record id; the columns `patient` and `fold` are always there. Fold 10 is the test.
        A column `split` holds the names of the parts it was published in.
    labels
        One row a record, one boolean column a class.
    class_set
        The classes and the codes that each stands for.
    patients_known
        False where nothing says which records are of one person; each then counts as a person of its own.
    spec
        As `dataset` was asked for it, without folders; empty where it was made otherwise.
    alike_by_nature
        True for single beats and phantoms: they look the same, so that likeness does not mean a copy.

    Notes
    -----
    Iterating and indexing read one record at a time. `select` gives a view of some rows; nothing is copied.
    """

    name: ClassVar[str]
    patients_known: bool = True
    spec: str = ""
    alike_by_nature: bool = False
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

    def __getitem__(self, position: int) -> EcgRecord | MriSlice:
        """Read the record at this position."""
        return self.read(self.table.index[position])

    def __iter__(self) -> Iterator[EcgRecord | MriSlice]:
        return (self[position] for position in range(len(self)))

    @abstractmethod
    def read(self, record_id: Any) -> EcgRecord | MriSlice:
        """Read one record by its id, a value of the table's index."""

    def signals(self) -> NDArray[np.int16]:
        """Return all selected records as one array (record, lead, sample) of microvolts, standard leads.

        Raises
        ------
        NotApplicableError
            For a data set of slices.
        """
        raise NotApplicableError(
            f"data set {self.name} holds slices, not ECGs. Take a data set of ECGs, or pictures()."
        )

    @property
    def groups(self) -> NDArray[Any] | None:
        """(record,): the patient of each record, or its cluster of like ones; None where each stands for itself."""
        patients = self.table["patient"]
        return None if not self.patients_known and patients.is_unique else patients.to_numpy()

    @property
    def acquisition(self) -> pd.DataFrame:
        """What the table says of how each record was taken, one column a fact; it should not tell the class."""
        return self.table[[]]

    @property
    def sides(self) -> pd.Series[str]:
        """The part each record belongs to: `split` of the table where there is one, else `training` or `test`."""
        if "split" in self.table:
            return self.table["split"]
        return self.table["fold"].eq(TEST_FOLD).map({True: "test", False: "training"})

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any figure on this data set must know."""
        if self.patients_known:
            return ()
        return ("This set names no patients: records of one person may be on both sides of any split.",)

    @property
    def untestable(self) -> str | None:
        """Why no part of this set may be called a test, or None where one may.

        Scores on it are then refused unless they are asked for all the same, and `notes` stand beside them.
        """
        return None

    def refuse_untestable(self, how: str) -> None:
        """Refuse a set none of whose parts is a test; `how` says what asks for a score all the same.

        Raises
        ------
        InvalidInputError
            With the reason and the ways on.
        """
        if self.untestable:
            raise InvalidInputError(
                f"{self.untestable}. Name the patients in a split file (,split=FILE with the columns record, patient, "
                f"fold), or score it all the same with {how}; the note then stands beside the figure."
            )

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

    def take(self, positions: Sequence[int]) -> Dataset:
        """Return the records at these positions, in that order."""
        return self._subset(np.asarray(positions, dtype=np.intp))

    def readable(self) -> tuple[Dataset, dict[str, str]]:
        """Return the records that can be read, and why the others cannot, by id.

        Raises
        ------
        InvalidInputError
            When none can.

        Notes
        -----
        Cost: reads every file once, about 2 ms each (ECGs up to 10 ms).
        """
        kept, skipped = [], {}
        for position, record in enumerate(track(self.table.index, f"reading {self.name}")):
            try:
                self.read(record)
            except (PellucidError, OSError) as error:
                skipped[str(record)] = " ".join(str(error).split())
            else:
                kept.append(position)
        if not kept:
            raise InvalidInputError(
                f"data set {self.name} must hold at least one record that can be read; of {len(skipped)} none can. "
                f"The first: {next(iter(skipped.values()))}"
            )
        return self._subset(np.array(kept, dtype=np.intp)), skipped

    @abstractmethod
    def _subset(self, positions: NDArray[np.intp]) -> Dataset: ...

    def with_split(self, path: Path) -> Dataset:
        """Return the records that a split file lists, with its folds and patients.

        Patients are known from then on, unless the file names each record for itself, or clusters of an audit.

        Raises
        ------
        InvalidInputError
            When it lists none or unknown ones, or has a patient on both sides.
        """
        split = read_split(path)
        positions = {str(record): position for position, record in enumerate(self.table.index)}
        strange = [record for record in split["record"] if record not in positions]
        if strange:
            raise InvalidInputError(
                f"split {path} must list records of {self.name}; got {len(strange)} others, the first {strange[0]!r}. "
                f"Make it anew with pellucid audit."
            )
        part = copy.copy(self._subset(np.array([positions[record] for record in split["record"]], dtype=np.intp)))
        part.table = part.table.drop(columns="split", errors="ignore").assign(
            patient=split["patient"].to_numpy(), fold=split["fold"].to_numpy()
        )
        part.patients_known = self.patients_known or names_patients(split)
        return part

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
        patients = f"{self.table['patient'].nunique()} patients" if self.patients_known else "unknown patients"
        return f"<p><b>{self.name}</b>: {len(self)} records of {patients}</p>{counts.to_html()}"


CATALOG = Registry("pellucid.datasets.catalog", "data set")


def dataset(
    spec: str, *, classes: str | Sequence[str] | None = None, classes_by: str = "classes", **settings: Any
) -> Dataset:
    """Return the data set `NAME:PATH`, for instance `ptbxl:/data/ptb-xl` or `simulated:500`.

    Parameters
    ----------
    spec
        A name of `pellucid.available("datasets")`, a colon, and where it lies (for `simulated`, how many). Behind it
        settings may stand, as `mitbih:/data/mitdb,by=beat`; `,split=FILE` takes records, folds and patients from a
        split file, as `pellucid audit` writes one.
    classes
        The name of a class set (`six`, `all`, `super` ... depending on the data set), or a list of codes; by default
        the data set's own.
    classes_by
        What an error calls the place where classes were named.
    settings
        What the data set takes beside: for `ptbxl` `sampling_rate` and `min_likelihood`.

    Raises
    ------
    InvalidInputError
        When `spec` is not `NAME:PATH`.
    SettingError
        When the data set takes no such setting, or not such a value.
    UnknownNameError
        When no data set of that name is known, or it knows no such class.
    """
    name, place, written = parted(spec)
    if not place:
        raise InvalidInputError(f"a data set must be NAME:PATH, as ptbxl:/data/ptb-xl or simulated:500; got {spec!r}.")
    kind = CATALOG[name]
    split = written.pop("split", None)
    settings = written | settings
    check_settings(kind, name, settings)
    if classes is not None:
        settings["classes"] = classes
    try:
        whole = kind(place, **settings)  # type: ignore[call-arg]  # each data set has its own settings
    except UnknownClassError as error:
        raise UnknownNameError(f"data set {name}, {classes_by}: {error}") from error
    found = whole if split is None else whole.with_split(Path(str(split)).expanduser())
    found.spec = without_folders(spec)
    return found


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
