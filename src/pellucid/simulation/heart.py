"""One patient's heart: the tables of all its waves, with the gains and rules that belong to its diagnoses.

Everything that a twin needs is drawn beside what the patient shows: a heart with a blocked branch also has the
QRS and T that it would have without the block, from the same draws.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.simulation import criteria, tables
from pellucid.simulation.diagnoses import BLOCKS
from pellucid.simulation.dipole import Torso
from pellucid.simulation.draws import Stream, log_normal, stream
from pellucid.simulation.intervals import Intervals
from pellucid.simulation.tables import Array

# Rotation vectors' s.d. in degrees about x, y, z.
_TURN_QRS = np.array([12.0, 17.0, 12.0])
_TURN_CLBBB = np.array([8.0, 14.0, 24.0])
_TURN_T = np.array([10.0, 14.0, 10.0])
_TURN_P = np.array([14.0, 15.0, 11.0])
_CANDIDATES = 40
_WORN_QRS = 0.82
_NOTCHES = 12
_NOTCHES_OF_LEADS = np.array([0.85, 1.15, 0.75, 1.1, 1.1, 1.0, 0.85, 0.85])


@dataclass(frozen=True, slots=True)
class Gains:
    """Factors and sizes of one patient's waves.

    `qrs`, `right`, `left_t`, `t`, `p` are factors; `repolarisation` is the atria's share of P, `u` the U wave in
    mV at a rate of 60 or below; `warp` bends the QRS's phase; `worn` says that QRS and T are small and T is
    turned, as they often are where the heart is ill without a block.
    """

    qrs: float
    right: float
    left_t: float
    t: float
    p: float
    repolarisation: float
    u: float
    warp: float
    worn: bool

    @classmethod
    def draw(cls, seed: int, diagnoses: Collection[str]) -> Gains:
        """Draw a patient's gains."""
        rng = stream(seed, Stream.GAINS)
        worn = bool({"1AVB", "AFIB"} & set(diagnoses)) and not BLOCKS & set(diagnoses)
        qrs = log_normal(rng, 1.12, 0.26, 0.5, 2.0) * (_WORN_QRS if worn else 1.0)
        wear = rng.uniform(0.35, 0.85) - (0.16 if "AFIB" in diagnoses else 0.0)
        return cls(
            qrs=qrs * (0.93 if "CRBBB" in diagnoses else 1.0),
            right=1.07 * (0.5 * qrs + 0.5) * rng.lognormal(0, 0.2),
            left_t=0.95 * qrs * rng.lognormal(0, 0.2),
            t=np.sqrt(qrs) * log_normal(rng, 0.87, 0.33, 0.5, 2.2) * (wear if worn else 1.0),
            p=_p_gain(rng, "1AVB" in diagnoses),
            repolarisation=0.30 * rng.uniform(0.5, 1.4),
            u=float(rng.lognormal(np.log(0.022), 0.5)),
            warp=float(np.exp(0.10 * rng.standard_normal())),
            worn=worn,
        )


def _p_gain(rng: np.random.Generator, delayed: bool) -> float:
    """Return P's gain; where PR is long P must be seen for a network, or a reader, to know."""
    gain = log_normal(rng, 0.95, 0.32, 0.6, 2.0)
    return max(0.85, 1.15 * gain) if delayed else gain


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """Small notches on the QRS: phase (notch,), s.d. in s (notch,), mV (notch, lead).

    Narrow and wide ones together give the QRS the spectrum of real ones at 500 Hz from 30 to 120 Hz.
    """

    phases: Array
    widths: Array
    amplitudes: Array

    @classmethod
    def draw(cls, seed: int, torso: Torso, gain: float) -> Detail:
        """Draw a patient's notches, largest where the QRS is steepest."""
        rng = stream(seed, Stream.DETAIL)
        phases = rng.uniform(0.15, 0.85, _NOTCHES)
        widths = np.exp(rng.uniform(np.log(0.0015), np.log(0.006), _NOTCHES))
        dipole = 0.11 * rng.standard_normal((_NOTCHES, 3)) @ torso.transfer.T
        amplitudes = gain * _NOTCHES_OF_LEADS * (dipole + 0.016 * rng.standard_normal((_NOTCHES, 8)))
        size = np.exp(-((phases - 0.42) ** 2) / (2 * 0.16**2)) * np.sqrt(widths / 0.004)
        return cls(phases, widths, amplitudes * size[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Heart:
    """The tables of one patient's waves in mV, shape (row, lead), with their gains but those that follow the rate.

    `right`, `left` and `t_left` are there only where the patient has that block.
    """

    gains: Gains
    detail: Detail
    p: Array
    qrs: Array
    t: Array
    t_right: Array
    right: Array | None
    left: Array | None
    t_left: Array | None

    @classmethod
    def draw(cls, seed: int, diagnoses: Collection[str], intervals: Intervals) -> Heart:
        """Draw a heart that meets the rules of its diagnoses."""
        torso, gains = Torso.draw(seed), Gains.draw(seed, diagnoses)
        for turn, qrs in _own_qrs(seed, torso, gains):
            right, right_fits = (
                _right(seed, torso, gains, intervals, turn, qrs) if "CRBBB" in diagnoses else (None, True)
            )
            left, left_fits = _left(seed, torso, gains, intervals, turn) if "CLBBB" in diagnoses else (None, True)
            if right_fits and left_fits:
                break
        t, t_right = _own_t(seed, torso, gains, turn)
        # Real records with a right block, and those of worn hearts, are smoother than normal ones.
        smooth = gains.worn or "CRBBB" in diagnoses
        detail = Detail.draw(seed, torso, gains.qrs * (0.5 if smooth else 1.0))
        t_left = _left_t(seed, torso, gains, turn) if "CLBBB" in diagnoses else None
        return cls(gains, detail, _p(seed, torso, gains), qrs, t, t_right, right, left, t_left)


def _chosen(good: NDArray[np.bool_]) -> int:
    """Return the first candidate that meets its rules, or the last if none does."""
    return int(good.argmax()) if good.any() else len(good) - 1


def _own_qrs(seed: int, torso: Torso, gains: Gains) -> Iterator[tuple[Array, Array]]:
    """Yield rotations (in s.d.) and QRS tables of the heart without a block, the normal ones of 40."""
    rng = stream(seed, Stream.QRS)
    turns = rng.standard_normal((_CANDIDATES, 3))
    candidates = gains.qrs * torso.tables(tables.QRS, _TURN_QRS * turns, rng)
    good = criteria.normal_qrs(candidates)
    good[_chosen(good)] = True
    yield from zip(turns[good], candidates[good], strict=True)


def _own_t(seed: int, torso: Torso, gains: Gains, turn: Array) -> tuple[Array, Array]:
    """Return the ST-T tables without a block and with the right one, the same draws in both."""
    own, right = (_t_candidates(seed, torso, gains, turn, wave) for wave in (tables.T, tables.T_CRBBB))
    chosen = 0 if gains.worn else _chosen(criteria.upright_t(own))
    return own[chosen], 1.1 * right[chosen]


def _t_candidates(seed: int, torso: Torso, gains: Gains, turn: Array, wave: tables.Wave) -> Array:
    rng = stream(seed, Stream.T)
    degrees = _TURN_T * (0.4 * turn + 0.92 * rng.standard_normal((_CANDIDATES, 3)))
    if gains.worn:
        degrees = 1.8 * degrees + np.array([0.0, -12.0, 0.0])
    return gains.t * torso.tables(wave, degrees, rng)


def _right(seed: int, torso: Torso, gains: Gains, intervals: Intervals, turn: Array, qrs: Array) -> tuple[Array, bool]:
    """Return the late right ventricle of a right bundle branch block, and whether it meets the criteria."""
    degrees = np.tile(0.4 * _TURN_QRS * turn, (_CANDIDATES, 1))
    candidates = gains.right * torso.tables(tables.RIGHT, degrees, stream(seed, Stream.RIGHT))
    good = criteria.right_block(qrs, candidates, intervals.qrs, intervals.blocked, gains.warp)
    return candidates[_chosen(good)], bool(good.any())


def _left(seed: int, torso: Torso, gains: Gains, intervals: Intervals, turn: Array) -> tuple[Array, bool]:
    """Return the QRS of a left bundle branch block, and whether it meets the criteria."""
    degrees = np.tile(_TURN_CLBBB * turn, (_CANDIDATES, 1))
    candidates = 0.92 * gains.qrs * torso.tables(tables.QRS_CLBBB, degrees, stream(seed, Stream.LEFT))
    good = criteria.left_block(candidates, intervals.blocked)
    return candidates[_chosen(good)], bool(good.any())


def _left_t(seed: int, torso: Torso, gains: Gains, turn: Array) -> Array:
    """Return the ST-T of a left bundle branch block, turned like its QRS."""
    (t,) = torso.tables(tables.T_CLBBB, _TURN_CLBBB * turn[None], stream(seed, Stream.LEFT_T))
    table: Array = gains.left_t * t
    return table


def _p(seed: int, torso: Torso, gains: Gains) -> Array:
    rng = stream(seed, Stream.P)
    (p,) = gains.p * torso.tables(tables.P, _TURN_P * rng.standard_normal((1, 3)), rng)
    table: Array = p
    return table
