"""PTB-XL in its published layout: 21,799 twelve-lead ECGs of 18,869 patients, ten folds by patient."""

from __future__ import annotations

import ast
import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError, unknown_name
from pellucid.datasets.auxiliary import Targets, above, likely, mentioned, values_of, words
from pellucid.datasets.dataset import Dataset, in_folder
from pellucid.datasets.labels import SIX, ClassSet, UnknownClassError, of_codes
from pellucid.datasets.packed import packed
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD

_CLASS_SETS = ("six", "all", "diagnostic", "sub", "super", "form", "rhythm")
_MICROVOLTS_PER_MV = 1000.0
_SECONDS = 10
_NOT_RECORDED = -(2**15)  # WFDB's mark in 16-bit files
_REMARKS = ("baseline_drift", "static_noise", "burst_noise", "pacemaker", "extra_beats")


class Ptbxl(Dataset):
    """PTB-XL 1.0.x (Wagner et al. 2020, Scientific Data 7:154; CC BY 4.0).

    Parameters
    ----------
    place
        The folder with `ptbxl_database.csv`, `scp_statements.csv` and `records100` or `records500`.
    classes
        `six`, `all` (71 statements), `diagnostic` (44), `sub` (23), `super` (5), `form` (19), `rhythm` (12), or codes.
    sampling_rate
        100 or 500 Hz; the one whose folder is there if only one is.
    min_likelihood
        A diagnostic code below it does not count (0..100). Rhythm and form codes carry likelihood 0,
        which means "not graded", and always count: a label is key membership.

    Notes
    -----
    Folds 9 and 10 are checked by cardiologists; use 1-8 to train, 9 to choose, 10 to test.
    """

    name: ClassVar[str] = "ptbxl"

    def __init__(
        self,
        place: str,
        *,
        classes: str | Sequence[str] = "six",
        sampling_rate: float | None = None,
        min_likelihood: float = 0.0,
    ) -> None:
        self.folder = in_folder(place, self.name, "ptbxl_database.csv")
        self.sampling_rate = _sampling_rate(self.folder, sampling_rate)
        self.statements = _statements(self.folder)
        self.class_set = class_set(classes, self.statements)
        self.table = _table(self.folder, self.sampling_rate)
        if not 0 <= min_likelihood <= 100:
            raise InvalidInputError(f"min_likelihood must be 0 to 100; got {min_likelihood!r}.")
        self.min_likelihood = min_likelihood
        self.labels = self._labels_of(self.class_set)
        self._positions = np.arange(len(self.table))
        self._all_files = tuple(self.table["file"])

    def read(self, record_id: Any) -> EcgRecord:
        """Read one record by its `ecg_id`."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, map(str, self.table.index[:5]), remedy="These are the first five.")
        row = self.table.loc[record_id]
        signal = self._digital(row["file"]).astype(np.float32) / np.float32(_MICROVOLTS_PER_MV)
        return EcgRecord(
            signal=signal,
            sampling_rate=self.sampling_rate,
            leads=STANDARD,
            name=Path(row["file"]).name,
            source=self.folder / f"{row['file']}.hea",
            metadata={
                "ecg_id": int(record_id),
                "patient": str(row["patient"]),
                "fold": int(row["fold"]),
                "codes": dict(row["codes"]),
            },
        )

    def signals(self) -> NDArray[np.int16]:
        """Return the selected records as (record, lead, sample) in microvolts, from a map built once.

        Cost: on first use every file is read once (about 2 ms each); the map takes 24 kB a record at 100 Hz.
        """
        everything = packed(
            self._all_files,
            lambda position: self._digital(self._all_files[position]),
            shape=(len(STANDARD), round(_SECONDS * self.sampling_rate)),
            identity=[
                str(self.folder.resolve()),
                f"{self.sampling_rate:g} Hz",
                _signature(self.folder, self._all_files),
            ],
            title="reading PTB-XL",
            wanted=self._positions,
        )
        if len(self._positions) == len(everything):
            return everything
        chosen: NDArray[np.int16] = everything[self._positions]
        return chosen

    @property
    def descriptions(self) -> dict[str, str]:
        """Statements in PTB-XL's own words."""
        return {str(code): str(text) for code, text in self.statements["description"].items()}

    @property
    def acquisition(self) -> pd.DataFrame:
        """The recorder and the site."""
        return self.table[[column for column in ("device", "site") if column in self.table]].astype("string")

    def statement_sets(self) -> list[ClassSet]:
        """Return all statements and their two groupings: what a network may learn beside its own classes."""
        return [class_set(name, self.statements) for name in ("all", "sub", "super")]

    def with_classes(self, classes: ClassSet) -> Ptbxl:
        """Return the same records with other labels."""
        other = copy.copy(self)
        other.class_set = classes
        other.labels = self._labels_of(classes)
        return other

    def auxiliary(self, training: NDArray[np.bool_]) -> Targets:
        """Return report words and table fields as targets, chosen on the `training` rows alone."""
        table = self.table
        fields = [values_of(table[name], training) for name in ("heart_axis", "infarction_stadium1", "device")]
        fields += [above(table["age"], range(30, 90, 10)), above(table["sex"], [0.5])]
        fields += [mentioned(table[name]) for name in _REMARKS]
        fields += [mentioned(table["extra_beats"], "VES"), mentioned(table["extra_beats"], "SVES")]
        fields += [likely(list(table["codes"]), training)]
        return sum(fields, start=words(table["report"], training))

    def _labels_of(self, classes: ClassSet) -> pd.DataFrame:
        graded = set(self.statements.index[self.statements["diagnostic"]])
        return _labels(self.table["codes"], classes, graded, self.min_likelihood)

    def _subset(self, positions: NDArray[np.intp]) -> Ptbxl:
        part = copy.copy(self)
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        part._positions = self._positions[positions]
        return part

    def _digital(self, file: str) -> NDArray[np.int16]:
        import wfdb

        try:
            record = wfdb.rdrecord(str(self.folder / file), physical=False)
        except (OSError, ValueError, IndexError) as error:
            raise UnreadableFileError(f"record {self.folder / file} cannot be read: {error}.") from error
        order = {str(lead).lower(): row for row, lead in enumerate(record.sig_name)}
        gain = np.asarray(record.adc_gain)
        if {lead.lower() for lead in STANDARD} - set(order) or not (gain == _MICROVOLTS_PER_MV).all():
            raise UnreadableFileError(
                f"record {self.folder / file} must have the 12 leads at 1000 units per mV; got {record.sig_name}, "
                f"{record.adc_gain}. Is this PTB-XL?"
            )
        samples = round(_SECONDS * self.sampling_rate)
        if len(record.d_signal) != samples:
            raise UnreadableFileError(
                f"record {self.folder / file} must have {samples} samples; got {len(record.d_signal)}. Leave it out."
            )
        if (record.d_signal == _NOT_RECORDED).any():
            raise UnreadableFileError(f"record {self.folder / file} has samples that were not recorded. Leave it out.")
        digital = record.d_signal - np.asarray(record.baseline)
        rows: NDArray[np.int16] = digital.T[[order[lead.lower()] for lead in STANDARD]].astype(np.int16)
        return rows


def _signature(folder: Path, files: Sequence[str]) -> str:
    """Return number, bytes and newest change of the folders' signal files: what an array made of them depends on."""
    entries = [
        entry.stat()
        for parent in sorted({(folder / file).parent for file in files})
        for entry in os.scandir(parent)
        if entry.name.endswith(".dat")
    ]
    newest = max((entry.st_mtime_ns for entry in entries), default=0)
    return f"{len(entries)} files, {sum(entry.st_size for entry in entries)} bytes, {newest}"


def class_set(classes: str | Sequence[str], statements: pd.DataFrame) -> ClassSet:
    """Return the classes of that name, or of these codes.

    Parameters
    ----------
    classes
        A name out of six, all, diagnostic, sub, super, form, rhythm; or codes, in a list or with commas.
    statements
        `scp_statements.csv` as `_statements` gives it.
    """
    codes = list(statements.index)
    if not isinstance(classes, str):
        return of_codes(classes, codes)
    name = classes.lower()
    if name == "six":
        return ClassSet("six", {code: (code,) for code in SIX})
    if name == "all":
        return ClassSet("all", {code: (code,) for code in codes})
    if name in ("diagnostic", "form", "rhythm"):
        return ClassSet(name, {code: (code,) for code in statements.index[statements[name]]})
    if name in ("sub", "super"):
        groups = statements["diagnostic_subclass" if name == "sub" else "diagnostic_class"].dropna()
        return ClassSet(name, {str(g): tuple(groups.index[groups == g]) for g in sorted(groups.unique())})
    if "," not in classes and classes.upper() not in codes:
        raise UnknownClassError(str(unknown_name("class set", classes, (*_CLASS_SETS, *codes))))
    return of_codes(classes.split(","), codes)


def _sampling_rate(folder: Path, wanted: float | None) -> float:
    here = [rate for rate in (100.0, 500.0) if (folder / f"records{rate:g}").is_dir()]
    if wanted is None and here:
        return here[0]
    if wanted in here and wanted is not None:
        return float(wanted)
    raise InvalidInputError(
        f"sampling_rate of ptbxl:{folder} must be one whose folder is there "
        f"({', '.join(f'records{rate:g}' for rate in here) or 'neither records100 nor records500 is'}); got {wanted!r}."
    )


def _statements(folder: Path) -> pd.DataFrame:
    path = folder / "scp_statements.csv"
    if not path.is_file():
        raise UnreadableFileError(f"data set ptbxl needs {path}; it is missing. It comes with PTB-XL.")
    statements = pd.read_csv(path, index_col=0)
    for kind in ("diagnostic", "form", "rhythm"):
        statements[kind] = statements[kind] == 1.0
    return statements


def _table(folder: Path, rate: float) -> pd.DataFrame:
    path = folder / "ptbxl_database.csv"
    table = pd.read_csv(path, index_col="ecg_id", low_memory=False)
    column = "filename_lr" if rate == 100 else "filename_hr"
    lacking = [c for c in ("patient_id", "strat_fold", "scp_codes", column) if c not in table.columns]
    if lacking:
        raise UnreadableFileError(f"table {path} must have the columns {', '.join(lacking)}; it has not.")
    return table.assign(
        patient=_whole(table["patient_id"], path).astype(str),
        fold=_whole(table["strat_fold"], path),
        file=table[column],
        codes=pd.Series(
            [_codes(text, f"{path}: scp_codes of ecg_id {row}") for row, text in table["scp_codes"].items()],
            index=table.index,
            dtype=object,
        ),
    )


def _whole(column: pd.Series[Any], path: Path) -> pd.Series[int]:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        record = wrong.idxmax()
        raise UnreadableFileError(
            f"table {path}: {column.name} of ecg_id {record} must be a whole number; got {column[record]}. "
            "Correct or remove the line."
        )
    return numbers.astype(int)


def _codes(text: str, where: str) -> dict[str, float]:
    try:
        codes = ast.literal_eval(text)
        return {str(code): float(likelihood) for code, likelihood in codes.items()}
    except (ValueError, SyntaxError, AttributeError) as error:
        raise UnreadableFileError(f"table {where} must be {{code: likelihood}}; got {text!r}.") from error


def _labels(codes: pd.Series[Any], classes: ClassSet, graded: set[str], min_likelihood: float) -> pd.DataFrame:
    def counts(code: str, likelihood: float) -> bool:
        return code not in graded or likelihood >= min_likelihood

    present = [{code for code, likelihood in row.items() if counts(code, likelihood)} for row in codes]
    members = [set(group) for group in classes.members.values()]
    values = np.array([[not group.isdisjoint(row) for group in members] for row in present], dtype=bool)
    return pd.DataFrame(values, index=codes.index, columns=pd.Index(classes.classes))
