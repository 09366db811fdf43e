from __future__ import annotations

import numpy as np

from pellucid.simulation.noise import _motion, noise
from pellucid.simulation.rhythm import Breathing

RATE = 500
TIMES = np.arange(6000) / RATE


def many(count=24, **kwargs):
    return np.stack([noise(seed, kwargs.get("names", ()), Breathing.draw(seed), TIMES, RATE) for seed in range(count)])


def band(signals, low, high):
    """Return the rms of every lead between two frequencies, in uV."""
    spectrum = np.abs(np.fft.rfft(signals)) ** 2
    frequencies = np.fft.rfftfreq(signals.shape[-1], 1 / RATE)
    inside = (frequencies >= low) & (frequencies < high)
    return 1e3 * np.sqrt(2 * spectrum[..., inside].sum(axis=-1)) / signals.shape[-1]


def test_sizes_are_those_of_real_records():
    made = many()
    assert made.shape == (24, 8, 6000)
    slow, middle, fast = (np.median(band(made, *limits), axis=0) for limits in ((0.05, 0.5), (5, 11), (25, 45)))
    assert np.all((slow > 10) & (slow < 90))
    assert np.all((middle > 3) & (middle < 25))
    assert np.all((fast > 1) & (fast < 15))
    assert middle[0] > 1.5 * middle[4], "the arms move, the chest hardly"


def test_fast_noise_is_common_to_the_limb_leads_and_not_to_the_chest():
    frequencies = np.fft.rfftfreq(6000, 1 / RATE)
    fast = np.fft.irfft(np.where((frequencies > 20) & (frequencies < 100), np.fft.rfft(many()), 0))
    correlation = np.mean([np.corrcoef(one) for one in fast], axis=0)
    assert correlation[0, 1] > 0.3
    chest = correlation[2:, 2:][~np.eye(6, dtype=bool)]
    assert np.all(np.abs(chest) < 0.2)


def test_noise_is_the_same_under_one_seed_and_another_under_another():
    again = many(2)
    np.testing.assert_array_equal(many(2), again)
    assert not np.array_equal(again[0], again[1])


def test_blocks_come_with_more_muscle():
    plain, blocked = many(20), many(20, names=("CLBBB",))
    ratio = band(blocked, 4, 9) / band(plain, 4, 9)
    assert 1.0 < np.median(ratio) < 1.2 + 1e-6


def test_one_record_in_eight_moves_at_one_electrode():
    bumps = [_motion(seed, TIMES[::50]) for seed in range(400)]
    moved = [one for one in bumps if one.any()]
    assert 0.08 < len(moved) / len(bumps) < 0.16
    assert all((np.abs(one).max(axis=1) > 0).sum() == 1 for one in moved)
    assert max(np.abs(one).max() for one in moved) <= 400
