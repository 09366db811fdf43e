"""Whether data can be learnt as a configuration asks: labels that fit the loss, patients on one side."""

from __future__ import annotations

import numpy as np

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.splits import torn
from pellucid.training.fit_settings import LossSettings
from pellucid.training.settings import DataSettings


def learnt_from(source: Dataset, data: DataSettings) -> Dataset:
    """Return the records that a training looks at: those of the training and choosing folds.

    Raises
    ------
    InvalidInputError
        When a patient is in several of the training, choosing and test folds, though the data set was not asked to
        deal its records out one by one.
    """
    side = {fold: name for name in ("train", "choose", "test") for fold in getattr(data, name)}
    table = source.table[source.table["fold"].isin(list(side))]
    both = torn(table["patient"].astype(str).tolist(), table["fold"].map(side).tolist())
    if both and getattr(source, "by", "patient") == "patient":
        patient, sides = next(iter(both.items()))
        raise InvalidInputError(
            f"data set {source.name} must keep each patient on one side; {patient!r} is in the folds of "
            f"{' and '.join(sides)} ({len(both)} such patients). Deal the folds out by patient."
        )
    return source.select(folds=(*data.train, *data.choose), records=data.records)


def exclusive(learning: Dataset) -> bool:
    """Return whether classes exclude each other: the table names one class a record, and each has exactly one."""
    return "class" in learning.table and len(learning.classes) > 1 and bool((learning.labels.sum(axis=1) == 1).all())


def check_labels(loss: LossSettings, learning: Dataset, data: DataSettings, *, auxiliary: bool) -> None:
    """Raise when labels are not what the loss needs.

    Parameters
    ----------
    loss
        With its name.
    learning
        Of the training and choosing folds.
    data
        Tells these apart.
    auxiliary
        Whether there are auxiliary outputs, which need a sigmoid each.

    Raises
    ------
    InvalidInputError
        With the first record or class that is wrong.
    SettingError
        When cross-entropy is asked for beside auxiliary outputs.
    """
    training = learning.labels[learning.table["fold"].isin(list(data.train))]
    folds = f"the training folds {', '.join(map(str, data.train))} of {learning.name}"
    counts = training.sum(axis=0)
    if loss.name != "cross_entropy":
        if not ((counts > 0) & (counts < len(training))).any():
            raise InvalidInputError(
                f"{folds} must have records with and without some class; all of {', '.join(training.columns)} are "
                "always or never there. Choose other folds or classes."
            )
        return
    if auxiliary:
        raise SettingError(
            "auxiliary outputs need a sigmoid each; cross_entropy has one softmax. Choose the loss bce, or set "
            "auxiliary.statements and auxiliary.reports to false."
        )
    several = (learning.labels.sum(axis=1) != 1).to_numpy()
    if several.any():
        first = int(np.argmax(several))
        has = [name for name, value in learning.labels.iloc[first].items() if value]
        raise InvalidInputError(
            f"cross_entropy needs exactly one class a record; record {learning.table.index[first]} of "
            f"{learning.name} has {' and '.join(map(str, has)) or 'none'}. Choose the loss bce."
        )
    lacking = [str(name) for name, count in counts.items() if not count]
    if lacking or len(counts) < 2:
        raise InvalidInputError(
            f"{folds} must have records of two classes or more, and of each; none has "
            f"{', '.join(lacking) or 'a second one'}. Choose other folds, or leave the class out with classes=."
        )
