from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pellucid.simulation.intervals import Beats, Intervals, qt_at
from pellucid.simulation.rhythm import Rhythm

HEART = Intervals(pr=0.160, delay=0.030, p=0.110, qrs=0.084, blocked=0.140, qt=0.380)


def steady(rate, *, beats=4):
    gaps = np.full(beats, 60 / rate)
    return Rhythm(rate, np.arange(beats) * 60 / rate, gaps, gaps)


@pytest.mark.parametrize(
    ("rate", "expected"), [(60, 0.380), (80, 0.345), (120, 0.380 - 0.105 + 0.005), (40, 0.380 + 0.035 - 0.008)]
)
def test_qt_by_hand(rate, expected):
    assert qt_at(rate, 0.380) == pytest.approx(expected)


def test_a_normal_beat_by_hand():
    beats = Beats.under((), HEART, steady(60), np.zeros(4))
    events = beats.events()
    np.testing.assert_allclose(events["p_onset"], beats.onsets - 0.160)
    np.testing.assert_allclose(events["p_end"] - events["p_onset"], 0.110)
    np.testing.assert_allclose(events["qrs_end"] - events["qrs_onset"], 0.084)
    np.testing.assert_allclose(events["t_end"] - events["qrs_onset"], 0.084 + 1.10 * (0.380 - 0.084))
    assert np.all(np.diff([events[name] for name in events], axis=0) > 0), "events come in their order"


def test_a_block_lengthens_qrs_and_qt():
    normal, blocked = (Beats.under(names, HEART, steady(60), np.zeros(4)) for names in ((), ("CRBBB",)))
    assert blocked.qrs == 0.140
    assert blocked.normal_qrs == 0.084
    np.testing.assert_allclose(blocked.qt - normal.qt, 0.55 * 0.056)
    np.testing.assert_allclose(blocked.pr, normal.pr)


def test_pr_of_first_degree_block_is_long_and_stops_at_the_t_wave_before():
    np.testing.assert_allclose(Beats.under(("1AVB",), HEART, steady(60), np.zeros(4)).pr, 0.238)
    slow_node = replace(HEART, delay=0.080)
    fast = Beats.under(("1AVB", "STACH"), slow_node, steady(150), np.zeros(4))
    np.testing.assert_allclose(fast.pr, 0.400 - qt_at(150, 0.380) + 0.45 * 0.110 + 0.060)
    crowded = replace(slow_node, qt=0.450)
    np.testing.assert_allclose(Beats.under(("1AVB",), crowded, steady(150), np.zeros(4)).pr, 0.206)


def test_fibrillating_atria_have_no_p():
    events = Beats.under(("AFIB",), HEART, steady(80), np.zeros(4)).events()
    assert np.isnan(events["p_onset"]).all()
    assert np.isnan(events["p_end"]).all()


def test_qt_follows_the_interval_before_and_ends_before_the_next_beat():
    gaps = np.array([1.0, 0.6, 1.2, 0.35, 1.0])
    rhythm = Rhythm(60.0, np.cumsum(gaps[:-1]), gaps[:-1], gaps[1:])
    qt = Beats.under((), HEART, rhythm, np.zeros(4)).qt
    np.testing.assert_allclose(qt, [0.380, 0.380 - 0.14 * 0.4, 0.330, 0.380 - 0.14 * 0.65])


def test_patients_lie_in_the_ranges_of_their_laws():
    drawn = [Intervals.draw(seed, (), 70.0) for seed in range(200)]
    for name, low, high in (("pr", 0.120, 0.194), ("p", 0.092, 0.128), ("qrs", 0.068, 0.104), ("qt", 0.340, 0.415)):
        values = np.array([getattr(one, name) for one in drawn])
        assert low <= values.min() < values.max() <= high
    for name, low, high in (("CRBBB", 0.118, 0.160), ("CLBBB", 0.124, 0.178)):
        values = np.array([Intervals.draw(seed, (name,), 70.0).blocked for seed in range(200)])
        assert low <= values.min() < values.max() <= high
