"""Random series with a given spectrum, made in the frequency domain and only where it holds something."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pellucid.simulation.tables import Array

Shape = Callable[[Array], Array]
_NEGLIGIBLE = 1e-4


@lru_cache(maxsize=64)
def _amplitudes(shape: Shape, samples: int, rate: float) -> Array:
    """Amplitudes of the bins up to the last that matters, scaled for a series of s.d. 1."""
    frequencies = fft.rfftfreq(samples, 1 / rate)
    values = shape(frequencies)
    values[0] = 0.0
    values = values[: int(np.flatnonzero(values > _NEGLIGIBLE * values.max())[-1]) + 1]
    scaled: Array = values * (samples / (2 * np.sqrt(np.sum(values**2))))
    scaled.setflags(write=False)
    return scaled


def coloured(
    rng: np.random.Generator,
    rows: int,
    samples: int,
    rate: float,
    shape: Shape,
    *,
    mix: Array | None = None,
    periods: float = 1.0,
) -> NDArray[np.float32]:
    """Return Gaussian noise through an amplitude spectrum, s.d. 1 in each row over the long run.

    Parameters
    ----------
    rng
        Where it comes from.
    rows, samples, rate
        So many independent series of so many samples, at a rate in Hz.
    shape
        Amplitude spectrum (any scale) over frequencies in Hz; a module-level function, for its values are kept.
    mix
        Sums to return in place of the rows, shape (sum, row); mixed as spectra, which costs less.
    periods
        The series repeats itself only after so many times `samples`; above 1 where slow parts must not close on
        themselves.

    Returns
    -------
    NDArray
        Shape (row or sum, sample), float32.
    """
    length = fft.next_fast_len(round(samples * periods), real=True)
    amplitudes = _amplitudes(shape, length, rate)
    parts = rng.standard_normal((rows, len(amplitudes), 2), dtype=np.float32).view(np.complex64)[..., 0]
    spectrum = parts * amplitudes.astype(np.float32)
    if mix is not None:
        spectrum = mix.astype(np.complex64) @ spectrum
    series: NDArray[np.float32] = fft.irfft(spectrum, length)[:, :samples]
    return series


def below(limit: float) -> Shape:
    """Return the spectrum that is flat up to a limit in Hz; the same object for the same limit."""
    return _below(limit)


@lru_cache(maxsize=16)
def _below(limit: float) -> Shape:
    return lambda frequencies: (frequencies < limit).astype(float)
