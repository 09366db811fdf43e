"""ECGs of any length and rate as rows of one array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError
from pellucid.records.ecg import EcgRecord
from pellucid.records.resampling import resample

_MOST = 2**15 - 1


def fixed_length(record: EcgRecord, sampling_rate: float, seconds: float) -> NDArray[np.int16]:
    """Return the twelve standard leads of the middle of a record, (lead, sample), in microvolts.

    Parameters
    ----------
    record
        Of any length and rate.
    sampling_rate
        In Hz, of what is returned.
    seconds
        How long that is; shorter records have zeros on both sides.

    Raises
    ------
    UnknownNameError
        When a lead is missing that cannot be derived.
    """
    signal = np.nan_to_num(record.select().signal)
    at_rate = np.asarray(resample(signal, record.sampling_rate, sampling_rate), dtype=np.float32)
    wanted = round(seconds * sampling_rate)
    row = np.zeros((len(at_rate), wanted), dtype=np.float32)
    lacking = wanted - at_rate.shape[1]
    if lacking >= 0:
        row[:, lacking // 2 : lacking // 2 + at_rate.shape[1]] = at_rate
    else:
        row[:] = at_rate[:, -lacking // 2 : -lacking // 2 + wanted]
    whole: NDArray[np.int16] = np.rint(row * np.float32(1000)).clip(-_MOST, _MOST).astype(np.int16)
    return whole


def recorded(record: EcgRecord, where: str) -> EcgRecord:
    """Return the record; where it has not one sample, no network may learn from zeros in its place.

    Raises
    ------
    UnreadableFileError
        With `where`, when all samples are missing (NaN).
    """
    if not np.isfinite(record.signal).any():
        raise UnreadableFileError(f"{where} must hold an ECG; not one of its samples was recorded. Leave it out.")
    return record
