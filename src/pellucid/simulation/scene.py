"""Everything that is drawn for one patient, and the signal it gives under any of the patient's diagnoses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.records.resampling import resample
from pellucid.simulation.diagnoses import RATES
from pellucid.simulation.draws import Stream, stream
from pellucid.simulation.fibrillation import fibrillatory_waves
from pellucid.simulation.heart import Heart
from pellucid.simulation.intervals import Beats, Intervals
from pellucid.simulation.noise import noise
from pellucid.simulation.rhythm import Breathing, Rhythm
from pellucid.simulation.tables import Array
from pellucid.simulation.waves import BeatVariation, Canvas, draw_beats

MODEL_RATE = 500
# Drawn before and behind the record, so that filters see no edge; a whole second is a whole number of samples.
_MARGIN = 1


@dataclass(frozen=True, eq=False)
class Scene:
    """One patient, as drawn under all of his or her diagnoses.

    Parameters
    ----------
    seed, diagnoses, seconds
        What it was drawn from.
    breathing, rhythm, intervals, heart
        The patient.
    background
        Noise of the eight independent leads in mV, shape (lead, sample) of the model's grid with its margins.
    """

    seed: int
    diagnoses: tuple[str, ...]
    seconds: float
    breathing: Breathing
    rhythm: Rhythm
    intervals: Intervals
    heart: Heart
    background: Array

    @classmethod
    def draw(cls, seed: int, diagnoses: tuple[str, ...], seconds: float) -> Scene:
        """Draw a patient with these diagnoses, and the noise of a record of so many seconds."""
        breathing = Breathing.draw(seed)
        rhythm = _rhythm(seed, diagnoses, breathing, seconds)
        intervals = Intervals.draw(seed, diagnoses, rhythm.rate)
        heart = Heart.draw(seed, diagnoses, intervals)
        background = noise(seed, diagnoses, breathing, _times(seconds), MODEL_RATE)
        return cls(seed, diagnoses, seconds, breathing, rhythm, intervals, heart, background)

    def rhythm_under(self, diagnoses: tuple[str, ...]) -> Rhythm:
        """Return the patient's beats; without a rate that was drawn, those of a normal rate."""
        if RATES & (set(self.diagnoses) - set(diagnoses)):
            return _rhythm(self.seed, diagnoses, self.breathing, self.seconds)
        return self.rhythm

    def beats(self, diagnoses: tuple[str, ...]) -> Beats:
        """Return the beats under some of the patient's diagnoses."""
        rhythm = self.rhythm_under(diagnoses)
        jitter = BeatVariation.draw(self.seed, len(rhythm.onsets)).jitter
        return Beats.under(diagnoses, self.intervals, rhythm, jitter)

    def microvolts(self, diagnoses: tuple[str, ...], rate: int, samples: int) -> Array:
        """Return the eight independent leads under some of the patient's diagnoses, in uV, unrounded.

        Each lead's mean over the record *with all diagnoses* is taken away, as the machine's high pass does, so that
        a twin keeps the record's baseline; one that beats elsewhere has its own.
        """
        total = self._signal(diagnoses, rate, samples)
        elsewhere = diagnoses == self.diagnoses or self.rhythm_under(diagnoses) is not self.rhythm
        whole = total if elsewhere else self._signal(self.diagnoses, rate, samples)
        offsets = 3 * stream(self.seed, Stream.OFFSETS).standard_normal((8, 1))
        microvolts: Array = 1000 * (total - whole.mean(axis=1, keepdims=True)) + offsets
        return microvolts

    def _signal(self, diagnoses: tuple[str, ...], rate: int, samples: int) -> Array:
        rhythm, times = self.rhythm_under(diagnoses), _times(self.seconds)
        canvas = Canvas(np.zeros((len(times), 8)), -float(_MARGIN), MODEL_RATE)
        variation = BeatVariation.draw(self.seed, len(rhythm.onsets))
        beats = Beats.under(diagnoses, self.intervals, rhythm, variation.jitter)
        draw_beats(canvas, diagnoses, self.heart, beats, rhythm, self.breathing, variation)
        total = canvas.signal.T + self.background
        if "AFIB" in diagnoses:
            total += fibrillatory_waves(self.seed, times, MODEL_RATE)
        start = _MARGIN * rate
        return resample(total, MODEL_RATE, rate)[:, start : start + samples]


def _times(seconds: float) -> Array:
    samples = int(np.ceil(seconds * MODEL_RATE)) + 2 * _MARGIN * MODEL_RATE
    times: Array = np.arange(samples) / MODEL_RATE - _MARGIN
    return times


def _rhythm(seed: int, diagnoses: tuple[str, ...], breathing: Breathing, seconds: float) -> Rhythm:
    return Rhythm.draw(seed, diagnoses, breathing, -_MARGIN, seconds + _MARGIN)
