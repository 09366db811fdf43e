"""Single beats cut out of a long recording, as Kachuee et al. (2018, arXiv:1805.00794) publish them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.records.resampling import resample

RATE = 125.0
SAMPLES = 187
_WINDOW = 10.0  # seconds
_REACH = 1.2  # of the median interval between beats


def beat_windows(signal: NDArray[np.floating], rate: float, peaks: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return one row a beat, (beat, 187) at 125 Hz, each from its R peak on.

    Parameters
    ----------
    signal
        One lead, (sample), complete.
    rate
        Its sampling rate in Hz.
    peaks
        The samples of the R peaks, ascending.

    Raises
    ------
    InvalidInputError
        When a sample was not recorded, or a peak lies outside.

    Notes
    -----
    Each 10 s are scaled to 0..1 by their own smallest and largest value; a beat lasts 1.2 times the median interval
    between the peaks of its 10 s and is filled up with zeros. So 0 is the lowest value of 10 s, not a baseline, the
    filling tells the heart rate, and a beat's own P wave is not in it. Departures from the paper, which publishes no
    code: peaks are those annotated, not found, and a beat may reach beyond its 10 s (cut to 0..1), so that none is
    lost. 10 s with fewer than two peaks take the median interval of the whole recording.
    """
    if not np.isfinite(signal).all():
        raise InvalidInputError("a recording must be complete to be cut into beats; it has samples not recorded (NaN).")
    if len(peaks) and not (peaks.min() >= 0 and peaks.max() < len(signal)):
        raise InvalidInputError(f"R peaks must lie in the recording's {len(signal)} samples; got {peaks.max()}.")
    at_rate = resample(signal, rate, RATE)
    places = np.minimum(np.rint(np.asarray(peaks) * RATE / rate).astype(np.int64), len(at_rate) - 1)
    windows = places // round(_WINDOW * RATE)
    usual = np.median(np.diff(places)) if len(places) > 1 else SAMPLES / _REACH
    beats = np.zeros((len(places), SAMPLES), dtype=np.float32)
    for window in np.unique(windows):
        here = np.flatnonzero(windows == window)
        part = at_rate[window * round(_WINDOW * RATE) : (window + 1) * round(_WINDOW * RATE)]
        low, span = part.min(), np.ptp(part)
        interval = np.median(np.diff(places[here])) if len(here) > 1 else usual
        length = min(SAMPLES, max(1, round(_REACH * float(interval))))
        for beat in here:
            stretch = at_rate[places[beat] : places[beat] + length]
            beats[beat, : len(stretch)] = ((stretch - low) / span).clip(0, 1) if span > 0 else 0
    return beats
