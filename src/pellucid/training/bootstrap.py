"""Percentile bootstrap over patients: all records of a drawn patient enter, as often as the patient is drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.randomness import generator

LEVEL = 0.95
CHUNK = 250  # draws at a time: 2,000 patients' counts then take 4 MB and stay near the processor


def patient_numbers(patients: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Return for each record the number of its patient, 0 to n - 1, and n.

    Parameters
    ----------
    patients
        (record,): one name or number a record, equal for records of one patient.

    Raises
    ------
    InvalidInputError
        When there are none, or they do not form one row.
    """
    given = np.asarray(patients)
    if given.ndim != 1 or not len(given):
        raise InvalidInputError(f"patients must be one name a record, in one row; got an array of shape {given.shape}.")
    names, numbers = np.unique(given, return_inverse=True)
    return numbers, len(names)


def patient_draws(patients: int, seed: int, *stream: int) -> Iterator[NDArray[np.float64]]:
    """Yield for ever how often each patient is drawn, (patient, draw), `CHUNK` draws at a time.

    Each draw takes as many patients as there are, with replacement (Efron 1979). The same seed and stream give
    the same draws; the counts are whole numbers in float64, for they weigh records in matrix products.

    Parameters
    ----------
    patients
        How many there are.
    seed, stream
        As `core.randomness.generator` takes them.
    """
    source = generator(seed, *stream)
    columns = np.arange(CHUNK, dtype=np.int64)
    while True:
        drawn = source.integers(patients, size=(patients, CHUNK), dtype=np.int32)
        places = (drawn * np.int64(CHUNK) + columns).ravel()
        yield np.bincount(places, minlength=patients * CHUNK).reshape(patients, CHUNK).astype(np.float64)


def percentile_interval(values: NDArray[np.float64]) -> tuple[float, float, int]:
    """Return the central 95 % of values, and of how many; values that are not defined (NaN) are left out.

    Parameters
    ----------
    values
        (draw,).

    Returns
    -------
    :
        2.5th and 97.5th percentile (linear between neighbours), NaN where no value is defined; number of values.
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan"), 0
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high), len(defined)
