"""Where each lead lies on a sheet of ECG paper, in millimetres. Pure arithmetic: nothing is drawn here.

Millimetres run from the lower left corner of the page, to the right and upwards. Every lead's line lies on a bold
line of the grid, and so does the record's start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.errors import InvalidInputError, unknown_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.records.ecg import EcgRecord

SPEED = 25.0  # mm a second
GAIN = 10.0  # mm a mV
BOLD = 5.0  # mm between bold lines

MARGIN = 6.0
HEAD = 15.0  # above the paper: title
FOOT = 27.0  # below the paper: seconds, legend, colour bar, footer
LEFT = 20.0  # of the paper, before the trace: name and calibration pulse
RIGHT = 5.0
LEAST_PAPER = 160.0  # wide enough for legend and colour bar under a short record
LEAST_STEP = 15.0  # between two lines: the band and the pulse need it
REACH = 40.0  # a lead is drawn at most this far from its line (4 mV)
BAND = 5.5  # relevance is drawn this far above and below the line, for every lead alike
PULSE = 12.0  # the calibration pulse and some air
CLEARANCE = 2.0
NAME = 4.5  # a lead's name above the start of its trace, where it does not stand before it
NAME_WIDTH = 10.0
LONGEST = 120.0  # seconds on one page
OFFSET = 0.5  # mV: a lead whose median is further from zero is drawn around its median

LAYOUTS = {"12x1": (12, 1), "6x2": (6, 2), "3x4": (3, 4)}


@dataclass(frozen=True, slots=True)
class Panel:
    """One lead over one stretch of time.

    `row` counts from the top; `first` and `last` are samples, the last excluded; `left` is the x of sample `first`
    and `line` the y of `zero`, the signal's value in mV on that line.
    """

    lead: int
    name: str
    row: int
    first: int
    last: int
    left: float
    line: float
    zero: float
    strip: bool = False


@dataclass(frozen=True, slots=True)
class EcgLayout:
    """The page: its size, the paper on it (left, bottom, right, top), the panels, and what does not fit."""

    width: float
    height: float
    paper: tuple[float, float, float, float]
    panels: tuple[Panel, ...]
    lines: tuple[float, ...]
    clipped: tuple[str, ...]
    shifted: tuple[str, ...]


def lay_out(record: EcgRecord, layout: str = "12x1", *, room_above: float = 0.0) -> EcgLayout:
    """Place the leads of a record on a page at 25 mm/s and 10 mm/mV.

    Two lines lie as many bold lines apart as the lower lead's highest and the upper lead's deepest sample need, so
    that no two leads touch; a lead that strays more than 4 mV from its line is cut there and named in `clipped`.

    Parameters
    ----------
    layout
        "12x1": a row for each lead. "6x2" and "3x4": columns, each showing the next part of the time; "3x4" adds
        a rhythm strip of lead II. With other than 12 leads the columns get shorter.
    room_above
        Further mm kept free above each lead.

    Raises
    ------
    InvalidInputError
        For a record longer than 120 s.
    UnknownNameError
        For another layout.
    """
    if layout not in LAYOUTS:
        raise unknown_name("layout", layout, LAYOUTS)
    if record.seconds > LONGEST:
        raise InvalidInputError(
            f"record {record.name} must last at most {LONGEST:g} s to fit on one page; got {record.seconds:g} s. "
            "Draw a part of it: record.cut(start, end)."
        )
    zeros = _zeros(record)
    placed = _placed(record, layout, zeros)
    ups, downs = _reaches(record, placed, room_above)
    drops = [_bold(max(ups[0], PULSE))] + [
        max(LEAST_STEP, _bold(down + up)) for down, up in zip(downs[:-1], ups[1:], strict=True)
    ]
    below = _bold(max(downs[-1], BAND + CLEARANCE))
    paper_height = sum(drops) + below
    paper_width = max(LEAST_PAPER, _bold(LEFT + SPEED * record.seconds + RIGHT))
    top = FOOT + paper_height
    lines = tuple(float(line) for line in top - np.cumsum(drops))
    panels = tuple(replace(panel, left=MARGIN + LEFT + panel.left, line=lines[panel.row]) for panel in placed)
    return EcgLayout(
        width=MARGIN + paper_width + MARGIN,
        height=top + HEAD,
        paper=(MARGIN, FOOT, MARGIN + paper_width, top),
        panels=panels,
        lines=lines,
        clipped=_clipped(record, panels),
        shifted=tuple(lead for lead, zero in zip(record.leads, zeros, strict=True) if zero),
    )


def height_of(signal: NDArray[np.floating], panel: Panel) -> NDArray[np.float64]:
    """Return the y in mm of a lead's values in mV, cut where the lead leaves its reach."""
    up = GAIN * (np.asarray(signal, dtype=np.float64) - panel.zero)
    return np.asarray(panel.line + np.clip(up, -REACH, REACH))


def _bold(length: float) -> float:
    """Return a length rounded up to whole bold lines."""
    return BOLD * math.ceil(length / BOLD - 1e-9)


def _zeros(record: EcgRecord) -> list[float]:
    """Return the value in mV that lies on each lead's line: 0 as long as the lead is somewhere near it."""
    zeros = []
    for row in record.signal:
        known = row[~np.isnan(row)]
        middle = float(np.median(known)) if known.size else 0.0
        zeros.append(middle if abs(middle) > OFFSET else 0.0)
    return zeros


def _placed(record: EcgRecord, layout: str, zeros: list[float]) -> list[Panel]:
    """Return the panels in reading order, `left` from the start of the trace, `line` still open."""
    leads, samples = len(record.leads), record.samples
    columns = min(LAYOUTS[layout][1], leads)
    rows = math.ceil(leads / columns)
    columns = math.ceil(leads / rows)
    edges = [round(column * samples / columns) for column in range(columns + 1)]

    def panel(lead: int, row: int, first: int, last: int, strip: bool = False) -> Panel:
        left = SPEED * first / record.sampling_rate
        return Panel(lead, record.leads[lead], row, first, last, left, 0.0, zeros[lead], strip)

    panels = [panel(i, i % rows, edges[i // rows], edges[i // rows + 1]) for i in range(leads)]
    if layout == "3x4":
        rhythm = record.leads.index("II") if "II" in record.leads else 0
        panels.append(panel(rhythm, rows, 0, samples, strip=True))
    return panels


def _reaches(record: EcgRecord, panels: list[Panel], room_above: float) -> tuple[list[float], list[float]]:
    """Return how far each row reaches above and below its line, in mm, with air around it."""
    rows = 1 + max(panel.row for panel in panels)
    ups, downs = [BAND + room_above] * rows, [BAND] * rows
    for panel in panels:
        heights = height_of(record.signal[panel.lead, panel.first : panel.last], panel)
        highest = float(np.nanmax(heights, initial=0.0))
        if panel.first:
            highest = max(highest, name_height(record, panel) + NAME - CLEARANCE)
        ups[panel.row] = max(ups[panel.row], highest + CLEARANCE + room_above)
        downs[panel.row] = max(downs[panel.row], CLEARANCE - float(np.nanmin(heights, initial=0.0)))
    return ups, downs


def name_height(record: EcgRecord, panel: Panel) -> float:
    """Return the y in mm above which a lead's name meets no trace at the start of its panel."""
    last = min(panel.last, panel.first + math.ceil(NAME_WIDTH / SPEED * record.sampling_rate))
    heights = height_of(record.signal[panel.lead, panel.first : last], panel)
    return float(np.nanmax(heights, initial=panel.line + 1.0))


def _clipped(record: EcgRecord, panels: tuple[Panel, ...]) -> tuple[str, ...]:
    names = []
    for panel in panels:
        away = GAIN * np.abs(record.signal[panel.lead, panel.first : panel.last] - panel.zero)
        if np.nanmax(away, initial=0.0) > REACH and panel.name not in names:
            names.append(panel.name)
    return tuple(names)
