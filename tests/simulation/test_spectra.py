from __future__ import annotations

import numpy as np
import pytest

from pellucid.simulation.spectra import below, coloured

RATE = 500.0


def rising(frequencies):
    return frequencies * (frequencies < 100)


def test_rows_have_deviation_one_and_are_independent():
    rows = coloured(np.random.default_rng(0), 6, 50_000, RATE, below(150))
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(rows) - np.eye(6), 0, atol=0.05)


def test_the_spectrum_is_the_one_asked_for():
    row = coloured(np.random.default_rng(0), 1, 100_000, RATE, rising)[0]
    power = np.abs(np.fft.rfft(row)) ** 2
    frequencies = np.fft.rfftfreq(len(row), 1 / RATE)

    def band(middle):
        return power[np.abs(frequencies - middle) < 5].mean()

    assert band(80) / band(40) == pytest.approx(4, rel=0.15)
    assert band(110) < 1e-6 * band(80)


def test_sums_are_those_of_the_rows():
    mix = np.array([[1.0, -1.0, 0.0], [0.5, 0.5, 2.0]])
    rows = coloured(np.random.default_rng(3), 3, 2000, RATE, below(60))
    sums = coloured(np.random.default_rng(3), 3, 2000, RATE, below(60), mix=mix)
    np.testing.assert_allclose(sums, mix @ rows, atol=1e-4)


def test_a_longer_period_does_not_close_on_itself():
    def jumps(periods):
        rows = coloured(np.random.default_rng(1), 200, 1000, RATE, below(2.0), periods=periods)
        return np.abs(rows[:, 0] - rows[:, -1]).mean()

    assert jumps(1.0) < 0.1
    assert jumps(2.0) > 0.5


def test_the_same_limit_is_the_same_spectrum():
    assert below(0.8) is below(0.8)
    assert below(0.8) is not below(0.9)
