"""What is wrong with a record, in plain words: checks that need no network.

Each check is a function from a record to findings; the limits stand above them, with what they were measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from pellucid.records.ecg import EcgRecord
from pellucid.records.finding import Finding
from pellucid.records.leads import STANDARD, missing
from pellucid.records.limb_leads import LIMB_LEADS, Repair, breaks, repair
from pellucid.records.slice import MriSlice
from pellucid.records.slice_quality import slice_findings

SHORT, LONG = 5.0, 60.0
"""Seconds: networks are trained on records of about ten."""

FLAT = 1.0
"""Seconds without the smallest change."""

CLIPPED, CLIPPED_BEYOND = 0.04, 0.5
"""Seconds at a lead's very largest or smallest value, and its distance from the median in mV."""

STEEP_TYPICAL, STEEP_MOST, STEEP_LEAST = 0.9, 2.9, 0.08
"""mV: the largest change within 40 ms, see `_steepness`. Of 21,799 records of PTB-XL the upper limit flags 10 (and
none of the 7,173 that are surely normal), of the same with five times the amplitude 98.6 %: `benchmarks/quality.py`."""

FAR = 7.5
"""mV from a lead's median: no heart reaches it on the skin."""

WANDERING = 2.0
"""mV by which the baseline (the median over one second) moves."""

LAW_TOLERANCE = 0.05
"""mV by which limb leads may break Einthoven's and Goldberger's laws: a coarse recorder rounds to 0.01 mV."""


def findings(record: EcgRecord | MriSlice) -> tuple[Finding, ...]:
    """Return what is wrong with a record, or worth knowing before its explanation is believed.

    The kinds of an ECG: `reading`, `missing lead`, `other lead`, `length`, `not recorded`, `flat`, `clipped`,
    `amplitude unit`, `artefact`, `baseline wander`, `limb leads`. Those of a slice: `reading`, `small`, `contrast`,
    `border`, `shape`. Cost: 1 ms for a slice, 4 ms for ten seconds of twelve leads at 500 Hz.
    """
    notes = (Finding("reading", (), str(note)) for note in record.metadata.get("notes", ()))
    if isinstance(record, MriSlice):
        return (*notes, *slice_findings(record))
    centred = _centred(record)
    of_record = (finding for check in _CHECKS for finding in check(record))
    of_shape = (finding for check in _SHAPE_CHECKS for finding in check(record, centred))
    return (*notes, *of_record, *of_shape, *_limb_leads(record))


def _leads_present(record: EcgRecord) -> Iterator[Finding]:
    lacking = missing(record.leads)
    if lacking:
        yield Finding("missing lead", lacking, f"{_listed(lacking)} {_is(lacking)} not in the record.")
    others = tuple(lead for lead in record.leads if lead not in STANDARD)
    if others:
        yield Finding("other lead", others, f"{_listed(others)} {_is(others)} none of the twelve standard leads.")


def _length(record: EcgRecord) -> Iterator[Finding]:
    if record.seconds < SHORT:
        yield Finding("length", (), f"The record is short: {record.seconds:.3g} s; networks expect about 10 s.")
    if record.seconds > LONG:
        yield Finding("length", (), f"The record is long: {record.seconds:.0f} s; networks see about 10 s of it.")


def _not_recorded(record: EcgRecord) -> Iterator[Finding]:
    gaps = ~np.isfinite(record.signal)
    for leads, share in _by_value(record, np.round(gaps.mean(axis=1), 3)):
        if share == 1:
            yield Finding("not recorded", leads, f"{_listed(leads)} {_is(leads)} empty: no sample was recorded.")
        elif share > 0:
            yield Finding("not recorded", leads, f"{share:.1%} of {_listed(leads)} was not recorded (NaN).")


def _flat(record: EcgRecord) -> Iterator[Finding]:
    least = max(2, round(FLAT * record.sampling_rate) - 1)
    still = np.diff(record.signal, axis=1) == 0
    stretches = [_longest_run(row) for row in still]
    lengths = np.array([length if length >= min(least, still.shape[1]) else 0 for _, length in stretches])
    for leads, length in _by_value(record, lengths):
        start = stretches[record.leads.index(leads[0])][0] / record.sampling_rate
        if length == still.shape[1] and length > 0:
            yield Finding("flat", leads, f"{_listed(leads)} {_is(leads)} flat: one value throughout.")
        elif length > 0:
            seconds = (length + 1) / record.sampling_rate
            yield Finding(
                "flat", leads, f"{_listed(leads)} {_is(leads)} flat for {seconds:.1f} s from {start:.1f} s on."
            )


def _clipped(record: EcgRecord, centred: NDArray[np.float32]) -> Iterator[Finding]:
    """Find leads that a recorder at its limit cut off: their largest or smallest value repeats.

    Flat leads and the round top of a wave are told apart: the limit must lie far out and be reached for `CLIPPED`
    seconds at a stretch, from a signal that was steep just before, and not for `FLAT` seconds.
    """
    least = max(3, round(CLIPPED * record.sampling_rate))
    for lead, signal, row in zip(record.leads, record.signal, centred, strict=True):
        for limit, word in ((row.max(), "upper"), (row.min(), "lower")):
            start, length = _longest_run(row == limit)
            long_enough = least <= length < FLAT * record.sampling_rate
            if abs(limit) > CLIPPED_BEYOND and long_enough and _stops_short(row, start, length):
                yield Finding("clipped", (lead,), f"{lead} is cut off at its {word} limit of {signal[start]:.2f} mV.")


def _amplitude(record: EcgRecord) -> Iterator[Finding]:
    if len(set(record.leads) & set(STANDARD)) < 8:
        return  # the mean over leads is what makes it sharp; a single lead may well be five times another
    steepness = _steepness(record)
    if not np.isfinite(steepness):
        return
    ratio = steepness / STEEP_TYPICAL
    if steepness > STEEP_MOST:
        yield Finding(
            "amplitude unit",
            (),
            f"The amplitudes are about {ratio:.1f} times the usual (steepest change within 40 ms: {steepness:.1f} mV, "
            f"usual {STEEP_TYPICAL:g}). The gain or the unit in the file is probably wrong; networks will be misled.",
        )
    elif 0 < steepness < STEEP_LEAST:
        yield Finding(
            "amplitude unit",
            (),
            f"The amplitudes are about 1/{1 / ratio:.0f} of the usual (steepest change within 40 ms: "
            f"{steepness:.2g} mV, usual {STEEP_TYPICAL:g}). The gain or the unit in the file is probably wrong.",
        )


def _steepness(record: EcgRecord) -> float:
    """Return the steepest change within 40 ms in mV: median over stretches of two seconds, mean over leads.

    Taken on means over 10 ms, so that the sampling rate does not matter; a difference, so that baseline wander does
    not; a median, so that an artefact does not.
    """
    block = max(1, round(0.01 * record.sampling_rate))
    count = record.samples // block
    rows = [row for lead, row in zip(record.leads, record.signal, strict=True) if lead in STANDARD]
    means = np.stack(rows)[:, : count * block].reshape(len(rows), count, block).mean(axis=2)
    changes = np.abs(means[:, 4:] - means[:, :-4])
    width = min(changes.shape[1], round(2 * record.sampling_rate / block))
    if width == 0:
        return float("nan")
    stretches = changes[:, : changes.shape[1] // width * width].reshape(len(rows), -1, width).max(axis=2)
    finite = np.where(np.isfinite(stretches).any(axis=1, keepdims=True), stretches, 0)
    return float(np.nanmedian(finite, axis=1).mean())


def _artefacts(record: EcgRecord, centred: NDArray[np.float32]) -> Iterator[Finding]:
    beyond = np.abs(centred) > FAR
    leads = _names(record, np.asarray(beyond.any(axis=1)))
    if leads:
        seconds = np.flatnonzero(beyond.any(axis=0)) / record.sampling_rate
        yield Finding(
            "artefact",
            leads,
            f"{_listed(leads)} {_is(leads, 'goes', 'go')} beyond {FAR:g} mV, first at {seconds[0]:.1f} s; "
            "no heart does that.",
        )


def _wander(record: EcgRecord, centred: NDArray[np.float32]) -> Iterator[Finding]:
    width = round(record.sampling_rate)
    count = record.samples // width
    if width < 1 or count < 2:
        return
    seconds = centred[:, : count * width].reshape(len(record.leads), count, width)
    baseline = np.median(seconds, axis=2)
    movement = np.ptp(baseline, axis=1)
    leads = _names(record, movement > WANDERING)
    if leads:
        most = float(movement.max())
        yield Finding("baseline wander", leads, f"The baseline of {_listed(leads)} moves by up to {most:.1f} mV.")


def _limb_leads(record: EcgRecord) -> Iterator[Finding]:
    broken = breaks(record, LAW_TOLERANCE)
    if not broken:
        return
    worst = broken[0]
    leads = ("I", "II", *(item.lead for item in broken))
    law = (
        f"The limb leads break Einthoven's and Goldberger's laws: {worst.lead} is {worst.deviation:.2f} mV away from "
        f"what I and II demand, at {worst.second:.1f} s."
    )
    yield Finding("limb leads", leads, f"{law} {_advice(repair(record))}")


def _advice(found: Repair | None) -> str:
    if found is None:
        return "No other order, sign or gain mends it: at least one of them was damaged or processed alone."
    moved = [(lead, source) for lead, source in zip(LIMB_LEADS, found.sources, strict=True) if lead != source]
    signs = [lead for lead, source, factor in zip(LIMB_LEADS, found.sources, found.factors, strict=True) if factor < 0]
    parts = [f"what is called {source} is {lead}" for lead, source in moved]
    parts += [f"{lead} has the wrong sign" for lead in signs]
    if parts:
        return f"They obey if {', '.join(parts)}."
    gains = ", ".join(f"{lead} x {factor:.2f}" for lead, factor in zip(LIMB_LEADS, found.factors, strict=True))
    return f"They obey once rescaled ({gains}): the leads have different gains, and sizes cannot be compared."


_CHECKS: tuple[Callable[[EcgRecord], Iterator[Finding]], ...] = (
    _leads_present,
    _length,
    _not_recorded,
    _flat,
    _amplitude,
)
_SHAPE_CHECKS: tuple[Callable[[EcgRecord, NDArray[np.float32]], Iterator[Finding]], ...] = (
    _clipped,
    _artefacts,
    _wander,
)


def _stops_short(row: NDArray[np.float32], start: int, length: int) -> bool:
    """Say whether the signal ran into a wall: the step before or behind the plateau is steep for this lead."""
    steps = np.abs(np.diff(row))
    around = steps[[index for index in (start - 1, start + length - 1) if 0 <= index < len(steps)]]
    return bool((around > 0.1 * np.ptp(row)).any())


def _longest_run(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where the longest run of True begins, and its length."""
    edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return 0, 0
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest] - starts[longest])


def _centred(record: EcgRecord) -> NDArray[np.float32]:
    """Return the signal about each lead's median, with 0 where nothing was recorded."""
    finite = np.isfinite(record.signal)
    medians = [np.median(row[there]) if there.any() else 0 for row, there in zip(record.signal, finite, strict=True)]
    centred: NDArray[np.float32] = np.where(finite, record.signal - np.array(medians, dtype=np.float32)[:, None], 0)
    return centred


def _names(record: EcgRecord, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(lead for lead, yes in zip(record.leads, chosen, strict=True) if yes)


def _by_value(record: EcgRecord, values: NDArray[np.float64]) -> Iterator[tuple[tuple[str, ...], float]]:
    for value in dict.fromkeys(values.tolist()):
        yield _names(record, values == value), value


def _listed(leads: tuple[str, ...]) -> str:
    return leads[0] if len(leads) == 1 else f"{', '.join(leads[:-1])} and {leads[-1]}"


def _is(leads: tuple[str, ...], one: str = "is", many: str = "are") -> str:
    return one if len(leads) == 1 else many
