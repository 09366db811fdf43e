"""WFDB records as PhysioNet publishes them: a header with its signal files, MATLAB v4 files among them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import canonical
from pellucid.records.limits import check_samples
from pellucid.records.units import millivolts
from pellucid.records.wfdb_header import (
    DEFAULT_RATE,
    GAP,
    Header,
    beside,
    check_signal_files,
    looks_like_header,
    read_header,
)

_SIGNAL_FILES = (".dat", ".mat")
_FACT = re.compile(r"<?(?P<key>age|sex|gender)>?\s*:\s*(?P<value>\S.*?)\s*", re.IGNORECASE)


@dataclass(slots=True)
class _Leads:
    """What has been read so far: mV by name, rates by name, and remarks."""

    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Wfdb:
    """Every signal format that wfdb reads, in mV, single and multi-segment; samples marked invalid become NaN.

    Signals that are no voltages (breathing, pressure) and voltages of another rate than most are left out, and the
    record's notes say so. Departure from wfdb: signals of several samples per frame keep all of them.
    """

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for the two first lines of a header; signal files bear no mark and are known by their suffix."""
        return looks_like_header(head) or path.suffix.lower() in (*_SIGNAL_FILES, ".hea")

    def read(self, path: Path) -> EcgRecord:
        """Read the record of a header, or of the header beside a signal file."""
        if path.suffix.lower() in _SIGNAL_FILES:
            signal_file, path = path, path.with_suffix(".hea")
            if not path.is_file():
                raise UnreadableFileError(
                    f"{signal_file} holds samples without their meaning: its WFDB header {path.name} is not beside it. "
                    "Put it there, or name the header if it is called otherwise."
                )
        header = read_header(path)
        leads = _read_segments(header) if header.segments else _read_signals(header)
        rate = _common_rate(leads, path)
        return EcgRecord(
            signal=np.stack(list(leads.values.values())),
            sampling_rate=rate,
            leads=tuple(leads.values),
            name=path.stem,
            source=path,
            metadata=_metadata(header, leads.notes),
        )


def _read_segments(header: Header) -> _Leads:
    """Put the segments one behind the other; where one lacks a lead, its samples are NaN."""
    total = sum(length for _, length in header.segments)
    whole = _Leads()
    start = 0
    for name, length in header.segments:
        if name != GAP and length > 0:
            segment = read_header(beside(header.path, f"{name}.hea"))
            if segment.segments or (segment.frames, segment.rate) != (length, header.rate):
                found = "segments of its own" if segment.segments else f"{segment.frames} at {segment.rate} Hz"
                raise UnreadableFileError(
                    f"{segment.path} must be a plain segment of {length} samples at {header.rate} Hz, as "
                    f"{header.path.name} announces; it has {found}. Copy the record again."
                )
            signals = len(whole.values) + sum(signal.per_frame for signal in segment.signals)
            check_samples(signals, total, header.path)
            _join(whole, _read_signals(segment), start, total, segment)
        start += length
    if not whole.values:
        raise UnreadableFileError(f"{header.path} has no segment with a signal.")
    return whole


def _join(whole: _Leads, part: _Leads, start: int, total: int, segment: Header) -> None:
    for name, values in part.values.items():
        per_frame = len(values) // (segment.frames or 1)
        if name not in whole.values:
            whole.values[name] = np.full(total * per_frame, np.nan)
            whole.rates[name] = part.rates[name]
        if whole.rates[name] != part.rates[name]:
            raise UnreadableFileError(
                f"{segment.path}: {name} must have {whole.rates[name]:g} Hz as in the segments before; it has "
                f"{part.rates[name]:g}. Read the segments one by one."
            )
        whole.values[name][start * per_frame : start * per_frame + len(values)] = values
    whole.notes.extend(note for note in part.notes if note not in whole.notes)


def _read_signals(header: Header) -> _Leads:
    check_signal_files(header)
    record = _by_wfdb(header)
    leads = _Leads()
    rate = header.rate or DEFAULT_RATE
    if header.rate is None:
        leads.notes.append(f"The header states no sampling rate; WFDB's default of {DEFAULT_RATE:g} Hz is assumed.")
    values = record.e_p_signal or record.dac(expanded=True)
    names = _different(_names(record.sig_name))
    for name, signal, samples in zip(names, header.signals, values, strict=True):
        scale = millivolts(signal.unit)
        if scale is None:
            leads.notes.append(f"{name} is left out: its unit {signal.unit} is no voltage.")
            continue
        if not signal.calibrated:
            leads.notes.append(f"The header gives no gain for {name}; WFDB's default of 200 units per mV is assumed.")
        leads.values[name] = samples * scale
        leads.rates[name] = rate * signal.per_frame
    wrong = _wrong_checksums(header, record, names)
    if wrong:
        leads.notes.append(f"The checksum of {', '.join(wrong)} is not the header's: the samples may be damaged.")
    return leads


def _by_wfdb(header: Header) -> Any:
    from wfdb.io.record import rdrecord

    if header.path.suffix != ".hea":
        raise UnreadableFileError(f"{header.path} is a WFDB header; its suffix must be .hea. Rename it.")
    if "::" in str(header.path.absolute()):  # wfdb hands paths to fsspec, which takes this for a chain of stores
        raise UnreadableFileError(f"{header.path} cannot be read from a folder with '::' in its name. Rename it.")
    try:
        # wfdb 4.3 stumbles over the big-endian integers of format 61, unless it may turn them into floats itself.
        physical = any(signal.code == "61" for signal in header.signals)
        record = rdrecord(str(header.path.with_suffix("")), physical=physical, smooth_frames=False)
    except Exception as error:  # wfdb raises whatever happens inside it, down to a bare Exception
        raise UnreadableFileError(f"{header.path} or its signal file is damaged: {error}. Copy both again.") from error
    check_samples(record.n_sig, record.sig_len or 0, header.path)
    return record


def _names(given: list[str | None] | None) -> list[str]:
    return [canonical(name) if name else f"signal {row}" for row, name in enumerate(given or [], start=1)]


def _different(names: list[str]) -> list[str]:
    """Return the names, numbered where they occur more than once, as Holter recorders give them (ECG, ECG)."""
    counts, seen = Counter(names), Counter[str]()
    different = []
    for name in names:
        seen[name] += 1
        different.append(f"{name} #{seen[name]}" if counts[name] > 1 else name)
    return different


def _wrong_checksums(header: Header, record: Any, names: list[str]) -> list[str]:
    if record.e_d_signal is None or any(record.skew):
        return []  # no integers are left, or not those of the file
    sums = zip(names, header.signals, record.calc_checksum(expanded=True), strict=True)
    return [name for name, signal, found in sums if signal.checksum is not None and (signal.checksum - found) % 65536]


def _common_rate(leads: _Leads, path: Path) -> float:
    """Keep the leads of the most frequent rate, the highest among equals, and say which were left out."""
    if not leads.values:
        told = " ".join(leads.notes)
        raise UnreadableFileError(f"{path} holds no ECG: none of its signals is in V, mV or uV. {told}")
    counts = Counter(leads.rates.values())
    rate = max(counts, key=lambda value: (counts[value], value))
    for name in [name for name, own in leads.rates.items() if own != rate]:
        leads.notes.append(f"{name} is left out: it has {leads.rates[name]:g} Hz, most leads have {rate:g} Hz.")
        del leads.values[name]
    return rate


def _metadata(header: Header, notes: list[str]) -> dict[str, Any]:
    facts = (_FACT.fullmatch(comment) for comment in header.comments)
    known = {fact["key"].lower().replace("gender", "sex"): fact["value"] for fact in facts if fact}
    entries = known | {"recorded": header.moment, "comments": list(header.comments), "notes": notes}
    return {key: value for key, value in entries.items() if value}
