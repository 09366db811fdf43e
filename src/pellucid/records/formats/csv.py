"""Tables of numbers: a line of lead names, then a line a sample."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.records.decoding import decoded, is_text
from pellucid.records.ecg import EcgRecord
from pellucid.records.limits import check_samples
from pellucid.records.units import millivolts
from pellucid.records.wfdb_header import looks_like_header

_SEPARATORS = (";", "\t", ",")
_SETTING = re.compile(r"(?P<key>[a-z_ ]+?)\s*[=:]\s*(?P<value>\S.*)", re.IGNORECASE)
_TIME = re.compile(r"(?:time|t|seconds?|secs?|s|ms|time_?(?:s|sec|ms))", re.IGNORECASE)
_COUNTERS = ("", "sample", "samples", "index", "n")
_UNIT_BEHIND = re.compile(r"(?P<name>.*?)\s*[\[(]\s*(?P<unit>[^\])]*)\s*[\])]")
_PLAUSIBLE_RATES = (20.0, 50_000.0)
_STATE_THE_RATE = "Write a comment line '# sampling_rate=500' on top, or add a column 'time' in seconds."


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one file is written."""

    separator: str
    decimal: str
    columns: tuple[str, ...]
    settings: dict[str, str]


class Csv:
    """Comma, semicolon or tab separated numbers in mV under a line of lead names.

    Lines that begin with `#` may say `sampling_rate=500` and `unit=uV`; a column's name may carry its unit, `V1 (uV)`.
    A column `time` (in seconds; `time_ms` in milliseconds) gives the rate, a column `sample` or `index` is passed over.
    Empty cells and `nan` are samples that were not recorded. With semicolons the decimal sign may be a comma.
    """

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for text whose first two lines have several cells, or for one column of numbers."""
        lines = _rows(decoded(head))[:2] if is_text(head) and not looks_like_header(head) else []
        if len(lines) < 2:
            return False
        layout = _layout(lines, {})
        several = len(layout.columns) > 1 and layout.separator in lines[1]
        return several or (len(layout.columns) == 1 and _is_number(lines[1], layout.decimal))

    def read(self, path: Path) -> EcgRecord:
        """Read the whole table."""
        text = decoded(path.read_bytes())
        lines = _rows(text)
        layout = _layout(lines, _settings(text))
        if all(_is_number(cell, layout.decimal) for cell in layout.columns):
            raise InvalidInputError(
                f"{path} must begin with a line of lead names; its first line is {lines[0][:60]!r}. "
                "Write a line such as 'I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6' on top."
            )
        check_samples(len(layout.columns), len(lines) - 1, path)
        table = _numbers(lines, layout, path)
        times = [column for column, name in enumerate(layout.columns) if _is_time(name)]
        kept = [
            column
            for column, name in enumerate(layout.columns)
            if column not in times and name.lower() not in _COUNTERS
        ]
        if not kept:
            raise InvalidInputError(f"{path} must have a column for each lead; it has {', '.join(layout.columns)}.")
        time = table[:, times[0]] if times else None
        scales = np.array([_scale(layout.columns[column], layout, path) for column in kept])
        return EcgRecord(
            signal=(table[:, kept] * scales).T.astype(np.float32),
            sampling_rate=_rate(layout, time, layout.columns[times[0]] if times else "", path),
            leads=tuple(_without_voltage(layout.columns[column]) for column in kept),
            name=path.stem,
            source=path,
            metadata={key: value for key, value in layout.settings.items() if key not in ("sampling_rate", "unit")},
        )


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _settings(text: str) -> dict[str, str]:
    comments = (line.strip().lstrip("# ").strip() for line in text.splitlines() if line.lstrip().startswith("#"))
    matches = (_SETTING.fullmatch(comment) for comment in comments)
    return {match["key"].strip().lower().replace(" ", "_"): match["value"].strip() for match in matches if match}


def _layout(lines: list[str], settings: dict[str, str]) -> _Layout:
    first, second = lines[0], lines[1] if len(lines) > 1 else ""
    separator = next((mark for mark in _SEPARATORS if mark in first), ",")
    decimal = "," if separator == ";" and "," in second else "."
    columns = tuple(cell.strip().strip('"').strip() for cell in first.split(separator))
    return _Layout(separator, decimal, columns, settings)


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.strip().strip('"').replace(decimal, ".") or "nan")
    except ValueError:
        return False
    return True


def _numbers(lines: list[str], layout: _Layout, path: Path) -> NDArray[np.float64]:
    from pandas import read_csv

    wide = len(layout.columns)
    for row, line in enumerate(lines[1:], start=1):
        cells = line.count(layout.separator) + 1
        if cells != wide:
            remedy = "Is the file cut off?" if cells < wide else "Give every column a name."
            raise UnreadableFileError(
                f"{path}: each line must have {wide} values, one for each column; sample {row} has {cells}. {remedy}"
            )
    body = StringIO("\n".join(lines[1:]))
    try:
        frame = read_csv(body, sep=layout.separator, decimal=layout.decimal, header=None, names=range(wide))
    except Exception as error:  # quotes that never close, and whatever else a damaged line can hold
        raise UnreadableFileError(f"{path} is a damaged table: {str(error).strip()}. Copy it again.") from error
    for name, column in zip(layout.columns, frame, strict=True):
        if frame[column].dtype.kind not in "iuf":
            shown = enumerate(map(str, frame[column]), start=1)
            row, cell = next((item for item in shown if not _is_number(item[1], ".")), (1, str(frame[column][0])))
            raise UnreadableFileError(
                f"{path}: column {name!r} must hold numbers; sample {row} is {cell[:40]!r}. "
                "Remove the column if it is no lead, or leave the cell empty where nothing was recorded."
            )
    return frame.to_numpy(dtype=np.float64)


def _is_time(name: str) -> bool:
    behind = _UNIT_BEHIND.fullmatch(name)
    return _TIME.fullmatch(behind["name"] if behind else name) is not None


def _rate(layout: _Layout, time: NDArray[np.float64] | None, name: str, path: Path) -> float:
    stated = layout.settings.get("sampling_rate")
    if stated is not None:
        number = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*Hz)?", stated, re.IGNORECASE)
        if number is None:
            raise InvalidInputError(f"{path}: sampling_rate must be a number of Hz; got {stated!r}.")
        return float(number[1])
    if time is None:
        raise InvalidInputError(f"{path} does not say its sampling rate. {_STATE_THE_RATE}")
    time = time / 1000 if "ms" in name.lower() else time
    steps = np.diff(time)
    step = float(np.median(steps)) if len(steps) else 0.0
    if not (step > 0 and np.abs(steps - step).max() <= 0.5 * step):
        raise InvalidInputError(
            f"{path}: column {name!r} must rise in even steps; they go from {steps.min(initial=step):g} to "
            f"{steps.max(initial=step):g}. Resample the table, or remove the column. {_STATE_THE_RATE}"
        )
    rate = _whole_if_it_may_be(time)
    low, high = _PLAUSIBLE_RATES
    if not low <= rate <= high:
        raise InvalidInputError(
            f"{path}: column {name!r} gives {rate:g} Hz, which is no ECG. Call it 'time_ms' if it is in milliseconds, "
            "or 'sample' if it counts samples, and then state the rate: '# sampling_rate=500'."
        )
    return rate


def _whole_if_it_may_be(time: NDArray[np.float64]) -> float:
    """Return the mean rate; the whole number beside it where the rounding of the times leaves that open."""
    span = float(time[-1] - time[0])
    rate = (len(time) - 1) / span
    rounding = float(np.abs(np.diff(time) - 1 / rate).max())
    whole = round(rate)
    return float(whole) if abs(rate - whole) <= rate * (rounding / span + 1e-9) else rate


def _scale(column: str, layout: _Layout, path: Path) -> float:
    behind = _UNIT_BEHIND.fullmatch(column)
    unit = layout.settings.get("unit", "mV")
    scale = (millivolts(behind["unit"]) if behind else None) or millivolts(unit)
    if scale is None:
        raise InvalidInputError(f"{path}: unit must be V, mV, uV or nV; got {unit!r}.")
    return scale


def _without_voltage(column: str) -> str:
    behind = _UNIT_BEHIND.fullmatch(column)
    return behind["name"] if behind and millivolts(behind["unit"]) is not None else column
