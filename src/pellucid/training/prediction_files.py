"""Answers that others have given, read from tables: probabilities or decisions, and labels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.training.answers import Answers, canonical

RECORD, PATIENT = "record", "patient"

_NUMBERS = {"true": "1", "false": "0"}


def read_answers(
    predictions: Path,
    labels: Path,
    *,
    classes: Sequence[str] | None = None,
    thresholds: Sequence[float] | None = None,
) -> Answers:
    """Return what stands in two tables, row by row the same records.

    Parameters
    ----------
    predictions
        A CSV with one column a class, in any order and under any of the class's names, or an `.npy` (record, class).
        Probabilities, or nothing but 0 and 1: decisions, of which no ranking is scored.
    labels
        The same with 0 and 1.
    classes
        Which, and for `.npy` their order; by default the columns of `labels`.
    thresholds
        One a class, or a single one for all.

    Returns
    -------
    :
        Of CSVs the columns without a name are left out; `record` (names of the rows) and `patient` are no classes.

    Raises
    ------
    UnreadableFileError
        When a file is missing or no such table.
    InvalidInputError
        Naming the file, the column and the remedy: a column is missing or given twice, a value is no number or not in
        its range, the rows are not as many or not the same.
    """
    truth = _read(labels, classes)
    wanted = [canonical(name) for name in classes] if classes else list(truth.columns)
    if not wanted:
        raise InvalidInputError(f"labels {labels} must have one column a class; it has none.")
    given = _read(predictions, classes)
    _check_rows(predictions, given, labels, truth)
    values = given.columns_of(wanted)
    decided = bool(np.isin(values, (0, 1)).all())
    _check_range(predictions, wanted, values, (values >= 0) & (values <= 1), "in 0..1 (probabilities, not logits)")
    has = truth.columns_of(wanted)
    _check_range(labels, wanted, has, np.isin(has, (0, 1)), "0 or 1")
    if decided and thresholds:
        raise InvalidInputError(f"predictions {predictions} are decisions, 0 or 1; they need no thresholds.")
    return Answers.of(
        classes=wanted,
        labels=has,
        probabilities=None if decided else values,
        decisions=values if decided else None,
        thresholds=thresholds or None,
        patients=truth.patients if truth.patients is not None else given.patients,
        records=truth.records if truth.records is not None else given.records,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Table:
    path: Path
    columns: dict[str, NDArray[np.float64]]
    records: NDArray[np.str_] | None = None
    patients: NDArray[np.str_] | None = None
    rows: int

    def columns_of(self, classes: Sequence[str]) -> NDArray[np.float64]:
        """Return (record, class)."""
        for name in classes:
            if name not in self.columns:
                raise InvalidInputError(
                    f"{self.path} must have a column {name!r}; it has {', '.join(self.columns)}. "
                    "Rename the column, or choose with --classes."
                )
        return np.stack([self.columns[name] for name in classes], axis=1)


def _read(path: Path, classes: Sequence[str] | None) -> _Table:
    if not path.is_file():
        raise UnreadableFileError(f"table {path} is not there. Name a .csv or .npy file.")
    return _read_array(path, classes) if path.suffix.lower() == ".npy" else _read_csv(path)


def _read_array(path: Path, classes: Sequence[str] | None) -> _Table:
    if not classes:
        raise InvalidInputError(f"{path} has no names of columns. Give the classes in its order with --classes.")
    try:
        values = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableFileError(f"array {path} cannot be read: {error}.") from error
    if values.ndim != 2 or values.shape[1] != len(classes):
        raise InvalidInputError(
            f"array {path} must be (record, class) with the {len(classes)} classes {', '.join(classes)}; "
            f"got the shape {values.shape}. Name all its columns, in order, with --classes."
        )
    names = [canonical(name) for name in classes]
    for name, column in zip(names, values.T, strict=True):
        _check_finite(path, name, column, column)
    return _Table(path=path, columns=dict(zip(names, values.T, strict=True)), rows=len(values))


def _read_csv(path: Path) -> _Table:
    try:
        text = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UnreadableFileError(f"table {path} cannot be read: {error}.") from error
    if not len(text):
        raise InvalidInputError(f"table {path} must have one row a record; it has none.")
    columns: dict[str, NDArray[np.float64]] = {}
    own: dict[str, NDArray[np.str_]] = {}
    for title in map(str, text.columns):
        if title.startswith("Unnamed:"):
            continue
        values = text[title].str.strip()
        if title.strip().lower() in (RECORD, PATIENT):
            own[title.strip().lower()] = values.to_numpy().astype(str)
            continue
        name = canonical(title)
        if name in columns:
            raise InvalidInputError(f"table {path} has two columns for {name}; the second is {title!r}. Remove one.")
        columns[name] = _numbers(path, title, values)
    return _Table(path=path, columns=columns, records=own.get(RECORD), patients=own.get(PATIENT), rows=len(text))


def _numbers(path: Path, title: str, text: pd.Series[str]) -> NDArray[np.float64]:
    lower = text.str.lower()
    numbers = np.array([_number(cell) for cell in lower.replace(_NUMBERS)])
    _check_finite(path, title, numbers, text.to_numpy())
    return numbers


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _check_finite(path: Path, title: str, numbers: NDArray[np.float64], shown: NDArray[np.generic]) -> None:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise InvalidInputError(
            f"{path}, column {title!r}, row {bad[0] + 1}: must be a finite number; got {str(shown[bad[0]])!r}. "
            "Remove the row from both files, or the column with --classes."
        )


def _check_range(
    path: Path, classes: Sequence[str], values: NDArray[np.float64], right: NDArray[np.bool_], what: str
) -> None:
    wrong = np.argwhere(~right)
    if len(wrong):
        row, column = wrong[0]
        raise InvalidInputError(
            f"{path}, column {classes[column]!r}, row {row + 1}: must be {what}; got {values[row, column]:g}."
        )


def _check_rows(predictions: Path, given: _Table, labels: Path, truth: _Table) -> None:
    if given.rows != truth.rows:
        raise InvalidInputError(
            f"predictions and labels must be of the same records: {predictions} has {given.rows} rows, "
            f"{labels} {truth.rows}. Give both files the same rows in the same order."
        )
    if given.records is None or truth.records is None:
        return
    apart = np.flatnonzero(given.records != truth.records)
    if len(apart):
        row = apart[0]
        raise InvalidInputError(
            f"predictions and labels must be of the same records in the same order: in row {row + 1} {predictions} has "
            f"record {given.records[row]}, {labels} {truth.records[row]}. Sort both by record."
        )
