"""From a record to a network's input, and relevance back onto the record's own samples or pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, SettingError, unknown_name
from pellucid.core.settings import Settings
from pellucid.networks.filters import Level, Notch
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD
from pellucid.records.resampling import redistribute, resample, resampled_length
from pellucid.records.slice import MriSlice

if TYPE_CHECKING:
    from torch import Tensor

_PADDINGS = ("both", "end", "none")
_UNITS = ("mV", "uV")
_KEPT = ("middle", "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Settings):
    """A Butterworth filter run forwards and backwards (no delay); frequency in Hz, order of one pass."""

    kind: Literal["highpass", "lowpass"]
    frequency: float
    order: int = 2

    def __post_init__(self) -> None:
        if self.frequency <= 0 or self.order < 1:
            raise SettingError(f"a filter needs frequency > 0 Hz and order >= 1; got {self.frequency}, {self.order}.")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A network's input made from one record, and the way back.

    Attributes
    ----------
    record
        As the network sees it: its leads in its order, on the record's own samples; or the slice.
    inputs
        Float32 tensor (1, lead, sample) or (1, channel, row, column).
    valid
        Shaped like one input without leads or channels; False where padding stands.
    notes
        In words, what was done that a reader must know.
    """

    record: EcgRecord | MriSlice
    inputs: Tensor
    valid: NDArray[np.bool_]
    notes: tuple[str, ...]
    _back: Callable[[NDArray[np.floating]], NDArray[np.float64]]

    def restore(self, relevance: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return relevance (..., *input without batch) as (..., lead, sample) or (..., row, column) of the record.

        The sum is kept, but for what stands on padding, which belongs to no sample: see `outside`.
        """
        return self._back(relevance)

    def outside(self, relevance: NDArray[np.floating]) -> float:
        """Return the sum of the relevance that stands on padding."""
        return float(np.where(self.valid, 0.0, np.asarray(relevance, dtype=np.float64)).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgPreparation(Settings):
    """What a network for ECGs expects.

    Parameters
    ----------
    leads
        In this order; III, aVR, aVL, aVF are derived from I and II where a record lacks them.
    sampling_rate
        In Hz; records at another rate are resampled.
    length
        Samples. Of longer records a part is taken.
    keep
        Which part: the `middle` or the `start`.
    padding
        Where zeros go in shorter records: `both` sides, the `end`, or `none` (the network takes any length up to
        `length`).
    shortest
        Seconds under which a record is refused.
    unit
        Of the network's input: `mV` or `uV`.
    gain
        Multiplies the input, for networks trained on another scale.
    filters
        Applied to the record at its own rate, before anything else.
    """

    kind: Literal["ecg"] = "ecg"
    leads: tuple[str, ...] = STANDARD
    sampling_rate: float
    length: int
    keep: Literal["middle", "start"] = "middle"
    padding: Literal["both", "end", "none"] = "both"
    shortest: float = 1.0
    unit: Literal["mV", "uV"] = "mV"
    gain: float = 1.0
    filters: tuple[Filter | Notch | Level, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.sampling_rate < 1e6 or self.length < 1:
            raise SettingError(
                f"preparation needs sampling_rate > 0 Hz and length >= 1 sample; got {self.sampling_rate}, "
                f"{self.length}."
            )
        if not self.leads:
            raise SettingError("preparation needs at least one lead.")
        if self.padding not in _PADDINGS:
            raise SettingError(str(unknown_name("padding", self.padding, _PADDINGS)))
        if self.keep not in _KEPT:
            raise SettingError(str(unknown_name("part to keep", self.keep, _KEPT)))
        if self.unit not in _UNITS:
            raise SettingError(str(unknown_name("unit", self.unit, _UNITS)))
        if self.gain == 0:
            raise SettingError("gain must not be 0: it would blank the record.")

    def __call__(self, record: EcgRecord | MriSlice) -> Prepared:
        """Return the record as the network's input.

        Raises
        ------
        InvalidInputError
            When it is a slice, is too short, or has samples that were not recorded (NaN).
        UnknownNameError
            When leads are missing that cannot be derived.
        """
        import torch

        if not isinstance(record, EcgRecord):
            raise InvalidInputError(
                f"this network reads ECGs; {record.name} is a picture. Choose a network for slices."
            )
        seen = record.select(self.leads)
        self._check(seen)
        window = min(seen.samples, round(self.length / self.sampling_rate * seen.sampling_rate))
        first = self._first(seen.samples, window)
        signal = self._filtered(seen.signal, seen.sampling_rate)[:, first : first + window]
        signal = self._at_rate(signal, seen.sampling_rate)
        signal, left = self._padded(signal)
        kept = min(self.length, resampled_length(window, seen.sampling_rate, self.sampling_rate))
        valid = np.zeros(signal.shape[-1], dtype=bool)
        valid[left : left + kept] = True

        def back(relevance: NDArray[np.floating]) -> NDArray[np.float64]:
            inside = np.asarray(relevance)[..., left : left + kept]
            whole = np.zeros((*inside.shape[:-1], seen.samples))
            whole[..., first : first + window] = redistribute(inside, window, self.sampling_rate, seen.sampling_rate)
            return whole

        inputs = torch.from_numpy(np.ascontiguousarray(signal[None], dtype=np.float32))
        return Prepared(seen, inputs, valid, self._notes(record, seen, first, window), back)

    def batch(self, signals: NDArray[np.floating], sampling_rate: float) -> NDArray[np.float32]:
        """Return many records of one length, (record, lead, sample) in mV with this preparation's leads, as input."""
        window = min(signals.shape[-1], round(self.length / self.sampling_rate * sampling_rate))
        first = self._first(signals.shape[-1], window)
        signals = self._filtered(signals, sampling_rate)[..., first : first + window]
        prepared, _ = self._padded(self._at_rate(signals, sampling_rate))
        return prepared.astype(np.float32)

    def _first(self, samples: int, window: int) -> int:
        return 0 if self.keep == "start" else (samples - window) // 2

    def _filtered(self, signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
        for one in self.filters:
            signal = _filtered(signal, rate, one) if isinstance(one, Filter) else one(signal, rate)
        return signal

    def _at_rate(self, signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
        signal = resample(signal, rate, self.sampling_rate)[..., : self.length]
        scale = self.gain * (1000.0 if self.unit == "uV" else 1.0)
        return signal * scale

    def _padded(self, signal: NDArray[np.floating]) -> tuple[NDArray[np.floating], int]:
        lacking = self.length - signal.shape[-1]
        if lacking == 0 or self.padding == "none":
            return signal, 0
        left = lacking // 2 if self.padding == "both" else 0
        widths = [(0, 0)] * (signal.ndim - 1) + [(left, lacking - left)]
        return np.pad(signal, widths), left

    def _check(self, record: EcgRecord) -> None:
        if record.seconds < self.shortest:
            raise InvalidInputError(
                f"record {record.name} must last {self.shortest:g} s or more for this network; "
                f"it lasts {record.seconds:g} s."
            )
        lost = [bool(np.isnan(row).any()) for row in record.signal]
        if any(lost):
            names = ", ".join(lead for lead, bad in zip(record.leads, lost, strict=True) if bad)
            raise InvalidInputError(
                f"record {record.name} has samples that were not recorded (NaN) in {names}. "
                "Take a complete stretch with record.cut(start, end)."
            )

    def _notes(self, record: EcgRecord, seen: EcgRecord, first: int, window: int) -> tuple[str, ...]:
        notes = []
        derived = [lead for lead in seen.leads if lead not in record.leads]
        if derived:
            notes.append(f"{', '.join(derived)} derived from I and II.")
        if window < seen.samples:
            start, end = first / seen.sampling_rate, (first + window) / seen.sampling_rate
            notes.append(
                f"The network saw {start:.2f} to {end:.2f} s of {seen.seconds:.2f} s; the rest has no relevance."
            )
        elif self.padding != "none" and resampled_length(window, seen.sampling_rate, self.sampling_rate) < self.length:
            notes.append(
                f"The record is shorter than the network's {self.length / self.sampling_rate:g} s; zeros were added "
                f"({'on both sides' if self.padding == 'both' else 'at the end'})."
            )
        if seen.sampling_rate < self.sampling_rate:
            notes.append(
                f"Resampled upwards from {seen.sampling_rate:g} to {self.sampling_rate:g} Hz: no detail is gained."
            )
        return tuple(notes)


def _filtered(signal: NDArray[np.floating], rate: float, one: Filter) -> NDArray[np.floating]:
    from scipy.signal import butter, sosfiltfilt

    if one.frequency >= rate / 2:
        if one.kind == "lowpass":
            return signal  # nothing stands above it
        raise InvalidInputError(
            f"a high pass at {one.frequency:g} Hz needs more than {2 * one.frequency:g} Hz; got {rate:g}."
        )
    sections = butter(one.order, one.frequency, one.kind, fs=rate, output="sos")
    try:
        filtered: NDArray[np.floating] = sosfiltfilt(sections, signal, axis=-1)
    except ValueError as error:  # scipy wants more samples than it pads with
        raise InvalidInputError(
            f"a record of {signal.shape[-1]} samples is too short for a {one.kind} filter."
        ) from error
    return filtered


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePreparation(Settings):
    """What a network for slices expects: stretched to `size` (rows, columns), equal `channels`, (x - mean) / std."""

    kind: Literal["slice"] = "slice"
    size: tuple[int, int]
    channels: Literal[1, 3] = 1
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if min(self.size) < 1 or {len(self.mean), len(self.std)} - {1, self.channels} or min(self.std) <= 0:
            raise SettingError(
                "a slice preparation needs a positive size and one mean and positive std, or one a channel; "
                f"got {self.size}, {self.channels} channels, {self.mean}, {self.std}."
            )

    def __call__(self, record: EcgRecord | MriSlice) -> Prepared:
        """Return the slice as the network's input, (1, channel, row, column).

        Raises
        ------
        InvalidInputError
            When it is an ECG.
        """
        import torch

        if not isinstance(record, MriSlice):
            raise InvalidInputError(f"this network reads slices; {record.name} is an ECG. Choose a network for ECGs.")
        picture = torch.from_numpy(record.pixels.copy())[None, None]
        if record.shape != self.size:
            picture = torch.nn.functional.interpolate(
                picture, self.size, mode="bilinear", align_corners=False, antialias=True
            )
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
        inputs = (picture.expand(1, self.channels, *self.size) - mean) / std

        def back(relevance: NDArray[np.floating]) -> NDArray[np.float64]:
            rows, columns = record.shape
            grey = np.asarray(relevance, dtype=np.float64).sum(axis=-3)
            wide = redistribute(grey, columns, self.size[1] / columns)
            return np.swapaxes(redistribute(np.swapaxes(wide, -1, -2), rows, self.size[0] / rows), -1, -2)

        notes = () if record.shape == self.size else (f"Stretched from {record.shape} to {self.size} pixels.",)
        return Prepared(record, inputs.contiguous(), np.ones(self.size, dtype=bool), notes, back)
