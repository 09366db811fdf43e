"""From a heart and its beats to the signal of the eight independent leads, without noise.

Every beat is evaluated in a window around each of its waves, all beats and Gaussians at once, and added in place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pellucid.simulation import tables
from pellucid.simulation.criteria import gaussians, normal_basis
from pellucid.simulation.dipole import turns_of_leads
from pellucid.simulation.draws import Stream, stream
from pellucid.simulation.heart import Heart
from pellucid.simulation.intervals import Beats
from pellucid.simulation.rhythm import Breathing, Rhythm
from pellucid.simulation.tables import Array

_ATRIAL_MIDDLE = 1.5  # of the atria's repolarisation, in P durations from P onset
_U_DELAY, _U_WIDTH = 0.120, 0.050


@dataclass(frozen=True, slots=True, eq=False)
class BeatVariation:
    """How each beat differs from the next, shape (beat,): factors of P, ventricles and ST-T, and P's jitter in s."""

    p: Array
    ventricles: Array
    t: Array
    jitter: Array

    @classmethod
    def draw(cls, seed: int, beats: int) -> BeatVariation:
        """Draw the variation of so many beats."""
        p, ventricles, t, jitter = stream(seed, Stream.BEATS).standard_normal((beats, 4)).T
        return cls(1 + 0.04 * p, 0.012 * ventricles, 1 + 0.02 * t, 0.002 * jitter)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Where waves are added.

    Parameters
    ----------
    signal
        Shape (sample, lead), in mV.
    start
        Time of the first sample in s.
    rate
        In Hz.
    """

    signal: Array
    start: float
    rate: float

    def windows(self, onsets: Array, before: float, after: float) -> tuple[Array, Array]:
        """Return first samples (beat,) and times from each onset (beat, time) of windows around onsets, in s."""
        first = np.floor((onsets - before - self.start) * self.rate)
        steps = np.arange(int(np.ceil((before + after) * self.rate)) + 1)
        return first, (first[:, None] + steps) / self.rate + self.start - onsets[:, None]

    def add(self, first: Array, waves: Array) -> None:
        """Add windows, shape (beat, time, lead), cutting what hangs over the ends."""
        width, samples = waves.shape[1], len(self.signal)
        for start, wave in zip(first.astype(int).tolist(), waves, strict=True):
            low, high = max(start, 0), min(start + width, samples)
            if low < high:
                self.signal[low:high] += wave[low - start : high - start]


def draw_beats(
    canvas: Canvas,
    diagnoses: Collection[str],
    heart: Heart,
    beats: Beats,
    rhythm: Rhythm,
    breathing: Breathing,
    variation: BeatVariation,
) -> None:
    """Add all waves of all beats to `canvas`."""
    breath = breathing.at(beats.onsets)
    turns = turns_of_leads(breath[:, None] * breathing.turn).swapaxes(1, 2)  # for rows from the left
    ventricles = (1 + breathing.gain * breath + variation.ventricles)[:, None, None]
    if "AFIB" not in diagnoses:
        atria = heart.p @ turns * variation.p[:, None, None] * (1.2 if rhythm.rate > 100 else 1.0)
        _add_p(canvas, atria, beats, heart.gains.repolarisation)
    _add_qrs(canvas, diagnoses, heart, beats, turns, ventricles)
    _add_t(canvas, diagnoses, heart, beats, rhythm, turns, ventricles * variation.t[:, None, None])


def _add_p(canvas: Canvas, atria: Array, beats: Beats, repolarisation: float) -> None:
    onsets = beats.onsets - beats.pr
    first, times = canvas.windows(onsets, 0.3 * beats.p, 4.0 * beats.p)
    phase = times / beats.p
    p = gaussians(phase, tables.P.centres, tables.P.widths)
    width = np.where(phase < _ATRIAL_MIDDLE, 0.4, 0.9)
    recovery = np.exp(-(((phase - _ATRIAL_MIDDLE) / width) ** 2) / 2)
    opposed = repolarisation * (atria[:, 1] + 0.3 * atria[:, 0] + 0.3 * atria[:, 2])
    basis = np.concatenate([p, -recovery[..., None]], axis=2)
    canvas.add(first, basis @ np.concatenate([atria, opposed[:, None]], axis=1))


def _add_qrs(canvas: Canvas, diagnoses: Collection[str], heart: Heart, beats: Beats, turns: Array, gain: Array) -> None:
    first, times = canvas.windows(beats.onsets, 0.030, 1.35 * beats.qrs)
    left = heart.left if "CLBBB" in diagnoses else None
    right = heart.right if "CRBBB" in diagnoses else None
    notched = beats.normal_qrs if left is None else beats.qrs
    detail = heart.detail
    bases = [gaussians(times, detail.phases * notched, detail.widths)]
    amplitudes = [np.broadcast_to(detail.amplitudes, (len(times), *detail.amplitudes.shape))]
    if left is None:
        bases.append(normal_basis(times, beats.normal_qrs, heart.gains.warp))
        amplitudes.append(heart.qrs @ turns)
    else:
        bases.append(gaussians(times / beats.qrs, tables.QRS_CLBBB.centres, tables.QRS_CLBBB.widths))
        amplitudes.append(left @ turns)
    if right is not None:
        late = (times - 0.030) / (beats.qrs - 0.030)
        bases.append(gaussians(late, tables.RIGHT.centres, tables.RIGHT.widths))
        amplitudes.append(right @ turns)
    canvas.add(first, np.concatenate(bases, axis=2) @ (gain * np.concatenate(amplitudes, axis=1)))


def _add_t(
    canvas: Canvas,
    diagnoses: Collection[str],
    heart: Heart,
    beats: Beats,
    rhythm: Rhythm,
    turns: Array,
    gain: Array,
) -> None:
    first, times = canvas.windows(beats.onsets, -beats.qrs + 0.060, float(beats.qt.max()) + 0.25)
    after, length = times - beats.qrs, (beats.qt - beats.qrs)[:, None]
    t_left = heart.t_left if "CLBBB" in diagnoses else None
    own = heart.t_right if "CRBBB" in diagnoses else heart.t
    table = own * (0.75 if rhythm.rate >= 100 else 1.0) if t_left is None else t_left
    begun = 1 / (1 + np.exp(-(after + 0.020) / 0.006))
    basis = gaussians(after / length, tables.T.centres, tables.T.widths) * begun[..., None]
    late = (times - beats.qt[:, None] - _U_DELAY) / _U_WIDTH
    size = heart.gains.u * float(np.clip((100 - rhythm.rate) / 30, 0.1, 1.4))
    u = np.broadcast_to(size * tables.U_LEADS, (len(times), 1, 8))
    basis = np.concatenate([basis, np.exp(-(late**2) / 2)[..., None]], axis=2)
    canvas.add(first, basis @ np.concatenate([table @ turns * gain, u], axis=1))
