from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pellucid.simulation import tables
from pellucid.simulation.heart import Detail, Gains, Heart
from pellucid.simulation.intervals import Beats, Intervals
from pellucid.simulation.rhythm import Breathing, Rhythm
from pellucid.simulation.waves import BeatVariation, Canvas, draw_beats

RATE = 500
GAINS = Gains(qrs=1, right=1, left_t=1, t=1, p=1, repolarisation=0, u=0, warp=1, worn=False)
PLAIN = Heart(
    gains=GAINS,
    detail=Detail(np.array([0.5]), np.array([0.004]), np.zeros((1, 8))),
    p=tables.P.amplitudes,
    qrs=tables.QRS.amplitudes,
    t=tables.T.amplitudes,
    t_right=tables.T_CRBBB.amplitudes,
    right=tables.RIGHT.amplitudes,
    left=tables.QRS_CLBBB.amplitudes,
    t_left=tables.T_CLBBB.amplitudes,
)
INTERVALS = Intervals(pr=0.160, delay=0.030, p=0.110, qrs=0.084, blocked=0.140, qt=0.380)
STILL = Breathing(0.25, 0.0, np.zeros(3), 0.0)
NOTHING = BeatVariation(np.ones(1), np.zeros(1), np.ones(1), np.zeros(1))
ONE_BEAT = Rhythm(60.0, np.array([1.0]), np.ones(1), np.ones(1))


def drawn(diagnoses=(), heart=PLAIN, breathing=STILL):
    canvas = Canvas(np.zeros((2 * RATE, 8)), 0.0, RATE)
    beats = Beats.under(diagnoses, INTERVALS, ONE_BEAT, np.zeros(1))
    draw_beats(canvas, diagnoses, heart, beats, ONE_BEAT, breathing, NOTHING)
    return canvas.signal


def gaussian(x, centre, width):
    return np.exp(-((x - centre) ** 2) / (2 * width**2))


def test_a_beat_is_the_sum_of_its_formula():
    """The specification once more, wave by wave and Gaussian by Gaussian."""
    t = np.arange(2 * RATE) / RATE - 1.0
    expected = np.zeros((2 * RATE, 8))
    for row, centre, width in zip(tables.P.amplitudes, tables.P.centres, tables.P.widths, strict=True):
        expected += gaussian((t + 0.160) / 0.110, centre, width)[:, None] * row
    for row, centre, width in zip(tables.QRS.amplitudes, tables.QRS.centres, tables.QRS.widths, strict=True):
        expected += gaussian(t / 0.084, centre, width)[:, None] * row
    begun = 1 / (1 + np.exp(np.clip(-(t - 0.084 + 0.020) / 0.006, -500, 500)))
    for row, centre, width in zip(tables.T.amplitudes, tables.T.centres, tables.T.widths, strict=True):
        expected += (gaussian((t - 0.084) / 0.296, centre, width) * begun)[:, None] * row
    np.testing.assert_allclose(drawn(), expected, atol=1e-3)  # windows cut tails of under 1 uV


def test_a_right_block_is_the_normal_qrs_plus_a_late_ventricle():
    early = np.arange(2 * RATE) / RATE < 1.015
    difference = drawn(("CRBBB",)) - drawn()
    assert np.abs(difference[early]).max() < 0.05 * np.abs(difference).max()
    late = difference[int(1.09 * RATE)]
    assert late[2] > 0.3, "late R in V1"
    assert late[0] < -0.1, "late S in I"


def test_a_left_block_has_its_own_qrs_and_t():
    beat = drawn(("CLBBB",))
    t = np.arange(2 * RATE) / RATE - 1.0
    middle = np.argmin(np.abs(t - 0.5 * 0.140))
    assert beat[middle, 2] < -1.0
    assert beat[middle, 7] > 0.4
    assert beat[np.argmin(np.abs(t - 0.30)), 3] > 0.4, "T against the QRS"


def test_fibrillation_takes_p_away_and_nothing_else():
    difference = drawn() - drawn(("AFIB",))
    before_qrs = np.arange(2 * RATE) / RATE < 1.0
    assert np.abs(difference[~before_qrs]).max() < 1e-3
    assert difference[before_qrs][:, 1].max() == pytest.approx(0.113, abs=0.02)


def test_atrial_repolarisation_lies_under_the_pr_segment():
    with_ta = drawn(heart=replace(PLAIN, gains=replace(GAINS, repolarisation=0.3)))
    dip = (with_ta - drawn())[int(0.98 * RATE)]
    assert dip[1] < -0.02


def test_breathing_turns_and_scales_but_keeps_the_rest():
    turned = drawn(breathing=Breathing(0.25, 0.0, np.array([0.0, 0.0, 4.0]), 0.0))
    rest = np.eye(8) - tables.DOWER @ tables.DOWER_INVERSE
    np.testing.assert_allclose(turned @ rest.T, drawn() @ rest.T, atol=1e-9)
    assert np.abs(turned - drawn()).max() > 0.02


def test_what_hangs_over_the_ends_is_cut():
    canvas = Canvas(np.zeros((10, 8)), 0.0, RATE)
    canvas.add(np.array([-3.0, 8.0, 50.0]), np.ones((3, 5, 8)))
    np.testing.assert_array_equal(canvas.signal[:, 0], [1, 1, 0, 0, 0, 0, 0, 0, 1, 1])
