"""The six diagnoses: their names, what can stand together, and where each shows in an ECG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.records.leads import STANDARD

DIAGNOSES: tuple[str, ...] = ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")
BLOCKS = frozenset({"CRBBB", "CLBBB"})
RATES = frozenset({"SBRAD", "STACH"})

_IMPOSSIBLE: dict[frozenset[str], str] = {
    frozenset({"CRBBB", "CLBBB"}): "with both bundle branches blocked nothing is conducted to the ventricles",
    frozenset({"AFIB", "1AVB"}): "fibrillating atria have no P wave, hence no PR interval",
    frozenset({"AFIB", "SBRAD"}): "sinus bradycardia needs a sinus rhythm",
    frozenset({"AFIB", "STACH"}): "sinus tachycardia needs a sinus rhythm",
    frozenset({"SBRAD", "STACH"}): "a rate cannot be slow and fast at once",
}

# Leads and the stretch of the beat in which a diagnosis shows, as offsets in s from two events of a beat.
# "next_" is the beat that follows.
_Window = tuple[str, float, str, float]
_EVERY = STANDARD
_PLACES: dict[str, tuple[tuple[tuple[str, ...], _Window], ...]] = {
    "1AVB": ((_EVERY, ("p_onset", 0, "qrs_onset", 0)),),
    "CRBBB": (
        (("V1", "V2", "V3", "I", "aVL", "aVR", "V5", "V6"), ("qrs_onset", 0.04, "qrs_end", 0)),
        (("V1", "V2"), ("qrs_end", 0, "t_end", 0)),
    ),
    "CLBBB": ((("I", "aVL", "V1", "V2", "V3", "V5", "V6"), ("qrs_onset", 0, "t_end", 0)),),
    "SBRAD": ((_EVERY, ("t_end", 0, "next_qrs_end", 0)),),
    "AFIB": ((_EVERY, ("t_end", 0, "next_qrs_onset", 0)), (_EVERY, ("qrs_onset", 0, "qrs_end", 0))),
    "STACH": ((_EVERY, ("t_end", 0, "next_qrs_end", 0)),),
}


_ROUNDING = 1e-6  # in samples: a time that falls on a sample falls on it in floating point too


def checked(diagnoses: str | Sequence[str]) -> tuple[str, ...]:
    """Return diagnoses in the standard spelling and order, without doubles; NORM or nothing gives ().

    Parameters
    ----------
    diagnoses
        Names in any case; one string may hold several, with commas between.

    Raises
    ------
    UnknownNameError
        When a name is none of the six and not NORM.
    InvalidInputError
        When two of them exclude each other, with the reason.
    """
    given = diagnoses.split(",") if isinstance(diagnoses, str) else list(diagnoses)
    names = {_canonical(name) for name in given if str(name).strip()}
    if "NORM" in names and len(names) > 1:
        others = " and ".join(sorted(names - {"NORM"}))
        raise InvalidInputError(f"diagnoses must not name NORM beside others; got NORM and {others}. Leave NORM out.")
    for pair, reason in _IMPOSSIBLE.items():
        if pair <= names:
            both = " and ".join(name for name in DIAGNOSES if name in pair)
            raise InvalidInputError(f"diagnoses must be possible together; got {both}: {reason}. Leave one out.")
    return tuple(name for name in DIAGNOSES if name in names)


def _canonical(name: object) -> str:
    known = (*DIAGNOSES, "NORM")
    by_lower = {code.lower(): code for code in known}
    if not isinstance(name, str) or name.strip().lower() not in by_lower:
        raise unknown_name("diagnosis", name, known)
    return by_lower[name.strip().lower()]


def places(
    diagnosis: str, events: Mapping[str, NDArray[np.float64]], samples: int, sampling_rate: float
) -> NDArray[np.bool_]:
    """Return where a diagnosis shows, shape (lead, sample) of the standard leads.

    Parameters
    ----------
    diagnosis
        One of the six.
    events
        When each wave of each beat starts and ends, in s, shape (beat,), with the beats around the record.
    samples, sampling_rate
        The record's length and its rate in Hz.
    """
    following = {f"next_{name}": np.append(times[1:], np.nan) for name, times in events.items()}
    times = {**events, **following}
    mask = np.zeros((len(STANDARD), samples), dtype=bool)
    for leads, (start, start_offset, end, end_offset) in _PLACES[diagnosis]:
        rows = [STANDARD.index(lead) for lead in leads]
        starts = times[start] + start_offset
        ends = times[end] + end_offset
        mask[rows] |= _inside(starts, ends, samples, sampling_rate)
    mask.setflags(write=False)
    return mask


def _inside(starts: Iterable[float], ends: Iterable[float], samples: int, rate: float) -> NDArray[np.bool_]:
    inside = np.zeros(samples, dtype=bool)
    for start, end in zip(starts, ends, strict=True):
        if end > start:  # false as well where an event is missing (NaN)
            first, behind = (max(0, int(np.ceil(time * rate - _ROUNDING))) for time in (start, end))
            inside[first:behind] = True
    return inside
