"""The ECG record: leads in millivolts, sampled at a stated rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.display import Displayed
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.records.leads import DERIVED, STANDARD, canonical, missing


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EcgRecord(Displayed):
    """A multi-lead ECG, immutable and validated.

    Parameters
    ----------
    signal
        Shape (lead, sample), in mV; kept as float32, read-only. NaN marks samples that were not recorded.
    sampling_rate
        In Hz.
    leads
        A name per row, in any case and alias; kept in the standard spelling.
    name
        What pictures and folders call the record.
    source
        The file it came from, if any.
    metadata
        Whatever the file says beside the signal (age, sex, patient, comments), as JSON can hold it.

    Raises
    ------
    InvalidInputError
        Naming the field, what was wanted and what came.
    """

    signal: NDArray[np.float32]
    sampling_rate: float
    leads: tuple[str, ...] = STANDARD
    name: str = "record"
    source: Path | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        signal = _checked_signal(self.signal, self.name)
        leads = _checked_leads(self.leads, len(signal), self.name)
        set_field = object.__setattr__
        set_field(self, "signal", signal)
        set_field(self, "leads", leads)
        set_field(self, "sampling_rate", _checked_rate(self.sampling_rate, self.name))

    @property
    def samples(self) -> int:
        """Number of samples in each lead."""
        return int(self.signal.shape[1])

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.samples / self.sampling_rate

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each sample in seconds, the first at 0."""
        times: NDArray[np.float64] = np.arange(self.samples) / self.sampling_rate
        return times

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return one lead in mV, by name in any spelling."""
        row: NDArray[np.float32] = self.select([name]).signal[0]
        return row

    def select(self, leads: Sequence[str] = STANDARD) -> EcgRecord:
        """Return the record with these leads in this order; III, aVR, aVL, aVF are derived from I and II where absent.

        Raises
        ------
        UnknownNameError
            Naming the leads that the record lacks and those that it has.
        """
        wanted = tuple(canonical(lead) for lead in leads)
        if wanted == self.leads:
            return self
        lacking = missing(self.leads, wanted)
        if lacking:
            raise UnknownNameError(
                f"lead {', '.join(map(repr, lacking))} is not in record {self.name}; it has {', '.join(self.leads)}. "
                "Choose with leads=."
            )
        rows = dict(zip(self.leads, self.signal, strict=True))
        for lead in wanted:
            if lead not in rows:
                one, two = DERIVED[lead]
                rows[lead] = np.float32(one) * rows["I"] + np.float32(two) * rows["II"]
        return replace(self, signal=np.stack([rows[lead] for lead in wanted]), leads=wanted)

    def cut(self, start: float, end: float) -> EcgRecord:
        """Return the stretch from `start` to `end`, in seconds."""
        first, last = round(start * self.sampling_rate), round(end * self.sampling_rate)
        if not 0 <= first < last <= self.samples:
            raise InvalidInputError(
                f"cut of {self.name} must lie within 0 to {self.seconds:g} s; got {start:g} to {end:g} s."
            )
        return replace(self, signal=self.signal[:, first:last])


def _checked_signal(value: ArrayLike, name: str) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is refused below
            signal = np.array(value, dtype=np.float32)  # a copy of our own, so that nobody can write into it
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"signal of {name} must be numbers in mV, (lead, sample); got {error}.") from error
    if signal.ndim != 2 or 0 in signal.shape:
        raise InvalidInputError(
            f"signal of {name} must have the shape (lead, sample), neither empty; got {signal.shape}. "
            "One lead is signal[None, :]."
        )
    if np.isinf(signal).any():
        raise InvalidInputError(f"signal of {name} must be finite or NaN, in mV; got infinite values.")
    signal.setflags(write=False)
    return signal


def _checked_rate(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < 1e6:
        raise InvalidInputError(f"sampling_rate of {name} must be a positive number of Hz; got {value!r}.")
    return float(value)


def _checked_leads(value: Sequence[str], rows: int, name: str) -> tuple[str, ...]:
    given: Sequence[object] = value
    if isinstance(value, str) or not all(isinstance(lead, str) and lead.strip() for lead in given):
        raise InvalidInputError(f"leads of {name} must be a sequence of names, none empty; got {value!r}.")
    leads = tuple(canonical(lead) for lead in value)
    if len(leads) != rows:
        raise InvalidInputError(
            f"leads of {name} must name each of the {rows} rows of the signal; got {len(leads)} names. "
            "Transpose the signal if it is (sample, lead)."
        )
    twice = sorted({lead for lead in leads if leads.count(lead) > 1})
    if twice:
        raise InvalidInputError(f"leads of {name} must be different; got {', '.join(twice)} more than once.")
    return leads
