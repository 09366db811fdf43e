"""How long each wave lasts: the patient's intervals, and those of every beat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pellucid.simulation.diagnoses import BLOCKS
from pellucid.simulation.draws import Stream, cut_normal, stream
from pellucid.simulation.rhythm import Rhythm
from pellucid.simulation.tables import Array

# The tangent method ends the T wave about a tenth before its last Gaussian has fallen to 8 %.
_T_END = 1.10
# Phase between QRS end and the tangent's T end at which the mean ST segment bends up into the T wave.
_T_ONSET = 0.40


@dataclass(frozen=True, slots=True)
class Intervals:
    """A patient's intervals in s, each whether or not a diagnosis puts it to use.

    Parameters
    ----------
    pr
        P onset to QRS onset at a rate of 70.
    delay
        How much longer than 208 ms PR becomes in first degree AV block.
    p
        Duration of P.
    qrs
        Duration of QRS when both bundle branches conduct.
    blocked
        Duration of QRS with one branch blocked.
    qt
        QRS onset to the T wave's end by the tangent method, at a rate of 60.
    """

    pr: float
    delay: float
    p: float
    qrs: float
    blocked: float
    qt: float

    @classmethod
    def draw(cls, seed: int, diagnoses: Collection[str], rate: float) -> Intervals:
        """Draw a patient's intervals."""
        rng = stream(seed, Stream.INTERVALS)
        p = cut_normal(rng, 110, 8, 92, 128)
        qrs = cut_normal(rng, 84, 8, 68, 104)
        qt = cut_normal(rng, 376, 16, 340, 415)
        delay = min(150.0, 22 + rng.gamma(2.2, 8.5))
        blocked = cut_normal(rng, *((143, 12, 124, 178) if "CLBBB" in diagnoses else (136, 11, 122, 160)))
        mean_pr = 156 - 0.25 * (rate - 70) + 5 * bool(BLOCKS & set(diagnoses))
        pr = cut_normal(rng, mean_pr, 18, 120, 194)
        return cls(*(float(value) / 1000 for value in (pr, delay, p, qrs, blocked, qt)))


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Every beat's intervals in s under a set of diagnoses.

    Parameters
    ----------
    onsets
        QRS onsets from the record's start, shape (beat,).
    pr
        P onset to QRS onset, shape (beat,); NaN where the atria fibrillate.
    p
        Duration of P.
    normal_qrs
        Duration of QRS when both bundle branches conduct.
    qrs
        Duration of QRS.
    qt
        QRS onset to T end by the tangent method, shape (beat,).
    """

    onsets: Array
    pr: Array
    p: float
    normal_qrs: float
    qrs: float
    qt: Array

    @classmethod
    def under(cls, diagnoses: Collection[str], intervals: Intervals, rhythm: Rhythm, jitter: Array) -> Beats:
        """Return the beats of a patient; `jitter` moves each P wave, in s, shape (beat,)."""
        mean = 60 / rhythm.rate
        qrs = intervals.blocked if BLOCKS & set(diagnoses) else intervals.qrs
        qt = qt_at(rhythm.rate, intervals.qt) + 0.55 * (qrs - intervals.qrs)
        pr = np.full(len(rhythm.onsets), np.nan)
        if "AFIB" not in diagnoses:
            pr = _pr(diagnoses, intervals, mean, qt) + jitter
        return cls(rhythm.onsets, pr, intervals.p, intervals.qrs, qrs, _qt_of_beats(qt, rhythm, mean))

    @property
    def t_end(self) -> Array:
        """Where T is over, in s from each QRS onset."""
        return self.qrs + _T_END * (self.qt - self.qrs)

    def events(self) -> dict[str, Array]:
        """Return when each wave starts and ends, in s from the record's start."""
        return {
            "p_onset": self.onsets - self.pr,
            "p_end": self.onsets - self.pr + self.p,
            "qrs_onset": self.onsets,
            "qrs_end": self.onsets + self.qrs,
            "t_onset": self.onsets + self.qrs + _T_ONSET * (self.qt - self.qrs),
            "t_end": self.onsets + self.t_end,
        }


def _pr(diagnoses: Collection[str], intervals: Intervals, mean: float, qt: float) -> float:
    if "1AVB" not in diagnoses:
        return intervals.pr
    # P may sit on the T wave of the beat before, but not deeper in it.
    longest = mean - qt + 0.45 * intervals.p + 0.060
    return max(0.206, min(0.208 + intervals.delay, longest))


def qt_at(rate: float, qt_at_60: float) -> float:
    """Return QT in s at a rate per minute: Hodges 1983, flatter above 110 and below 60."""
    change = -1.75 * (rate - 60) + 0.5 * max(0.0, rate - 110) + 0.4 * min(0.0, rate - 60)
    return qt_at_60 + change / 1000


def _qt_of_beats(qt: float, rhythm: Rhythm, mean: float) -> Array:
    """QT follows the RR interval before it, and ends before the next beat."""
    difference = rhythm.before - mean
    followed = qt + np.where(difference < 0, 0.14, 0.08) * difference
    limited: Array = np.minimum(followed, rhythm.after - 0.020)
    return limited
