"""Draws laid-out leads on axes whose unit is the millimetre: paper, pulses, names, traces, relevance, truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from pellucid.figures.ecg_layout import BAND, BOLD, GAIN, LEFT, SPEED, height_of, name_height
from pellucid.figures.style import (
    GRID_BOLD,
    GRID_FINE,
    INK,
    MUTED,
    POINT,
    TRUTH,
    colour_map,
    plain,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from pellucid.figures.ecg_layout import EcgLayout, Panel
    from pellucid.figures.scale import Scale
    from pellucid.records.ecg import EcgRecord

TRACE_WIDTH = 0.24  # mm
HALO_WIDTH = 2.0
LEVELS = 24  # shades of colour along the trace, on either side of zero
BINS = 5.0  # relevance is averaged to this many values a mm: 8 ms each
PULSE_START = 10.0  # from the paper's left edge
PULSE_LENGTH = SPEED * 0.2
BRACKET_FOOT = 1.0
BRACKET_AIR = 1.2  # between a bracket's feet and what is below it
NEAR = 0.08  # s beside a stretch whose trace the bracket must clear, too


def draw_paper(axes: Axes, place: EcgLayout, *, zoom: float = 1.0) -> None:
    """Draw the grid, fine lines at 1 mm and bold ones at 5 mm, and the calibration pulse of every row.

    `zoom` is the size of a drawn millimetre in real ones; it scales the strokes.
    """
    left, bottom, right, top = place.paper
    columns, rows = np.arange(round(right - left) + 1), np.arange(round(top - bottom) + 1)
    for bold, colour, width in ((False, GRID_FINE, 0.10), (True, GRID_BOLD, 0.16)):
        xs = left + columns[(columns % round(BOLD) == 0) == bold]
        ys = bottom + rows[(rows % round(BOLD) == 0) == bold]
        ends = [((x, bottom), (x, top)) for x in xs] + [((left, y), (right, y)) for y in ys]
        grid = PathPatch(  # one path for all lines, which keeps SVG small
            Path(np.reshape(ends, (-1, 2)), np.tile([Path.MOVETO, Path.LINETO], len(ends))),
            fill=False,
            edgecolor=colour,
            linewidth=width * POINT * zoom,
            zorder=1 + 0.1 * bold,
            snap=True,
            label="grid, bold" if bold else "grid, fine",
        )
        axes.add_patch(grid)
    start = left + PULSE_START
    end = PULSE_LENGTH
    shape = np.array([(-1.0, 0.0), (0.0, 0.0), (0.0, GAIN), (end, GAIN), (end, 0.0), (end + 2.0, 0.0)])
    pulses = LineCollection(
        [shape + np.array((start, line)) for line in place.lines],
        colors=INK,
        linewidths=TRACE_WIDTH * POINT * zoom,
        zorder=4,
    )
    pulses.set_label("calibration pulse, 1 mV and 0.2 s")
    axes.add_collection(pulses, autolim=False)


def draw_panel(axes: Axes, place: EcgLayout, record: EcgRecord, panel: Panel, *, zoom: float = 1.0) -> None:
    """Draw one lead's trace and name."""
    steps = np.arange(panel.last - panel.first) * SPEED / record.sampling_rate
    heights = height_of(record.signal[panel.lead, panel.first : panel.last], panel)
    trace = Line2D(
        panel.left + steps, heights, color=INK, linewidth=TRACE_WIDTH * POINT * zoom, solid_joinstyle="round", zorder=4
    )
    trace.set_label(f"{'rhythm strip' if panel.strip else 'trace'} {panel.name}")
    axes.add_line(trace)
    name = plain(panel.name, longest=8)
    if panel.first == 0:
        axes.text(place.paper[0] + 1.2, panel.line, name, fontsize=8 * zoom, fontweight="bold", va="center", zorder=5)
    else:
        above = name_height(record, panel) + 1.0
        axes.text(panel.left + 1.0, above, name, fontsize=8 * zoom, fontweight="bold", zorder=5)
        ends = [panel.line - 3.0, panel.line + 3.0]
        mark = Line2D([panel.left] * 2, ends, color=INK, linewidth=0.3 * POINT * zoom, zorder=4)
        mark.set_label(f"start {panel.name}")
        axes.add_line(mark)


def draw_band(axes: Axes, record: EcgRecord, panel: Panel, relevance: NDArray[np.float64], scale: Scale) -> None:
    """Draw relevance as a ribbon behind a lead, 5.5 mm above and below its line."""
    values, edges = averaged(relevance[panel.first : panel.last], record.sampling_rate)
    low = -1.0 if scale.kind == "signed" else 0.0
    bin_edges = panel.left + edges * SPEED / record.sampling_rate
    mesh = axes.pcolormesh(
        bin_edges,
        [panel.line - BAND, panel.line + BAND],
        values[None, :] / scale.limit,
        cmap=colour_map(scale.kind),
        vmin=low,
        vmax=1.0,
        zorder=2,
        linewidth=0,
        antialiased=False,
        rasterized=True,
        shading="flat",
    )
    mesh.set_label(f"relevance {panel.name}")


def draw_halo(
    axes: Axes, record: EcgRecord, panel: Panel, relevance: NDArray[np.float64], scale: Scale, *, zoom: float = 1.0
) -> None:
    """Draw relevance along a trace, like a highlighter; the strongest lies on top."""
    values, edges = averaged(relevance[panel.first : panel.last], record.sampling_rate)
    levels = np.rint(np.clip(values / scale.limit, -1, 1) * LEVELS).astype(int)
    changes = np.flatnonzero(np.diff(levels)) + 1
    starts, ends = np.r_[0, changes], np.r_[changes, len(levels)]
    heights = height_of(record.signal[panel.lead, panel.first : panel.last], panel)
    points = np.column_stack([panel.left + np.arange(len(heights)) * SPEED / record.sampling_rate, heights])
    runs = [(int(levels[a]), points[edges[a] : edges[b] + 1]) for a, b in zip(starts, ends, strict=True)]
    runs = sorted((run for run in runs if run[0]), key=lambda run: abs(run[0]))
    # Opaque shades: overlapping strokes must not add up.
    shades = tint(np.array([level for level, _ in runs]) / LEVELS, kind=scale.kind)
    opaque = 1.0 - shades[:, 3:] * (1.0 - shades[:, :3])
    halo = LineCollection(
        [run for _, run in runs], colors=opaque, linewidths=HALO_WIDTH * POINT * zoom, capstyle="butt", zorder=3
    )
    halo.set_label(f"relevance {panel.name}")
    axes.add_collection(halo, autolim=False)


def draw_truth(axes: Axes, record: EcgRecord, panel: Panel, truth: NDArray[np.bool_], *, zoom: float = 1.0) -> None:
    """Draw a bracket over each stretch of a lead where the diagnosis shows, just above the trace and its ribbon."""
    heights = height_of(record.signal[panel.lead, panel.first : panel.last], panel)
    near = round(NEAR * record.sampling_rate)
    brackets = []
    for start, end in stretches(truth[panel.first : panel.last]):
        below = np.nanmax(heights[max(0, start - near) : end + near], initial=panel.line + BAND) + BRACKET_AIR
        left, right = (panel.left + sample * SPEED / record.sampling_rate for sample in (start, end))
        above = below + BRACKET_FOOT
        brackets.append([(left, below), (left, above), (right, above), (right, below)])
    lines = LineCollection(brackets, colors=TRUTH, linewidths=0.35 * POINT * zoom, capstyle="butt", zorder=5)
    lines.set_label(f"truth {panel.name}")
    axes.add_collection(lines, autolim=False)


def draw_seconds(axes: Axes, place: EcgLayout, record: EcgRecord) -> None:
    """Write the time under the paper, every whole second."""
    left, bottom = place.paper[0] + LEFT, place.paper[1]
    for second in range(int(record.seconds) + 1):
        text = f"{second} s" if second == 0 else str(second)
        axes.text(left + SPEED * second, bottom - 1.2, text, fontsize=6.5, color=MUTED, ha="center", va="top")


def paper_frame(axes: Axes, place: EcgLayout) -> None:
    """Draw the paper's edge."""
    left, bottom, right, top = place.paper
    edge = Rectangle((left, bottom), right - left, top - bottom, fill=False, edgecolor=GRID_BOLD, linewidth=0.6)
    edge.set_zorder(1.2)
    axes.add_patch(edge)


def averaged(values: NDArray[np.float64], rate: float) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return a lead's relevance as means over at least 8 ms, and the sample at which each begins (and the end)."""
    bins = max(1, min(len(values), round(len(values) * SPEED / rate * BINS)))
    edges = np.rint(np.linspace(0, len(values), bins + 1)).astype(np.intp)
    return np.add.reduceat(values, edges[:-1]) / np.diff(edges), edges


def stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the last sample (excluded) of each run of True."""
    steps = np.diff(np.r_[0, mask.astype(np.int8), 0])
    return [(int(a), int(b)) for a, b in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)]
