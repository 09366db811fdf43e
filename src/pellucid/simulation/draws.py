"""Streams of random numbers by name, and the few laws that the model draws from.

Every stream is independent of the others, so that a twin, a longer record or another sampling rate shares whatever
has nothing to do with the difference.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from pellucid.core.randomness import generator


class Stream(IntEnum):
    """What a stream of random numbers decides. The numbers are part of the format: a new one never reuses an old."""

    TORSO = 1
    GAINS = 2
    INTERVALS = 3
    QRS = 4
    RIGHT = 5
    LEFT = 6
    T = 7
    P = 8
    DETAIL = 9
    BREATHING = 10
    RATE = 11
    RHYTHM = 12
    BEATS = 13
    FIBRILLATION = 14
    NOISE_LEVELS = 15
    MUSCLE = 16
    WANDER = 17
    CHANNEL = 18
    MOTION = 19
    OFFSETS = 20
    LEFT_T = 21


def stream(seed: int, name: Stream) -> np.random.Generator:
    """Return the generator of one named stream of a patient's seed."""
    return generator(seed, int(name))


def log_normal(rng: np.random.Generator, median: float, spread: float, low: float, high: float) -> float:
    """Return median * exp(spread * N), clipped to low..high."""
    return float(np.clip(median * np.exp(spread * rng.standard_normal()), low, high))


def cut_normal(rng: np.random.Generator, mean: float, deviation: float, low: float, high: float) -> float:
    """Return a normal number, drawn again until it lies in low..high."""
    while True:
        value = mean + deviation * rng.standard_normal()
        if low <= value <= high:
            return float(value)
