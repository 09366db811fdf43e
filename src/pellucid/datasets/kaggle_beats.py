"""Beats as Kaggle's "ECG Heartbeat Categorization Dataset" has them: 187 values and a class number a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.beat_windows import SAMPLES
from pellucid.datasets.splits import TEST_FOLD, dealt

FILES = {"training": "mitbih_train.csv", "test": "mitbih_test.csv"}


def kaggle_beats(folder: Path, classes: Sequence[str]) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Return the data set's table, and all beats, (beat, 187) in 0..1.

    Parameters
    ----------
    folder
        Where both files lie.
    classes
        The names behind the numbers 0, 1, 2 ...

    Raises
    ------
    UnreadableFileError
        When a file is missing or no table.
    InvalidInputError
        Naming file, line and value of what is wrong.

    Notes
    -----
    The training file is dealt into folds 1 to 9, the test file is fold 10. Cost: 10 s for all 109,446 lines.
    """
    parts, beats, total = [], [], 0
    for split, file in FILES.items():
        values = _read(folder / file, len(classes))
        names = [classes[int(number)] for number in values[:, -1]]
        ids = [f"{split}-{total + line}" for line in range(len(values))]
        folds = [TEST_FOLD] * len(values) if split == "test" else dealt(ids, names, range(1, TEST_FOLD)).tolist()
        parts.append(
            pd.DataFrame(
                {"patient": ids, "class": names, "fold": folds, "split": split, "lead": "MLII", "file": file},
                index=pd.Index(ids, name="record"),
            )
        )
        beats.append(values[:, :-1])
        total += len(values)
    return pd.concat(parts), np.concatenate(beats)


def _read(path: Path, classes: int) -> NDArray[np.float32]:
    try:
        values = pd.read_csv(path, header=None, dtype=np.float32).to_numpy(dtype=np.float32)
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"table {path} cannot be read: {error}. Download it again.") from error
    if values.shape[1] != SAMPLES + 1:
        raise InvalidInputError(
            f"table {path} must have {SAMPLES} values and a class a line; it has {values.shape[1]} columns."
        )
    number = values[:, -1]
    wrong = ~np.isin(number, np.arange(classes))
    if wrong.any():
        line = int(wrong.argmax())
        raise InvalidInputError(
            f"table {path}, line {line + 1}: the class must be 0 to {classes - 1}; got {number[line]:g}. "
            "Remove the line."
        )
    odd = ~((values[:, :-1] >= 0) & (values[:, :-1] <= 1)).all(axis=1)
    if odd.any():
        raise InvalidInputError(
            f"table {path}, line {int(odd.argmax()) + 1}: values must lie in 0..1; got others or none. Remove the line."
        )
    return values
