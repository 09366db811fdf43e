"""When the ventricles beat: rates, sinus rhythm that breathes, and atrial fibrillation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pellucid.simulation.diagnoses import BLOCKS
from pellucid.simulation.draws import Stream, cut_normal, log_normal, stream
from pellucid.simulation.tables import Array

_DRAWS = 40
_SHOWN_SECONDS = 12
_LEAST_VARIATION = 0.16


@dataclass(frozen=True, slots=True, eq=False)
class Breathing:
    """Breathing as a sine: how fast, and from which phase.

    Parameters
    ----------
    frequency
        In Hz.
    phase
        In radians at the record's start.
    turn
        How far the heart turns about x, y and z, in degrees.
    gain
        Share by which it makes QRS and T larger.
    """

    frequency: float
    phase: float
    turn: Array
    gain: float

    @classmethod
    def draw(cls, seed: int) -> Breathing:
        """Draw how a patient breathes."""
        rng = stream(seed, Stream.BREATHING)
        frequency, phase = rng.uniform(0.20, 0.33), rng.uniform(0, 2 * np.pi)
        turn = rng.uniform(1, 4, 3) * rng.choice([-1, 1], 3)
        return cls(float(frequency), float(phase), turn, float(rng.uniform(0.01, 0.05)))

    def at(self, times: Array) -> Array:
        """Return the sine at these times in s."""
        wave: Array = np.sin(2 * np.pi * self.frequency * times + self.phase)
        return wave


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """The ventricles' beats.

    Parameters
    ----------
    rate
        The patient's rate per minute, which the record's own mean comes near.
    onsets
        QRS onsets in s from the record's start, shape (beat,); some lie before it, some behind its end.
    before, after
        The RR interval in s that ends and the one that starts with each beat, shape (beat,).
    """

    rate: float
    onsets: Array
    before: Array
    after: Array

    @classmethod
    def draw(cls, seed: int, diagnoses: Collection[str], breathing: Breathing, start: float, end: float) -> Rhythm:
        """Draw beats that cover `start` to `end`, in s."""
        rate = draw_rate(seed, diagnoses)
        mean = 60 / rate
        rng = stream(seed, Stream.RHYTHM)
        phase = rng.uniform(1.2, 2.2)
        number = int(np.ceil((end - start) / mean * 1.5)) + 8
        if "AFIB" in diagnoses:
            intervals = _fibrillation(rng, mean, number)
        else:
            intervals = _sinus(rng, mean, number, diagnoses, breathing)
        onsets = start + (1 - phase) * intervals[1] + np.concatenate([[0.0], np.cumsum(intervals[1:-1])])
        kept = int(np.searchsorted(onsets, end)) + 1  # one beat behind the end, whose P wave may still show
        return cls(rate, onsets[:kept], intervals[:-1][:kept], intervals[1:][:kept])


def draw_rate(seed: int, diagnoses: Collection[str]) -> float:
    """Return a rate per minute under these diagnoses."""
    rng = stream(seed, Stream.RATE)
    if "AFIB" in diagnoses:
        return log_normal(rng, 88, 0.24, 58, 150)
    if "SBRAD" in diagnoses:
        return cut_normal(rng, 45, 3, 38, 48.5)
    if "STACH" in diagnoses:
        return float(np.clip(102 + rng.gamma(1.6, 8), 103, 150))
    return cut_normal(rng, 72 if BLOCKS & set(diagnoses) else 70, 10, 60.5, 96)


def _sinus(
    rng: np.random.Generator, mean: float, number: int, diagnoses: Collection[str], breathing: Breathing
) -> Array:
    """RR intervals whose spectrum has a slow, a vasomotor and a breathing part (McSharry 2003; slow one ours)."""
    size = max(256, 2 ** int(np.ceil(np.log2(number))))
    frequencies = np.fft.rfftfreq(size, mean)[1:]
    vasomotor = rng.lognormal(0, 0.5) * np.exp(-((frequencies - 0.1) ** 2) / (2 * 0.03**2))
    breath = np.exp(-((frequencies - breathing.frequency) ** 2) / (2 * 0.03**2))
    power = vasomotor + breath + 0.04 / (1 + (frequencies / 0.04) ** 2)
    phases = rng.uniform(0, 2 * np.pi, len(frequencies))
    series = np.fft.irfft(np.concatenate([[0], np.sqrt(power) * np.exp(1j * phases)]), size)
    median = 0.010 if "STACH" in diagnoses else 0.022 if BLOCKS & set(diagnoses) else 0.027
    variation = log_normal(rng, median, 0.6, 0.004, 0.10)
    intervals: Array = mean * (1 + variation * series[:number] / series.std())
    return intervals


def _fibrillation(rng: np.random.Generator, mean: float, number: int) -> Array:
    """RR intervals as refractory time plus waiting time for impulses of a Poisson process (after Corino 2011).

    A few beats can come out nearly regular; they are drawn again, for nobody would call them fibrillation.
    """
    variation = rng.uniform(0.17, 0.30) * mean
    waiting, width = 0.8 * variation, 2.08 * variation
    shortest = mean - waiting - width / 2
    for _ in range(_DRAWS):
        draws = shortest + rng.uniform(0, width, number) + rng.exponential(waiting, number)
        intervals: Array = np.maximum(0.30, draws)
        shown = intervals[: int(_SHOWN_SECONDS / mean)]
        if shown.std() > _LEAST_VARIATION * shown.mean():
            break
    return intervals
