from __future__ import annotations

import numpy as np
import pytest

from pellucid.simulation.rhythm import Breathing, Rhythm, draw_rate

SEEDS = range(60)


def rhythms(*diagnoses, seconds=10.0):
    return [Rhythm.draw(seed, diagnoses, Breathing.draw(seed), -1.0, seconds + 1) for seed in SEEDS]


@pytest.mark.parametrize(
    ("diagnoses", "low", "high"),
    [((), 60.5, 96), (("CRBBB",), 60.5, 96), (("SBRAD",), 38, 48.5), (("STACH",), 103, 150), (("AFIB",), 58, 150)],
)
def test_rates_lie_in_their_range_and_the_beats_have_them(diagnoses, low, high):
    rates = np.array([draw_rate(seed, diagnoses) for seed in SEEDS])
    assert low <= rates.min() < np.median(rates) < rates.max() <= high
    measured = np.array([60 / r.after.mean() for r in rhythms(*diagnoses)])
    # ten seconds of fibrillation are few draws
    assert np.median(np.abs(measured / rates - 1)) < (0.08 if "AFIB" in diagnoses else 0.03)


def test_beats_cover_the_whole_stretch_and_intervals_are_theirs():
    for rhythm in rhythms(seconds=30.0):
        assert rhythm.onsets[0] < -1.0
        assert rhythm.onsets[-2] < 31.0 <= rhythm.onsets[-1]
        np.testing.assert_allclose(np.diff(rhythm.onsets), rhythm.after[:-1])
        np.testing.assert_allclose(rhythm.before[1:], rhythm.after[:-1])


def test_fibrillation_is_irregular_and_sinus_rhythm_is_not():
    def variation(group):
        return np.array([np.std(r.after) / np.mean(r.after) for r in group])

    assert np.median(variation(rhythms("AFIB", seconds=60.0))) == pytest.approx(0.22, abs=0.03)
    assert np.median(variation(rhythms(seconds=60.0))) == pytest.approx(0.027, abs=0.008)
    assert np.median(variation(rhythms("STACH", seconds=60.0))) < 0.015


def test_fibrillation_has_no_rhythm_within_its_irregularity():
    steps = np.concatenate([r.after - r.after.mean() for r in rhythms("AFIB", seconds=60.0)])
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 0.06


def test_sinus_rhythm_breathes():
    longest = []
    for seed, rhythm in zip(SEEDS, rhythms(seconds=200.0), strict=True):
        spectrum = np.abs(np.fft.rfft(rhythm.after - rhythm.after.mean())) ** 2
        frequencies = np.fft.rfftfreq(len(rhythm.after), rhythm.after.mean())
        share = spectrum[np.abs(frequencies - Breathing.draw(seed).frequency) < 0.06].sum() / spectrum.sum()
        longest.append(share)
    assert np.median(longest) > 0.3


def test_breathing_is_a_sine():
    breathing = Breathing.draw(3)
    assert 0.20 <= breathing.frequency <= 0.33
    period = 1 / breathing.frequency
    times = np.array([0.4, 0.4 + period, 0.4 + period / 2])
    wave = breathing.at(times)
    assert wave[0] == pytest.approx(wave[1])
    assert wave[0] == pytest.approx(-wave[2])
    assert np.all((np.abs(breathing.turn) >= 1) & (np.abs(breathing.turn) <= 4))
