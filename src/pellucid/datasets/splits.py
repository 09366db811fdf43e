"""Which record belongs to which fold: dealt out by patient, written as a table, refused where a patient is torn apart.

A split file is a CSV with the columns `record`, `patient` and `fold`; fold 10 is the test, 9 is for choosing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.core.files import write_text
from pellucid.core.provenance import text_hash

FOLDS = 10
TEST_FOLD = 10
CLUSTER = "cluster-"
"""Begins what stands for a patient where none is known: records that an audit found alike."""
_COLUMNS = ("record", "patient", "fold")


def dealt(patients: Sequence[str], classes: Sequence[str], folds: Sequence[int]) -> NDArray[np.int64]:
    """Return a fold for each record: whole patients in turn, each class by itself, in an order that never changes.

    Parameters
    ----------
    patients
        One name a record.
    classes
        One a record; a patient of several is dealt with those of the first in the alphabet.
    folds
        The folds to deal into.

    Notes
    -----
    The order is that of a hash of the names, and each class starts where the one before it ended: with many records
    of few patients the folds differ in size.
    """
    first: dict[str, str] = {}
    for patient, name in zip(patients, classes, strict=True):
        first[patient] = min(name, first.get(patient, name))
    ordered = sorted(first, key=lambda patient: (first[patient], text_hash([patient])))
    fold = {patient: folds[position % len(folds)] for position, patient in enumerate(ordered)}
    return np.array([fold[patient] for patient in patients], dtype=np.int64)


def torn(patients: Sequence[str], sides: Sequence[object]) -> dict[str, list[str]]:
    """Return the patients who are on several sides, each with its sides in order."""
    places: dict[str, set[str]] = {}
    for patient, side in zip(patients, sides, strict=True):
        places.setdefault(patient, set()).add(str(side))
    return {patient: sorted(on) for patient, on in places.items() if len(on) > 1}


def read_split(path: Path) -> pd.DataFrame:
    """Return a split file as a table with `record` and `patient` as text and `fold` as a whole number.

    Raises
    ------
    UnreadableFileError
        When it cannot be read.
    InvalidInputError
        Naming the column, the line or the patient that is wrong.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"split {path} cannot be read: {error}.") from error
    lacking = [name for name in _COLUMNS if name not in table]
    if lacking or table.empty:
        raise InvalidInputError(
            f"split {path} must have a line a record with the columns {', '.join(_COLUMNS)}; "
            f"got {len(table)} lines of {', '.join(table.columns) or 'nothing'}."
        )
    for line, (record, patient, fold) in enumerate(table[list(_COLUMNS)].itertuples(index=False), start=2):
        if not record or not patient or not (fold.isdecimal() and int(fold) >= 1):
            raise InvalidInputError(
                f"split {path}, line {line}, must have a record, a patient and a fold of 1 or more; "
                f"got {record!r}, {patient!r}, {fold!r}."
            )
    twice = table["record"][table["record"].duplicated()]
    if len(twice):
        raise InvalidInputError(f"split {path} must list each record once; {twice.iloc[0]!r} stands in several lines.")
    table = table.assign(fold=table["fold"].astype(int))
    both = torn(table["patient"].tolist(), table["fold"].tolist())
    if both:
        patient, folds = next(iter(both.items()))
        raise InvalidInputError(
            f"split {path} must keep each patient in one fold; {patient!r} is in {' and '.join(folds)} "
            f"({len(both)} such patients). Move their records together."
        )
    return table[list(_COLUMNS)]


def names_patients(split: pd.DataFrame) -> bool:
    """Say whether the patients of a split file are persons: not the records themselves, and none a cluster of likes."""
    patients, records = split["patient"].astype(str), split["record"].astype(str)
    return not (patients.str.startswith(CLUSTER).any() or patients.eq(records).all())


def counted_as(groups: ArrayLike | None) -> str:
    """Return what the groups of records are that a bootstrap draws whole: `patients`, `clusters` or `records`.

    Parameters
    ----------
    groups
        (record,): a name each, as `Dataset.groups` gives them; None where each record stands for itself.
    """
    if groups is None:
        return "records"
    return "clusters" if any(str(name).startswith(CLUSTER) for name in np.unique(np.asarray(groups))) else "patients"


def write_split(path: Path, records: Sequence[object], patients: Sequence[str], folds: Sequence[int]) -> None:
    """Write a split file, which `read_split` and the data set `NAME:PATH,split=FILE` take."""
    table = pd.DataFrame({"record": list(map(str, records)), "patient": list(patients), "fold": list(folds)})
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
