"""The header of a WFDB record, read for what must be known before its signal files are opened.

The samples themselves are wfdb's work. This is what wfdb does not do: keep to the header's own folder, compare
announced with present bytes, read units in their own encoding, name what is wrong.
Source: the WFDB Applications Guide, header(5) and signal(5).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pellucid.core.errors import UnreadableFileError
from pellucid.records.decoding import decoded, is_text
from pellucid.records.limits import check_bytes, check_samples

# Bits of one sample on disk; the FLAC formats 508, 516 and 524 have no fixed number.
BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 32 / 3, "311": 32 / 3}
COMPRESSED = ("508", "516", "524")
GAP = "~"
DEFAULT_RATE = 250.0
_MAX_HEADER = 2**20  # bytes; longer ones end as cut off

_RECORD = re.compile(
    r"(?P<name>[-\w]+)(?:/(?P<segments>\d{1,9}))?[ \t]+(?P<leads>\d{1,9})(?:[ \t]+(?P<rest>.*))?", re.ASCII
)
_RATE = re.compile(
    r"(?:(?P<rate>\d{1,9}(?:\.\d*)?|\.\d+)(?:/\S*)?(?:\s+(?P<samples>\d{1,15})(?:\s+(?P<moment>.*))?)?)?", re.ASCII
)
_FORMAT = re.compile(r"(?P<code>\d{1,9})(?:x(?P<per_frame>\d{1,9}))?(?::\d+)?(?:\+(?P<offset>\d{1,15}))?", re.ASCII)
_GAIN = re.compile(
    r"(?P<gain>[-+]?\d*\.?\d*(?:[eE][+-]?\d+)?)(?:\(-?\d+\))?(?:/(?P<unit>\S*))?",
)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]*\.?\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal line: where its samples lie and what they mean."""

    file: str
    code: str
    per_frame: int
    offset: int
    unit: str
    calibrated: bool
    checksum: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """A header file: either signals, or segments of (name, frames)."""

    path: Path
    rate: float | None
    frames: int | None
    moment: str
    signals: tuple[Signal, ...]
    segments: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]


def looks_like_header(head: bytes) -> bool:
    """Say whether text begins like a WFDB header: a record line, and a line that begins with a file or a segment."""
    if not is_text(head):
        return False
    lines = _content(decoded(head))
    if not lines or _RECORD.fullmatch(lines[0]) is None:
        return False
    second = lines[1].split() if len(lines) > 1 else []
    return not lines[1:] or (len(second) > 1 and second[1][:1].isdigit() and not _is_number(second[0]))


def read_header(path: Path) -> Header:
    """Read and check a header, but not the files that it names.

    Raises
    ------
    UnreadableFileError
        With the header, the line that cannot be understood, and what it should be.
    """
    check_bytes(path.stat().st_size, path)
    with path.open("rb") as stream:
        text = decoded(stream.read(_MAX_HEADER))
    lines = _content(text)
    match = _RECORD.fullmatch(lines[0]) if lines else None
    rate = _RATE.fullmatch(match["rest"] or "") if match else None
    announced = int(match["segments"] or match["leads"]) if match else 0
    if match is None or rate is None or announced == 0:
        found = "no text" if "\0" in text else repr((lines or [""])[0][:60])
        raise UnreadableFileError(
            f"{path} is no WFDB header: its first line must be NAME LEADS RATE SAMPLES; got {found}. "
            "Copy it again, or give the file the suffix of what it is."
        )
    body = lines[1:]
    if len(body) != announced:
        raise UnreadableFileError(
            f"{path} announces {announced} lines and has {len(body)}. Copy it again, or remove what does not belong."
        )
    return Header(
        path=path,
        rate=float(rate["rate"]) if rate["rate"] else None,
        frames=int(rate["samples"]) if rate["samples"] else None,
        moment=(rate["moment"] or "").strip(),
        signals=() if match["segments"] else tuple(_signal(line, path) for line in body),
        segments=tuple(_segment(line, path) for line in body) if match["segments"] else (),
        comments=tuple(line.strip().lstrip("#").strip() for line in text.splitlines() if line.lstrip()[:1] == "#"),
    )


def beside(header: Path, name: str) -> Path:
    """Return the file `name` in the header's own folder.

    Raises
    ------
    UnreadableFileError
        If it is missing, or lies elsewhere by its name or as a link: a header may come from a stranger.
    """
    if _FILE_NAME.fullmatch(name) is None:
        raise UnreadableFileError(
            f"{header} names the file {name!r}; WFDB allows names of letters, digits, _ and - with one suffix, in the "
            "header's own folder. Put the file there, rename it, and write the new name into the header."
        )
    file = header.parent / name
    if not file.is_file():
        raise UnreadableFileError(f"{header} names {name}, which is not beside it. Put {name} into {header.parent}.")
    if file.resolve().parent != header.parent.resolve():
        raise UnreadableFileError(
            f"{file} is a link to {file.resolve()}, outside the header's folder, and is not followed. Copy it there."
        )
    return file


def check_signal_files(header: Header) -> None:
    """Refuse a header whose signal files are missing, elsewhere, shorter than announced or too large."""
    files: dict[str, list[Signal]] = defaultdict(list)
    for signal in header.signals:
        files[signal.file].append(signal)
    sizes = {name: beside(header.path, name).stat().st_size for name in files}
    for name, size in sizes.items():
        check_bytes(size, header.path.parent / name)
    check_bytes(sum(sizes.values()), header.path)
    if header.frames is None:
        samples = sum(_samples_held(signals[0], sizes[name]) for name, signals in files.items())
        check_samples(1, samples, header.path)
    else:
        check_samples(sum(signal.per_frame for signal in header.signals), header.frames, header.path)
    for name, signals in files.items():
        needed = _bytes_needed(signals, header.frames or 1)
        if sizes[name] < needed:
            raise UnreadableFileError(
                f"{header.path.parent / name} must have {needed:,} bytes for the {header.frames or 1:,} samples that "
                f"{header.path.name} announces; it has {sizes[name]:,}. It is cut off: copy it again."
            )


def _samples_held(signal: Signal, size: int) -> int:
    if signal.code in COMPRESSED:
        raise UnreadableFileError(
            f"{signal.file} is compressed, and its header does not say how many samples it has. Write the number "
            "behind the sampling rate, in the header's first line."
        )
    return int((size - signal.offset) * 8 / BITS[signal.code])


def _bytes_needed(signals: list[Signal], frames: int) -> int:
    first = signals[0]
    if first.code in COMPRESSED:
        return 1
    samples = frames * sum(signal.per_frame for signal in signals)
    return first.offset + math.ceil(samples * BITS[first.code] / 8)


def _signal(line: str, path: Path) -> Signal:
    file, code, gain, _, _, _, checksum, *_ = [*line.split(), *[""] * 7]
    stored, scaled = _FORMAT.fullmatch(code), _GAIN.fullmatch(gain)
    if stored is None or (stored["code"] not in BITS and stored["code"] not in COMPRESSED):
        raise UnreadableFileError(
            f"{path} names the signal format {code!r}; known are {', '.join([*BITS, *COMPRESSED])}. "
            "Convert the record with PhysioNet's xform."
        )
    value = scaled["gain"] if scaled else ""
    return Signal(
        file=file,
        code=stored["code"],
        per_frame=int(stored["per_frame"] or 1),
        offset=int(stored["offset"] or 0),
        unit=(scaled["unit"] or "mV") if scaled else "mV",
        calibrated=_is_number(value) and float(value) != 0,
        checksum=int(checksum) if _WHOLE.fullmatch(checksum) else None,
    )


def _segment(line: str, path: Path) -> tuple[str, int]:
    name, length, *_ = [*line.split(), "", ""]
    if _WHOLE.fullmatch(length) is None or int(length) < 0:
        raise UnreadableFileError(f"{path}: a segment line must be NAME SAMPLES; got {line[:60]!r}. Copy it again.")
    return name, int(length)


def _content(text: str) -> list[str]:
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
