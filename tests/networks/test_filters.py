"""Notch and level: against scipy's own steps and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import filtfilt, iirnotch

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.networks.filters import Level, Notch


def test_a_notch_takes_its_frequency_and_leaves_others():
    time = np.arange(5000) / 500
    hum, wave = np.sin(2 * np.pi * 50 * time), np.sin(2 * np.pi * 5 * time)
    found = Notch(frequency=50, quality=30)(np.stack([hum, wave]), 500)[:, 1000:4000]
    assert np.abs(found[0]).max() < 0.01
    np.testing.assert_allclose(found[1], wave[1000:4000], atol=0.01)


def test_a_notch_wider_than_its_frequency_takes_slow_wander():
    signal = np.random.default_rng(0).normal(size=(2, 2000)).cumsum(-1)
    found = Notch(frequency=0.05, quality=0.05)(signal, 500)
    np.testing.assert_allclose(found, filtfilt(*iirnotch(0.05, 0.05, fs=500), signal), rtol=0, atol=1e-12)
    assert (found.std(-1) < 0.5 * signal.std(-1)).all()


def test_the_level_is_that_of_the_flattest_stretch():
    signal = np.array([[5.0, 9, 5, 9, 2, 2.5, 7, 8], [1.0, 1, 9, 0, 9, 0, 9, 0]])
    found = Level(window=2, step=2)(signal, 1)  # stretches 5 9, 5 9, 2 2.5, 7 8 and 1 1, 9 0, 9 0, 9 0
    np.testing.assert_array_equal(found, signal - [[2.25], [1.0]])


@pytest.mark.parametrize("step", [Notch(frequency=0.05, quality=0.05), Level()])
def test_too_few_samples_are_told(step):
    with pytest.raises(InvalidInputError, match="record of 5 samples"):
        step(np.zeros((12, 5)), 500)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(Notch, {"frequency": 0, "quality": 1}), (Notch, {"frequency": 1, "quality": -1}), (Level, {"step": 0})],
)
def test_wrong_settings_are_told(kind, settings):
    with pytest.raises(SettingError, match="> 0"):
        kind(**settings)
