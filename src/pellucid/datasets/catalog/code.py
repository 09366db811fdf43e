"""The layout of the CODE studies: HDF5 tracings beside tables of annotations, whose columns are taken by name."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.fixed_length import fixed_length, recorded
from pellucid.datasets.labels import CODE_NAMES, SIX, ClassSet, of_codes
from pellucid.datasets.packed import packed
from pellucid.datasets.slices import existing_folder
from pellucid.datasets.splits import FOLDS, TEST_FOLD, dealt
from pellucid.datasets.tracings import RATE, SUFFIXES, leads_of, opened
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD

_GOLD = Path("annotations") / "gold_standard.csv"
_EXAMS = "exams.csv"
_YES = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
_SECONDS = 4096 / RATE


class Code(Dataset):
    """CODE-test and CODE-15 % (Ribeiro et al. 2020, Nature Communications 11:1760; CC BY 4.0).

    Parameters
    ----------
    place
        The folder. CODE-test: one HDF5 file and `annotations/gold_standard.csv`, rows in the same order. CODE-15 %:
        `exams.csv` (`exam_id`, `patient_id`, `trace_file`) and the HDF5 files it names, matched by `exam_id`.
    classes
        `six`, or some of them, by either name (`1AVB` or `1dAVb`).
    annotations
        Of CODE-test: another table than the gold standard, a file name in `annotations`.

    Notes
    -----
    Columns are taken by name: CODE-15 % has ST before AF. Tracings are 4,096 samples at 400 Hz in mV, zeros on both
    sides where the exam was shorter; the order of aVR, aVL and aVF is found by their identities with I and II.
    CODE-test names no patients and is all test (fold 10); CODE-15 % is dealt into ten folds by patient. Exams whose
    file is not there are left out, and `notes` says how many.
    """

    name: ClassVar[str] = "code"
    sampling_rate = RATE

    def __init__(
        self, place: str, *, classes: str | Sequence[str] = "six", annotations: str = "gold_standard.csv"
    ) -> None:
        self.folder = existing_folder(place, self.name)
        self._absent = 0
        if (self.folder / _EXAMS).is_file():
            self.table, answers, self._absent = _exams(self.folder)
        elif (self.folder / _GOLD).is_file():
            self.table, answers = _tested(self.folder, self.folder / "annotations" / annotations)
            self.patients_known = False
        else:
            raise InvalidInputError(
                f"data set code must be a folder with {_EXAMS}, or with {_GOLD}; {self.folder} has neither."
            )
        chosen = SIX if classes in ("six", "all") else classes.split(",") if isinstance(classes, str) else classes
        codes = of_codes(list(chosen), SIX)
        self.class_set = ClassSet("six", codes.members) if classes in ("six", "all") else codes
        self.labels = answers[list(self.classes)]
        self._leads = {file: leads_of(self.folder / file) for file in sorted(self.table["file"].unique())}

    def read(self, record_id: Any) -> EcgRecord:
        """Read one exam by its id: `exam_id`, or the row of CODE-test."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, map(str, self.table.index[:5]), remedy="These are the first five.")
        row = self.table.loc[record_id]
        path = self.folder / str(row["file"])
        with opened(path) as (tracings, _):
            signal = np.asarray(tracings[int(row["row"])], dtype=np.float32).T
        record = EcgRecord(
            signal=signal,
            sampling_rate=RATE,
            leads=self._leads[str(row["file"])],
            name=str(record_id),
            source=path,
            metadata={"patient": str(row["patient"]), "fold": int(row["fold"])},
        )
        return recorded(record, f"exam {record_id} of {path}").select(STANDARD)

    def signals(self) -> NDArray[np.int16]:
        """Return the selected exams as (record, lead, sample) in microvolts, 4,096 samples, from a map built once."""
        files = sorted(self.table["file"].unique())
        stamps = [(self.folder / file).stat() for file in files]
        signals: NDArray[np.int16] = packed(
            [f"{file}:{row}" for file, row in zip(self.table["file"], self.table["row"], strict=True)],
            lambda position: fixed_length(self.read(self.table.index[position]), RATE, _SECONDS),
            shape=(len(STANDARD), round(_SECONDS * RATE)),
            identity=[str(self.folder.resolve()), *(f"{stamp.st_size} {stamp.st_mtime_ns}" for stamp in stamps)],
            title="reading CODE",
        )
        return signals

    @property
    def notes(self) -> tuple[str, ...]:
        """Unknown patients, and exams whose file is not there."""
        absent = f"{self._absent} exams were left out, for their HDF5 file is not there or does not hold them."
        return (*super().notes, *((absent,) if self._absent else ()))

    def _subset(self, positions: NDArray[np.intp]) -> Code:
        part = copy.copy(self)
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        return part


def _tested(folder: Path, annotations: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    if len(files) != 1:
        raise InvalidInputError(
            f"folder {folder} of CODE-test must hold one HDF5 file of tracings; it holds {len(files)}."
        )
    answers = _answers(_table(annotations), annotations)
    with opened(files[0]) as (tracings, _):
        exams = int(tracings.shape[0])
    if exams != len(answers):
        raise InvalidInputError(
            f"table {annotations} must have a line for each of the {exams} tracings of {files[0].name}; "
            f"it has {len(answers)}."
        )
    index = pd.Index(range(exams), name="record")
    table = pd.DataFrame(
        {"patient": [f"exam-{row}" for row in index], "fold": TEST_FOLD, "file": files[0].name, "row": index},
        index=index,
    )
    return table, answers.set_index(index)


def _exams(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    path = folder / _EXAMS
    exams = _table(path)
    lacking = [name for name in ("exam_id", "patient_id", "trace_file") if name not in exams]
    if lacking:
        raise InvalidInputError(f"table {path} must have the columns {', '.join(lacking)}; it has not.")
    index = pd.Index(exams["exam_id"].astype(int), name="record")
    table = pd.DataFrame(
        {"patient": exams["patient_id"].to_numpy(), "file": exams["trace_file"].to_numpy(), "row": -1}, index=index
    )
    answers = _answers(exams, path).set_index(index)
    for file in sorted(table["file"].unique()):
        if (folder / file).is_file():
            with opened(folder / file) as (_, ids):
                places = {} if ids is None else {int(exam): row for row, exam in enumerate(ids)}
            here = table["file"] == file
            table.loc[here, "row"] = [places.get(int(exam), -1) for exam in index[here]]
    kept = table["row"] >= 0
    if not kept.any():
        raise InvalidInputError(f"folder {folder} must hold the HDF5 files that {_EXAMS} names; it holds none of them.")
    table, answers = table[kept].copy(), answers[kept]
    classes = [min((name for name in SIX if row[name]), default="") for _, row in answers.iterrows()]
    table["fold"] = dealt(table["patient"].tolist(), classes, range(1, FOLDS + 1))
    return table, answers, int((~kept).sum())


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidInputError(f"table {path} must be there; it is not.")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _answers(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the six classes' columns, found by their names, as yes or no."""
    columns = {}
    for code, published in CODE_NAMES.items():
        if published not in table:
            raise InvalidInputError(f"table {path} must have a column {published}; it has {', '.join(table.columns)}.")
        values = table[published].str.strip().str.lower().map(_YES)
        wrong = values.isna()
        if wrong.any():
            line = int(wrong.to_numpy().argmax())
            raise InvalidInputError(
                f"table {path}, line {line + 2}, column {published}, must be 0 or 1; "
                f"got {table[published].iloc[line]!r}. Correct or remove the line."
            )
        columns[code] = values.astype(bool)
    return pd.DataFrame(columns)
