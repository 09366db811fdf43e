"""What an ECG machine adds: muscle, baseline wander, mains, its channels' own noise, and motion.

Made at the nine electrodes RA, LA, LL, V1 to V6, so that the leads share what their electrodes share.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from pellucid.simulation.diagnoses import BLOCKS
from pellucid.simulation.draws import Stream, log_normal, stream
from pellucid.simulation.rhythm import Breathing
from pellucid.simulation.spectra import below, coloured
from pellucid.simulation.tables import Array

_MICRO = 1e-3  # of a millivolt


def _electrodes_to_leads(limb_share: float) -> Array:
    """Leads I, II, V1 to V6 (rows) from electrodes; `limb_share` of Wilson's terminal reaches the V leads."""
    matrix = np.zeros((8, 9))
    matrix[0, [0, 1]] = -1, 1
    matrix[1, [0, 2]] = -1, 1
    matrix[2:, :3] = -limb_share / 3
    matrix[2:, 3:] = np.eye(6)
    return matrix


_LEADS = _electrodes_to_leads(1.0)
_LEADS_OF_MUSCLE = _electrodes_to_leads(0.25)
# Channels are wired otherwise: I and II share the right arm's; nothing is common to the V leads.
_LEADS_OF_CHANNELS: Array = np.zeros((8, 9))
_LEADS_OF_CHANNELS[0, [0, 1]] = -1.1, 1.5
_LEADS_OF_CHANNELS[1, [0, 2]] = -1.1, 0.55
_LEADS_OF_CHANNELS[2:, 3:] = 0.55 * np.eye(6)
_MUSCLE_OF_ELECTRODES = np.array([1, 1.2, 0.5, 1.0, 0.75, 0.75, 0.75, 0.80, 0.70])
_MUSCLE_SPREAD = np.array([0.30, 0.30, 0.30, 0.45, 0.45, 0.45, 0.45, 0.45, 0.45])
_WANDER_OF_ELECTRODES = np.array([1.0, 1.0, 1.0, 1.5, 1.5, 1.5, 1.5, 1.7, 1.7])


def _muscle_spectrum(frequencies: Array) -> Array:
    spectrum: Array = frequencies / (frequencies + 3) / (1 + (frequencies / 9) ** 2)
    return spectrum


def _wander_spectrum(frequencies: Array) -> Array:
    spectrum: Array = (frequencies > 0.04) / (0.15 + frequencies) ** 1.7 * np.exp(-frequencies / 3)
    return spectrum


def _channel_spectrum(frequencies: Array) -> Array:
    spectrum: Array = 1 / (1 + frequencies / 35) / (1 + (frequencies / 170) ** 6)
    return spectrum


def noise(seed: int, diagnoses: Collection[str], breathing: Breathing, times: Array, rate: float) -> Array:
    """Return the noise of the eight independent leads in mV, shape (lead, sample), at evenly spaced `times` in s."""
    levels = stream(seed, Stream.NOISE_LEVELS)
    muscle = log_normal(levels, 5.6, 0.45, 1.5, 25) * (1.2 if BLOCKS & set(diagnoses) else 1.0)
    muscles = muscle * np.exp(_MUSCLE_SPREAD * levels.standard_normal(9)) * _MUSCLE_OF_ELECTRODES
    # In real records with a block or fibrillation the baseline lies stiller than in normal ones.
    wander = log_normal(levels, 34, 0.85, 4, 250) * (0.7 if {*BLOCKS, "1AVB", "AFIB"} & set(diagnoses) else 1.0)
    wanders = 0.7 * wander * np.exp(0.4 * levels.standard_normal(9)) * _WANDER_OF_ELECTRODES
    breaths = 0.5 * wander * levels.standard_normal(9)
    channel = log_normal(levels, 4.0, 0.95, 0.5, 40)
    channels = channel * np.exp(0.25 * levels.standard_normal(9))
    mains = levels.uniform(0, 4) * levels.standard_normal(9) * (levels.random() < 0.5)

    total = _tense(seed, muscles, channels, len(times), rate)
    total += coloured(
        stream(seed, Stream.WANDER), 9, len(times), rate, _wander_spectrum, mix=_LEADS * wanders, periods=2.0
    )
    total += np.outer(_LEADS @ breaths, breathing.at(times))
    if mains.any():
        total += np.outer(_LEADS @ mains, np.sin(2 * np.pi * 50 * times + levels.uniform(0, 2 * np.pi)))
    total += _LEADS @ _motion(seed, times)
    return _MICRO * total


def _tense(seed: int, muscles: Array, channels: Array, samples: int, rate: float) -> Array:
    """Noise that grows and falls with the patient's tension."""
    rng = stream(seed, Stream.MUSCLE)
    tension = 1 + 0.4 * coloured(rng, 1, samples, rate, below(0.8))
    muscle = coloured(rng, 9, samples, rate, _muscle_spectrum, mix=_LEADS_OF_MUSCLE * muscles)
    own = coloured(stream(seed, Stream.CHANNEL), 9, samples, rate, _channel_spectrum, mix=_LEADS_OF_CHANNELS * channels)
    total: Array = (np.clip(tension, 0.3, 2) * muscle + tension * own).astype(np.float64)
    return total


def _motion(seed: int, times: Array) -> Array:
    """Bumps at one electrode, in one record of eight."""
    rng = stream(seed, Stream.MOTION)
    moved = np.zeros((9, len(times)))
    if rng.random() < 0.12:
        electrode = rng.integers(9)
        for _ in range(rng.integers(1, 3)):
            height = rng.uniform(50, 200) * rng.choice([-1, 1])
            middle, width = rng.uniform(times[0], times[-1]), rng.uniform(0.06, 0.35)
            moved[electrode] += height * np.exp(-((times - middle) ** 2) / (2 * width**2))
    return moved
