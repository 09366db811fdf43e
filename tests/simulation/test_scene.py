from __future__ import annotations

import numpy as np
import pytest

from pellucid.simulation.scene import Scene


def test_the_rhythm_is_kept_unless_a_rate_is_taken_away():
    scene = Scene.draw(3, ("CRBBB", "SBRAD"), 10)
    assert scene.rhythm_under(("SBRAD",)) is scene.rhythm
    assert scene.rhythm.rate < 50
    assert scene.rhythm_under(("CRBBB",)).rate > 60


def test_the_mean_of_a_record_is_its_offset_and_the_twin_keeps_its_baseline():
    scene = Scene.draw(4, ("CLBBB", "SBRAD"), 10)
    whole = scene.microvolts(("CLBBB", "SBRAD"), 500, 5000)
    assert np.abs(whole.mean(axis=1)).max() < 15
    changed = np.abs(whole - scene.microvolts(("SBRAD",), 500, 5000)) > 1e-6
    assert 0.3 < changed.any(axis=0).mean() < 0.7, "before each beat nothing changes"


def test_margins_leave_no_edge_at_100_hertz():
    scene = Scene.draw(5, (), 10)
    fine, coarse = scene.microvolts((), 500, 5000), scene.microvolts((), 100, 1000)
    edge, middle = (np.abs(coarse - fine[:, ::5])[:, part].mean() for part in (slice(0, 20), slice(300, 700)))
    assert edge < 3 * middle + 2


def test_nothing_above_47_hertz_is_left_at_100():
    coarse = Scene.draw(6, (), 10).microvolts((), 100, 1000)
    spectrum = np.abs(np.fft.rfft(coarse * np.hanning(1000))) ** 2
    frequencies = np.fft.rfftfreq(1000, 0.01)
    high, below = (spectrum[:, band].mean() for band in (frequencies > 48, (frequencies > 35) & (frequencies < 42)))
    assert high < 0.01 * below


@pytest.mark.parametrize("seconds", [2, 7.3, 25])
def test_any_duration_is_covered(seconds):
    scene = Scene.draw(7, ("AFIB",), seconds)
    samples = round(seconds * 500)
    signal = scene.microvolts(("AFIB",), 500, samples)
    assert signal.shape == (8, samples)
    assert np.abs(signal[:, -samples // 4 :]).max() > 100, "beats to the very end"
