"""From one sampling rate to another, for signals; and back again for relevance, with its sum kept."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TAPS_PER_FACTOR = 60
_PASS_BAND = 0.898  # of the lower Nyquist frequency: 44.9 Hz at 100 Hz, where PTB-XL's own 100 Hz records end
_KAISER_BETA = 6.0


def resampled_length(samples: int, rate_in: float, rate_out: float) -> int:
    """Return how many samples `samples` at `rate_in` become at `rate_out`."""
    return max(1, round(samples * rate_out / rate_in))


def resample(signal: NDArray[np.floating], rate_in: float, rate_out: float) -> NDArray[np.float64]:
    """Return the signal at another sampling rate.

    Parameters
    ----------
    signal
        (..., sample), without NaN.
    rate_in, rate_out
        In Hz. Sample 0 stays at time 0.

    Notes
    -----
    Polyphase, with a linear-phase Kaiser low pass (beta 6, 60 taps for each unit of the larger factor) that ends at
    0.898 of the lower Nyquist frequency. The ends are continued by their last value.
    """
    from scipy.signal import resample_poly

    values = np.asarray(signal, dtype=np.float64)
    if rate_in == rate_out:
        return values
    ratio = Fraction(rate_out / rate_in).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    window: Any = _low_pass(max(up, down))  # the taps themselves, which scipy's stubs do not know
    out: NDArray[np.float64] = resample_poly(values, up, down, axis=-1, window=window, padtype="edge")
    wanted = resampled_length(values.shape[-1], rate_in, rate_out)
    if out.shape[-1] < wanted:
        out = np.concatenate([out, np.repeat(out[..., -1:], wanted - out.shape[-1], axis=-1)], axis=-1)
    return out[..., :wanted]


@lru_cache
def _low_pass(factor: int) -> NDArray[np.float64]:
    from scipy.signal import firwin

    taps: NDArray[np.float64] = firwin(
        _TAPS_PER_FACTOR * factor + 1, _PASS_BAND / factor, window=("kaiser", _KAISER_BETA)
    )
    return taps


def redistribute(
    relevance: NDArray[np.floating], length: int, rate_in: float = 1.0, rate_out: float = 1.0
) -> NDArray[np.float64]:
    """Return relevance on another grid over the same time: each sample's share goes to the samples its cell covers.

    Parameters
    ----------
    relevance
        (..., sample) at `rate_in`; sample i covers the time from i - 1/2 to i + 1/2 sampling intervals.
    length
        Samples of the new grid, at `rate_out`.

    Notes
    -----
    The sum over time is kept exactly (to rounding): what reaches past an end goes to the last sample there.
    """
    values = np.asarray(relevance, dtype=np.float64)
    samples = values.shape[-1]
    if samples == length and rate_in == rate_out:
        return values
    edges_in = (np.arange(samples + 1) - 0.5) / rate_in
    edges_out = (np.arange(length + 1) - 0.5) / rate_out
    # The first and last cells end where the new grid does, so that no share piles up there.
    edges_in[0] = min(edges_out[0], edges_in[1] - 1e-9)
    edges_in[-1] = max(edges_out[-1], edges_in[-2] + 1e-9)
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    # Linear interpolation of the running sum, for all rows at once.
    place = np.clip(np.searchsorted(edges_in, edges_out, side="right") - 1, 0, samples - 1)
    share = np.clip((edges_out - edges_in[place]) / np.diff(edges_in)[place], 0.0, 1.0)
    at_edges = sums[..., place] + share * values[..., place]
    at_edges[..., 0], at_edges[..., -1] = 0.0, sums[..., -1]
    return np.diff(at_edges, axis=-1)
