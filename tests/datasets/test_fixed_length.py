from __future__ import annotations

import numpy as np
import pytest

from pellucid import EcgRecord
from pellucid.core.errors import UnreadableFileError
from pellucid.datasets.fixed_length import fixed_length, recorded
from pellucid.records.leads import STANDARD


def record(samples, rate=100.0):
    return EcgRecord(signal=np.tile(np.arange(samples) / 1000, (12, 1)), sampling_rate=rate, leads=STANDARD)


@pytest.mark.parametrize("samples", [1501, 1500, 1000])
def test_of_a_long_record_the_middle_is_taken(samples):
    row = fixed_length(record(samples), 100, 10)[0]
    first = (samples - 1000) // 2
    assert row.dtype == np.int16
    assert abs(int(row[0]) - first) <= 1
    np.testing.assert_array_equal(np.diff(row), 1)


def test_a_short_one_stands_between_zeros():
    row = fixed_length(record(401), 100, 10)[3]
    assert not row[:299].any()
    np.testing.assert_array_equal(row[299:700], np.arange(401))
    assert not row[700:].any()


def test_rates_change_and_lost_samples_are_zero():
    other = np.tile(np.sin(np.arange(5000) / 500 * 2 * np.pi), (12, 1))
    row = fixed_length(EcgRecord(signal=other, sampling_rate=500, leads=STANDARD), 100, 10)[0]
    np.testing.assert_allclose(row[100:-100], 1000 * np.sin(np.arange(100, 900) / 100 * 2 * np.pi), atol=5)
    other[:, 7] = np.nan
    assert fixed_length(EcgRecord(signal=other, sampling_rate=500, leads=STANDARD), 500, 10)[0, 7] == 0


def test_a_record_without_a_sample_is_refused():
    signal = np.full((12, 10), np.nan)
    empty = EcgRecord(signal=signal, sampling_rate=100, leads=STANDARD)
    with pytest.raises(UnreadableFileError, match=r"exam 7 must hold an ECG; not one of its samples was recorded"):
        recorded(empty, "exam 7")
    signal[3, 4] = 0.0
    one = EcgRecord(signal=signal, sampling_rate=100, leads=STANDARD)
    assert recorded(one, "exam 7") is one
