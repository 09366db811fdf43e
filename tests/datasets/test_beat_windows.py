from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.beat_windows import beat_windows


@pytest.fixture
def ramp():
    """20 s at 125 Hz: 0..4 mV in each second, so that a place tells its value."""
    return np.tile(np.linspace(0, 4, 125), 20)


def test_a_beat_begins_at_its_peak_and_lasts_a_fifth_longer_than_the_interval(ramp):
    peaks = np.arange(50, 2500, 125)
    beats = beat_windows(ramp, 125, peaks)
    assert beats.shape == (20, 187)
    assert beats.dtype == np.float32
    for beat in beats[:-1]:
        np.testing.assert_allclose(beat[:75], np.linspace(0, 1, 125)[50:], atol=1e-6)
        np.testing.assert_allclose(beat[75:150], np.linspace(0, 1, 125)[:75], atol=1e-6)
        assert not beat[150:].any()
    assert not beats[-1, 75:].any()  # the recording ends there


def test_each_ten_seconds_have_their_own_scale_and_rate(ramp):
    ramp[1250:] *= 3
    ramp[1250:] -= 1
    peaks = np.concatenate([np.arange(0, 1250, 125), np.arange(1250, 2500, 50)])
    beats = beat_windows(ramp, 125, peaks)
    np.testing.assert_allclose(beats[10, :60], np.linspace(0, 1, 125)[:60], atol=1e-6)
    assert not beats[10, 60:].any()
    assert beats[8, 149] > 0


def test_other_rates_are_resampled():
    times = np.arange(3600) / 360
    beats = beat_windows(np.sin(2 * np.pi * times), 360, np.arange(90, 3600, 360))
    expected = (np.sin(2 * np.pi * (np.arange(150) / 125 + 0.25)) + 1) / 2
    np.testing.assert_allclose(beats[2, :150], expected, atol=0.02)


def test_a_lone_peak_and_a_flat_recording_have_a_beat_too():
    assert not beat_windows(np.ones(500), 125, np.array([100])).any()
    assert beat_windows(np.ones(500), 125, np.array([], dtype=int)).shape == (0, 187)


def test_what_cannot_be_cut_is_told(ramp):
    with pytest.raises(InvalidInputError, match="2500 samples; got 2500"):
        beat_windows(ramp, 125, np.array([2500]))
    ramp[7] = np.nan
    with pytest.raises(InvalidInputError, match="complete"):
        beat_windows(ramp, 125, np.array([10]))
