"""Do probabilities mean what they say? Brier score, expected calibration error, reliability table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError

BINS = 10
POOLED = "(all pooled)"

_LEAST = 1e-6  # so that a spread exists where all probabilities are 0 or 1


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of (p - y)^2 over records (Brier 1950); 0 is perfect, share x (1 - share) a constant guess.

    Parameters
    ----------
    probabilities, labels
        (record,).
    """
    given, has = _checked(probabilities, labels)
    return float(np.mean((given - has) ** 2))


def reliability_table(
    probabilities: ArrayLike, labels: ArrayLike, *, bins: int = BINS, spread: bool = False
) -> pd.DataFrame:
    """Return what was predicted and what was observed, in bins of equally many records.

    Parameters
    ----------
    probabilities, labels
        (record,).
    bins
        How many at most. Equal probabilities stay in one bin, so bins can be unequal or fewer.
    spread
        Bins of equal sums of p (1 - p) instead: of a rare class nearly all records share one bin, and the others lie
        where something is left to be seen. For pictures.

    Returns
    -------
    :
        One row a bin, by rising probability: `mean_probability`, `observed` (share that has the class), `records`.

    Raises
    ------
    InvalidInputError
        When `bins` is not 1 or more, or the two rows are empty or do not fit each other.
    """
    given, has = _checked(probabilities, labels)
    if bins < 1:
        raise InvalidInputError(f"bins must be 1 or more; got {bins}.")
    values, which, counts = np.unique(given, return_inverse=True, return_counts=True)
    weights = counts * (values * (1 - values) + _LEAST) if spread else counts.astype(np.float64)
    # The middle of equal probabilities decides where all of them go.
    middle = (np.cumsum(weights) - weights / 2) / weights.sum()
    place = np.minimum((middle * bins).astype(np.intp), bins - 1)[which]
    table = pd.DataFrame({"bin": place, "mean_probability": given, "observed": has, "records": 1})
    grouped = table.groupby("bin").agg({"mean_probability": "mean", "observed": "mean", "records": "sum"})
    return grouped.reset_index(drop=True)


def expected_calibration_error(table: pd.DataFrame) -> float:
    """Return the mean of |mean probability - observed share| over the bins of a reliability table, by their records.

    Source: Naeini et al. 2015 with bins of equal count (Nixon et al. 2019, arXiv 1904.01685) instead of equal width.
    """
    gap = (table["mean_probability"] - table["observed"]).abs()
    return float((gap * table["records"]).sum() / table["records"].sum())


def calibration(
    probabilities: ArrayLike, labels: ArrayLike, classes: Sequence[str], *, bins: int = BINS
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the calibration of each class, and of all (record, class) pairs pooled.

    Parameters
    ----------
    probabilities, labels
        (record, class).
    classes
        Their names.
    bins
        As in `reliability_table`.

    Returns
    -------
    :
        One row a class (`brier_score`, `expected_calibration_error`); one row a class and bin (columns of
        `reliability_table`, index `class` and `bin`). The pooled ones come last, as `(all pooled)`.
    """
    given, has = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=bool)
    columns = [*zip(classes, given.T, has.T, strict=True), (POOLED, given.ravel(), has.ravel())]
    tables = {name: reliability_table(p, y, bins=bins) for name, p, y in columns}
    scores = pd.DataFrame(
        {
            "brier_score": [brier_score(p, y) for _, p, y in columns],
            "expected_calibration_error": [expected_calibration_error(table) for table in tables.values()],
        },
        index=pd.Index(list(tables), name="class"),
    )
    return scores, pd.concat(tables, names=["class", "bin"])


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    given, has = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if given.ndim != 1 or given.shape != has.shape or not len(given):
        raise InvalidInputError(
            f"probabilities and labels must be two rows of equal length, not empty; got {given.shape} and {has.shape}."
        )
    return given, has
