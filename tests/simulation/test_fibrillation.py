from __future__ import annotations

import numpy as np

from pellucid.simulation.fibrillation import fibrillatory_waves

RATE = 500
TIMES = np.arange(6000) / RATE


def many(count=24):
    return np.stack([fibrillatory_waves(seed, TIMES, RATE) for seed in range(count)])


def test_size_is_that_of_real_fibrillation():
    rms = 1e3 * np.median(many().std(axis=2), axis=0)
    assert 22 < rms[2] < 50  # V1
    assert rms[0] < rms[2]
    assert many().std(axis=2).max() < 0.15


def test_the_main_rate_lies_between_four_and_nine_hertz():
    spectrum = np.abs(np.fft.rfft(many()[:, 2])) ** 2
    frequencies = np.fft.rfftfreq(6000, 1 / RATE)
    inside = spectrum[:, (frequencies > 3.5) & (frequencies < 12)].sum(axis=1) / spectrum.sum(axis=1)
    assert np.median(inside) > 0.6
    assert np.quantile(spectrum[:, frequencies > 30].sum(axis=1) / spectrum.sum(axis=1), 0.9) < 0.02


def test_they_are_no_flutter():
    """No line: the strongest bin of 12 s holds a small part of the power."""
    spectrum = np.abs(np.fft.rfft(many()[:, 2])) ** 2
    assert np.median(spectrum.max(axis=1) / spectrum.sum(axis=1)) < 0.3


def test_the_same_seed_gives_the_same_waves():
    np.testing.assert_array_equal(many(2), many(2))
    assert not np.array_equal(*many(2))
