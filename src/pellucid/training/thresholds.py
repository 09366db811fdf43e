"""Where a class counts as found: the threshold of maximal F1, chosen on records that are not scored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError

WITHOUT_POSITIVES = 0.5


def best_thresholds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Return for each class the threshold of maximal F1; a class is found where its probability is strictly greater.

    The threshold stands midway between the two neighbouring probabilities it parts, or between the least one and 0
    when every record is found. Of equal F1 the highest threshold is taken, which finds the fewest records. A class
    without positives gets 0.5; `threshold_notes` says of which classes this is true.

    Parameters
    ----------
    probabilities, labels
        (record, class).

    Raises
    ------
    InvalidInputError
        When the two do not have the same shape, or a probability is not in 0..1.

    Notes
    -----
    Cost: one sort a class.
    """
    given, has = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=bool)
    if given.ndim != 2 or given.shape != has.shape or not len(given):
        raise InvalidInputError(
            "probabilities and labels must both be (record, class), with one record or more; "
            f"got {given.shape} and {has.shape}."
        )
    if not ((given >= 0) & (given <= 1)).all():
        raise InvalidInputError("probabilities must be numbers in 0..1; got others. Give probabilities, not logits.")
    return np.array([_best(p, y) for p, y in zip(given.T, has.T, strict=True)])


def threshold_notes(labels: ArrayLike, classes: Sequence[str]) -> tuple[str, ...]:
    """Return in words which thresholds were not chosen, because no record (record, class) had the class."""
    counts = np.asarray(labels, dtype=bool).sum(axis=0)
    lacking = [name for name, count in zip(classes, counts.tolist(), strict=True) if not count]
    if not lacking:
        return ()
    return (f"No record to choose a threshold on has {', '.join(lacking)}: {WITHOUT_POSITIVES} is used.",)


def _best(probabilities: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    if not labels.any():
        return WITHOUT_POSITIVES
    order = np.argsort(-probabilities, kind="stable")
    high = probabilities[order]
    low = np.append(high[1:], 0.0)
    # Found after each record, from the most probable on; F1 = 2 tp / (found + positives).
    f1 = 2 * np.cumsum(labels[order]) / (np.arange(1, len(high) + 1) + labels.sum())
    f1[high == low] = -1.0  # no threshold parts equal probabilities, nor finds a probability of 0
    best = int(f1.argmax())
    if f1[best] < 0:  # all are 0
        return WITHOUT_POSITIVES
    middle = (high[best] + low[best]) / 2
    return float(middle if middle < high[best] else low[best])  # between neighbours in float64 there is no middle
