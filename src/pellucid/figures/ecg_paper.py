"""The leads of an ECG on paper at true scale, 25 mm/s and 10 mm/mV, with relevance, truth and legends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from pellucid.core.errors import InvalidInputError
from pellucid.figures.ecg_drawing import (
    draw_band,
    draw_halo,
    draw_panel,
    draw_paper,
    draw_seconds,
    draw_truth,
    paper_frame,
)
from pellucid.figures.ecg_layout import FOOT, GAIN, LEFT, MARGIN, OFFSET, REACH, SPEED, lay_out
from pellucid.figures.legend import draw_colour_bar
from pellucid.figures.scale import scale_of
from pellucid.figures.style import INK, MUTED, POINT, RESEARCH_USE, TRUTH, drawing, page, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from pellucid.figures.ecg_layout import EcgLayout
    from pellucid.figures.scale import Scale
    from pellucid.records.ecg import EcgRecord

STYLES = ("band", "trace")
TRUTH_ROOM = 3.0  # mm above each lead


def ecg_paper(
    record: EcgRecord,
    relevance: ArrayLike | None = None,
    *,
    layout: str = "12x1",
    style: str = "band",
    scale: float | None = None,
    kind: str | None = None,
    truth: ArrayLike | None = None,
    title: str = "",
) -> Figure:
    """Draw an ECG as it lies on paper; printed at 100 %, 25 mm are a second and 10 mm a millivolt.

    Parameters
    ----------
    record
        At most 120 s of it; any leads, any rate.
    relevance
        Shape (lead, sample), on the record's own grid. Drawn as means over 8 ms.
    layout
        "12x1", "6x2" or "3x4" (with a rhythm strip of lead II); in columns each lead shows a part of the time only.
    style
        "band": a ribbon behind each lead, equally high for all. "trace": colour along the trace.
    scale
        The relevance that is shown in full colour, which makes several figures comparable; by default the
        99.5th percentile of |relevance| over all leads.
    kind
        "signed" (for and against) or "positive"; by default signed if anything is below zero.
    truth
        Shape (lead, sample), bool: where the diagnosis shows. A bracket above the trace.
    title
        Above the paper; the record's name stands below it.

    Raises
    ------
    InvalidInputError
        For relevance or truth of another shape than the signal, or a record over 120 s.
    UnknownNameError
        For another layout.

    Notes
    -----
    About 0.5 s for 12 leads of 10 s at 500 Hz, to PNG.
    """
    if style not in STYLES:
        raise InvalidInputError(f"style must be 'band' or 'trace'; got {style!r}.")
    values = None if relevance is None else as_relevance(relevance, record)
    mask = None if truth is None else as_truth(truth, record)
    shades = None if values is None else scale_of(values, kind=kind, limit=scale)
    place = lay_out(record, layout, room_above=0.0 if mask is None else TRUTH_ROOM)
    with drawing():
        figure = page(place.width, place.height)
        axes = millimetres(figure, place)
        draw_leads(axes, place, record, values, shades, mask, style=style)
        draw_seconds(axes, place, record)
        _draw_head(axes, place, record, title, truth=mask is not None)
        _draw_foot(axes, place, record, values, shades)
    return figure


def millimetres(figure: Figure, place: EcgLayout) -> Axes:
    """Return axes over the whole page whose unit is the millimetre."""
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, place.width), ylim=(0.0, place.height), autoscale_on=False)
    axes.set_axis_off()
    return axes


def draw_leads(
    axes: Axes,
    place: EcgLayout,
    record: EcgRecord,
    relevance: NDArray[np.float64] | None,
    scale: Scale | None,
    truth: NDArray[np.bool_] | None,
    *,
    style: str,
    zoom: float = 1.0,
) -> None:
    """Draw paper, traces, relevance and truth on axes in mm; `zoom` is the size of a drawn mm in real ones."""
    draw_paper(axes, place, zoom=zoom)
    paper_frame(axes, place)
    for panel in place.panels:
        draw_panel(axes, place, record, panel, zoom=zoom)
        if relevance is not None and scale is not None and not scale.empty:
            if style == "band":
                draw_band(axes, record, panel, relevance[panel.lead], scale)
            else:
                draw_halo(axes, record, panel, relevance[panel.lead], scale, zoom=zoom)
        if truth is not None:
            draw_truth(axes, record, panel, truth[panel.lead], zoom=zoom)


def as_relevance(values: ArrayLike, record: EcgRecord) -> NDArray[np.float64]:
    """Return relevance as float64 if it lies on the record's samples; raises InvalidInputError with both shapes."""
    relevance = np.asarray(values, dtype=np.float64)
    _check_shape("relevance", relevance.shape, record)
    return relevance


def as_truth(values: ArrayLike, record: EcgRecord) -> NDArray[np.bool_]:
    """Return a mask as bool if it lies on the record's samples; raises InvalidInputError with both shapes."""
    truth = np.asarray(values, dtype=np.bool_)
    _check_shape("truth", truth.shape, record)
    return truth


def _check_shape(what: str, shape: tuple[int, ...], record: EcgRecord) -> None:
    if shape != record.signal.shape:
        raise InvalidInputError(
            f"{what} of {record.name} must have the record's shape (lead, sample), {record.signal.shape}; got {shape}."
        )


def _draw_head(axes: Axes, place: EcgLayout, record: EcgRecord, title: str, *, truth: bool) -> None:
    top = place.paper[3]
    axes.text(MARGIN, top + 8.2, plain(title or record.name, longest=70), fontsize=11, fontweight="bold", va="center")
    facts = [f"{SPEED:g} mm/s", f"{GAIN:g} mm/mV", f"{record.sampling_rate:g} Hz", f"{record.seconds:.4g} s"]
    if title:
        facts.insert(0, plain(record.name, longest=50))
    axes.text(MARGIN, top + 3.2, "  ·  ".join(facts), fontsize=7.5, color=MUTED, va="center")
    if truth:
        right = place.paper[2]
        axes.text(right, top + 3.2, "where the diagnosis shows (known)", fontsize=7, color=INK, ha="right", va="center")
        xs = np.array([-58.0, -58.0, -50.0, -50.0]) + right
        ys = np.array([2.7, 3.7, 3.7, 2.7]) + top
        axes.add_line(Line2D(xs, ys, color=TRUTH, linewidth=0.35 * POINT, label="truth legend"))


def _draw_foot(
    axes: Axes, place: EcgLayout, record: EcgRecord, relevance: NDArray[np.float64] | None, scale: Scale | None
) -> None:
    left, right = place.paper[0], place.paper[2]
    if scale is not None:
        draw_colour_bar(axes, scale, left=left + LEFT, bottom=FOOT - 12.0)
    axes.text(left, 4.0, RESEARCH_USE, fontsize=7.5, fontweight="bold", va="center")
    remarks = ".  ".join(_remarks(place, record, relevance))
    axes.text(right, 4.0, remarks, fontsize=6.5, color=MUTED, ha="right", va="center")


def _remarks(place: EcgLayout, record: EcgRecord, relevance: NDArray[np.float64] | None) -> list[str]:
    """Return what a reader must know about how this figure was drawn."""
    remarks = []
    if place.clipped:
        remarks.append(f"{', '.join(place.clipped)} cut at {REACH / GAIN:g} mV from the line")
    if place.shifted:
        names = "all leads" if len(place.shifted) == len(record.leads) else ", ".join(place.shifted)
        remarks.append(f"{names} drawn around the median (over {OFFSET:g} mV from zero)")
    if relevance is not None and np.abs(relevance).sum() > 0:
        shown = np.zeros(relevance.shape, dtype=bool)
        for panel in place.panels:
            shown[panel.lead, panel.first : panel.last] = True
        if not shown.all():
            share = np.abs(relevance[shown]).sum() / np.abs(relevance).sum()
            remarks.append(f"{share:.0%} of |relevance| lies in the parts shown")
    return [plain(remark, longest=90) for remark in remarks]
