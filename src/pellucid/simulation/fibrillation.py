"""Fibrillatory waves: three sources between sawtooth and noise, seen by the leads like a dipole close to V1.

Sources: Stridh and Sornmo 2001 for the modulated sawtooth, Petrenas 2012 and 2017 for sources along three axes.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from pellucid.simulation.draws import Stream, log_normal, stream
from pellucid.simulation.spectra import below, coloured
from pellucid.simulation.tables import DOWER, Array

_STRENGTHS = np.array([0.5, -0.6, 0.9])
_LEAD_GAINS = np.array([1, 1, 1.3, 0.8, 0.7, 0.7, 0.9, 0.9])
_RELATIVE_RATES = np.array([0.95, 1.0, 1.05])


def _leads() -> Array:
    seen = DOWER.copy()
    seen[2] = -0.2, 0.2, -1.0  # V1 lies on the right atrium
    leads: Array = seen * _LEAD_GAINS[:, None] * _STRENGTHS
    return leads


_LEADS = _leads()


def fibrillatory_waves(seed: int, times: Array, rate: float) -> Array:
    """Return the f waves of the eight independent leads in mV, shape (lead, sample), at evenly spaced `times` in s."""
    rng = stream(seed, Stream.FIBRILLATION)
    size = log_normal(rng, 0.034, 0.40, 0.016, 0.09)
    frequency = rng.uniform(4.8, 8.0)
    sawtooth = _sawtooth(rng, frequency * _RELATIVE_RATES, times, rate)
    rough = _rough(rng, frequency, times, rate)
    sources = 0.6 * _unit(sawtooth) + 0.55 * _unit(rough)
    waves: Array = size * (_LEADS @ sources)
    return waves


def _sawtooth(rng: np.random.Generator, frequencies: Array, times: Array, rate: float) -> Array:
    """Three harmonics whose size and rate drift, shape (source, sample)."""
    samples = len(times)
    slow = rng.uniform(0.1, 0.4, (3, 1)), rng.uniform(0, 2 * np.pi, (3, 1))
    drift = rng.uniform(0.1, 0.3, (3, 1)), rng.uniform(0, 2 * np.pi, (3, 1))
    size = 1 + 0.35 * np.sin(2 * np.pi * slow[0] * times + slow[1])
    size = np.clip(size + 0.35 * coloured(rng, 3, samples, rate, below(1.2)), 0.1, 2.2)
    speed = frequencies[:, None] + 0.25 * np.sin(2 * np.pi * drift[0] * times + drift[1])
    speed = speed + 0.7 * coloured(rng, 3, samples, rate, below(1.5))
    angle = 2 * np.pi * np.cumsum(speed, axis=1) / rate + rng.uniform(0, 2 * np.pi, (3, 1))
    angle = np.mod(angle, 2 * np.pi).astype(np.float32)
    sine, cosine = np.sin(angle), np.cos(angle)
    harmonics = sine + sine * cosine + (sine - 4 / 3 * sine**3)  # sin(a) + sin(2a)/2 + sin(3a)/3
    teeth: Array = -(size * harmonics).astype(np.float64)
    return teeth


def _rough(rng: np.random.Generator, frequency: float, times: Array, rate: float) -> Array:
    """Noise around the rate and its double, shape (source, sample)."""
    length = fft.next_fast_len(len(times), real=True)
    bins = fft.rfftfreq(length, 1 / rate)
    bins = bins[: int(np.searchsorted(bins, 3.5 * frequency))]
    shape = np.exp(-(((bins - frequency) / (0.28 * frequency)) ** 2) / 2)
    shape += 0.25 * np.exp(-(((bins - 2 * frequency) / (0.3 * frequency)) ** 2) / 2)
    spectrum = shape * rng.standard_normal((3, len(bins), 2)).view(np.complex128)[..., 0]
    noise: Array = fft.irfft(spectrum, length)[:, : len(times)]
    return noise


def _unit(series: Array) -> Array:
    scaled: Array = series / series.std(axis=1, keepdims=True)
    return scaled
