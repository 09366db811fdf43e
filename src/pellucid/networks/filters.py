"""Steps that some published networks take before their input: a notch, and the level of the flattest stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Notch(Settings):
    """A notch of second order run forwards and backwards: `frequency` in Hz, as wide as frequency / quality."""

    kind: Literal["notch"] = "notch"
    frequency: float
    quality: float

    def __post_init__(self) -> None:
        if self.frequency <= 0 or self.quality <= 0:
            raise SettingError(f"a notch needs frequency > 0 Hz and quality > 0; got {self.frequency}, {self.quality}.")

    def __call__(self, signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
        """Return signals (..., sample) at `rate` Hz, filtered.

        Raises
        ------
        InvalidInputError
            When they are too short.
        """
        from scipy.signal import filtfilt, iirnotch

        numerator, denominator = iirnotch(self.frequency, self.quality, fs=rate)
        try:
            filtered: NDArray[np.floating] = filtfilt(numerator, denominator, signal, axis=-1)
        except ValueError as error:  # scipy wants more samples than it pads with
            raise InvalidInputError(f"a record of {signal.shape[-1]} samples is too short for a notch.") from error
        return filtered


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Settings):
    """Minus the mean of the flattest stretch: of `window` seconds, looked for every `step` seconds, lead by lead."""

    kind: Literal["level"] = "level"
    window: float = 0.2
    step: float = 0.1

    def __post_init__(self) -> None:
        if self.window <= 0 or self.step <= 0:
            raise SettingError(f"a level needs window > 0 s and step > 0 s; got {self.window}, {self.step}.")

    def __call__(self, signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
        """Return signals (..., sample) at `rate` Hz, each shifted as a whole.

        Raises
        ------
        InvalidInputError
            When they are shorter than a window.
        """
        length, step = max(round(self.window * rate), 1), max(round(self.step * rate), 1)
        if signal.shape[-1] < length:
            raise InvalidInputError(f"a record of {signal.shape[-1]} samples is shorter than {self.window:g} s.")
        windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)[..., ::step, :]
        flattest = np.ptp(windows, axis=-1).argmin(-1)[..., None]
        shifted: NDArray[np.floating] = signal - np.take_along_axis(windows.mean(-1), flattest, axis=-1)
        return shifted
