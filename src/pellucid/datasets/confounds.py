"""What the way a record was taken tells about its class, though it should tell nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.datasets.splits import dealt

GROUPS: dict[str, tuple[str, ...]] = {
    "size": ("width", "height", "length"),
    "mode": ("mode",),
    "bytes": ("bytes",),
    "brightness": ("brightness", "contrast"),
    "border": (
        "border",
        "border varies",
        "upper left corner",
        "upper right corner",
        "lower left corner",
        "lower right corner",
    ),
    "source": ("source", "device", "site"),
    "zeros": ("zeros", "offset"),
}
"""Which facts are asked together, and what the question is called."""

_PARTS = 5  # of the cross-validation
_LEAVES, _SMALLEST = 32, 10
_CLASSES_MOST = 20
_LEVELS_MOST = 30
_CLEAR = 3.0  # standard errors above the majority


@dataclass(frozen=True, slots=True)
class Confound:
    """What some facts alone tell.

    Attributes
    ----------
    accuracy
        Share of records whose class they give, cross-validated.
    majority
        Share of the largest class: what knowing nothing gives.
    standard_error
        Of `accuracy`.
    by_class
        Area under the ROC curve for each class against the others, 0.5 for nothing; classes of under 10 records are
        left out.
    """

    facts: tuple[str, ...]
    accuracy: float
    majority: float
    standard_error: float
    by_class: dict[str, float]

    @property
    def tells(self) -> bool:
        """Whether it stands clearly (three standard errors) above the majority."""
        return self.accuracy > self.majority + _CLEAR * self.standard_error


def confounds(facts: pd.DataFrame, labels: pd.DataFrame, groups: Sequence[str]) -> dict[str, Confound]:
    """Return for each of `GROUPS` whose facts are there, and for `all` together, what it tells.

    Parameters
    ----------
    facts
        One row a record: numbers and words.
    labels
        One row a record, one boolean column a class. Where records have several or no classes, each combination
        counts as a class, rare ones together.
    groups
        One name a record; records of one group (a patient, a cluster of twins) are never on both sides.

    Notes
    -----
    A decision tree (at most 32 leaves of 10 records or more) in five folds. Cost: under 1 s for 20,000 records.
    """
    names = _names(labels)
    counts = Counter(names)
    if len(counts) < 2 or len(set(groups)) < 2 * _PARTS:
        return {}
    folds = dealt(groups, names, range(_PARTS))
    asked = {name: tuple(fact for fact in group if fact in facts) for name, group in GROUPS.items()}
    asked = {name: group for name, group in asked.items() if group} | {"all": tuple(map(str, facts))}
    return {
        name: _told(_numbers(facts[list(group)]), np.array(names), folds, labels, group)
        for name, group in asked.items()
        if group
    }


def _told(
    values: NDArray[np.float64],
    names: NDArray[np.str_],
    folds: NDArray[np.int64],
    labels: pd.DataFrame,
    facts: tuple[str, ...],
) -> Confound:
    from sklearn.tree import DecisionTreeClassifier

    majority = max(Counter(names.tolist()).values()) / len(names)
    if not np.ptp(values, axis=0).any():  # what is the same for all tells nothing
        return Confound(facts, majority, majority, 0.0, {str(name): 0.5 for name in labels})
    known = np.unique(names)
    chances = np.zeros((len(names), len(known)))
    for fold in np.unique(folds):
        tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, min_samples_leaf=_SMALLEST, random_state=0)
        tree.fit(values[folds != fold], names[folds != fold])
        chances[np.ix_(folds == fold, np.searchsorted(known, tree.classes_))] = tree.predict_proba(
            values[folds == fold]
        )
    right = known[chances.argmax(1)] == names
    accuracy = float(right.mean())
    return Confound(
        facts=facts,
        accuracy=accuracy,
        majority=majority,
        standard_error=float(np.sqrt(accuracy * (1 - accuracy) / len(names))),
        by_class=_areas(chances, known, labels, names),
    )


def _areas(
    chances: NDArray[np.float64], known: NDArray[np.str_], labels: pd.DataFrame, names: NDArray[np.str_]
) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    areas = {}
    for column in labels:
        truth = labels[column].to_numpy()
        if min(truth.sum(), (~truth).sum()) < _SMALLEST:
            continue
        # How often a record has this class among those of each combination: its chance given the combinations'.
        share = np.array([truth[names == name].mean() for name in known])
        areas[str(column)] = float(roc_auc_score(truth, chances @ share))
    return areas


def _names(labels: pd.DataFrame) -> list[str]:
    columns = [str(column) for column in labels]
    names = ["+".join(name for name, has in zip(columns, row, strict=True) if has) for row in labels.to_numpy()]
    frequent = {name for name, _ in Counter(names).most_common(_CLASSES_MOST)}
    return [(name or "none") if name in frequent else "other" for name in names]


def _numbers(facts: pd.DataFrame) -> NDArray[np.float64]:
    """Return numbers as they are (missing ones as -1) and words as one column for each of the frequent ones."""
    columns = []
    for name in facts:
        values = facts[name]
        if pd.api.types.is_numeric_dtype(values):
            columns.append(values.astype(float).fillna(-1.0).to_numpy())
            continue
        words = values.astype("string").fillna("")
        columns += [(words == word).to_numpy(dtype=float) for word in words.value_counts().index[:_LEVELS_MOST]]
    return np.stack(columns, axis=1)
