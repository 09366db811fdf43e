"""Small changes to training signals that leave the diagnosis as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def stretches(signals: NDArray[np.int16], positions: Sequence[int], samples: int, generator: torch.Generator) -> Tensor:
    """Return (record, lead, sample) in mV: for each position a random stretch of so many samples.

    Parameters
    ----------
    signals
        (record, lead, sample) in microvolts.
    positions
        Rows of `signals`, ascending order reads a memory map fastest but is not needed.
    samples
        Length of the stretch; the whole record where that is as long.
    generator
        Draws the starts.
    """
    whole = signals.shape[-1]
    starts = torch.randint(0, whole - samples + 1, (len(positions),), generator=generator).tolist()
    rows = [
        torch.from_numpy(signals[position, :, start : start + samples].astype("float32"))
        for position, start in zip(positions, starts, strict=True)
    ]
    return torch.stack(rows) / 1000.0


def disturbed(
    signals: Float[Tensor, "record lead sample"],
    sampling_rate: float,
    generator: torch.Generator,
    *,
    gain: float,
    wander: float,
    noise: float,
    lead_dropout: float = 0.0,
) -> Float[Tensor, "record lead sample"]:
    """Return the signals with another gain, baseline wander and white noise, each record by its own draw.

    Parameters
    ----------
    signals
        (record, lead, sample) in mV.
    sampling_rate
        In Hz.
    gain
        Amplitudes times 1 +- up to this.
    wander
        In mV: up to this high a sine of 0.05 to 0.5 Hz, phase and height for each lead.
    noise
        In mV: standard deviation up to this.
    lead_dropout
        How probably each lead is blanked: 0 mV throughout.
    """
    records, leads, samples = signals.shape

    def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    scale = uniform(records, 1, 1, low=1 - gain, high=1 + gain)
    frequency = uniform(records, 1, 1, low=0.05, high=0.5)
    phase = uniform(records, leads, 1, high=2 * math.pi)
    height = uniform(records, leads, 1, high=wander)
    times = torch.arange(samples) / sampling_rate
    drift = height * torch.sin(2 * math.pi * frequency * times + phase)
    white = torch.randn(signals.shape, generator=generator) * uniform(records, 1, 1, high=noise)
    changed = signals * scale + drift + white
    if lead_dropout:  # drawn last, and only here: without it the other draws are what they always were
        changed = changed * (torch.rand(records, leads, 1, generator=generator) >= lead_dropout)
    return changed
