"""A sheet of several ECG explanations, such as methods across and records down, each drawn smaller than life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.core.errors import InvalidInputError
from pellucid.figures.ecg_layout import GAIN, LEFT, SPEED, lay_out
from pellucid.figures.ecg_paper import TRUTH_ROOM, as_relevance, as_truth, draw_leads
from pellucid.figures.legend import BAR_WIDTH, draw_colour_bar
from pellucid.figures.scale import scale_of
from pellucid.figures.style import MUTED, RESEARCH_USE, drawing, page, plain

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pellucid.figures.ecg_layout import EcgLayout
    from pellucid.records.ecg import EcgRecord

MARGIN = 6.0
GUTTER = 5.0
HEAD = 17.0
FOOT = 8.0
CAPTION = 6.0  # above each cell
LEGEND = 9.0  # below each cell


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cell:
    """One ECG of a sheet: what `ecg_paper` takes, and a caption."""

    record: EcgRecord
    relevance: NDArray[np.floating] | None = None
    truth: NDArray[np.bool_] | None = None
    kind: str | None = None
    caption: str = ""


def sheet(
    rows: Sequence[Sequence[Cell]], *, size: float = 0.5, layout: str = "12x1", style: str = "band", title: str = ""
) -> Figure:
    """Draw a grid of ECGs.

    Parameters
    ----------
    rows
        The cells of each row; rows may differ in length. Each cell has its own scale and colour bar.
    size
        The length of a paper millimetre on the sheet, in mm: 0.5 draws 12.5 mm/s and 5 mm/mV. The sheet says so.

    Raises
    ------
    InvalidInputError
        For a sheet without cells, a size outside 0.1 to 1, or arrays that do not fit their records.
    """
    if not rows or not all(rows):
        raise InvalidInputError("sheet must have at least one cell in each row; got an empty one.")
    if not 0.1 <= size <= 1:
        raise InvalidInputError(f"size of a sheet must be 0.1 to 1 of life; got {size!r}.")
    places = [[_placed(cell, layout) for cell in row] for row in rows]
    widths = [max(_wide(row[i]) for row in places if i < len(row)) * size for i in range(max(map(len, places)))]
    heights = [max(_high(place) for place in row) * size for row in places]
    width = 2 * MARGIN + sum(widths) + GUTTER * (len(widths) - 1)
    height = HEAD + sum(heights) + (CAPTION + LEGEND) * len(rows) + FOOT
    with drawing():
        figure = page(width, height)
        words = plain(title, longest=90)
        figure.text(MARGIN / width, 1 - 6 / height, words, fontsize=11, fontweight="bold", va="center")
        facts = f"{SPEED * size:g} mm/s  ·  {GAIN * size:g} mm/mV  ·  one scale for each map"
        known = any(cell.truth is not None for row in rows for cell in row)
        facts += "  ·  brackets: where the diagnosis shows" if known else ""
        figure.text(MARGIN / width, 1 - 11.5 / height, facts, fontsize=7.5, color=MUTED, va="center")
        figure.text(MARGIN / width, 4 / height, RESEARCH_USE, fontsize=7.5, fontweight="bold", va="center")
        top = height - HEAD
        for row, placed, high in zip(rows, places, heights, strict=True):
            for i, (cell, place) in enumerate(zip(row, placed, strict=True)):
                left = MARGIN + sum(widths[:i]) + GUTTER * i
                figure.text(left / width, (top - CAPTION / 2) / height, plain(cell.caption, longest=60), va="center")
                bottom = top - CAPTION - _high(place) * size
                box = (left, bottom - LEGEND, _wide(place) * size, _high(place) * size + LEGEND)
                _draw_cell(figure, cell, place, box, size, style)
            top -= CAPTION + high + LEGEND
    return figure


def _draw_cell(
    figure: Figure, cell: Cell, place: EcgLayout, box: tuple[float, float, float, float], size: float, style: str
) -> None:
    """Draw one ECG and its colour bar into a box of the sheet (left, bottom, width, height in mm)."""
    width, height = figure.get_figwidth() * 25.4, figure.get_figheight() * 25.4
    left, bottom, wide, high = box
    axes = figure.add_axes((left / width, bottom / height, wide / width, high / height))
    paper_left, paper_bottom, paper_right, paper_top = place.paper
    axes.set(xlim=(paper_left, paper_right), ylim=(paper_bottom - LEGEND / size, paper_top), autoscale_on=False)
    axes.set_axis_off()
    relevance = None if cell.relevance is None else as_relevance(cell.relevance, cell.record)
    truth = None if cell.truth is None else as_truth(cell.truth, cell.record)
    scale = None if relevance is None else scale_of(relevance, kind=cell.kind)
    draw_leads(axes, place, cell.record, relevance, scale, truth, style=style, zoom=size)
    if scale is not None:
        middle = paper_left + LEFT + (BAR_WIDTH if size < 0.6 else 0)
        draw_colour_bar(axes, scale, left=middle, bottom=paper_bottom - 4.5 / size, words=False)


def _placed(cell: Cell, layout: str) -> EcgLayout:
    return lay_out(cell.record, layout, room_above=0.0 if cell.truth is None else TRUTH_ROOM)


def _wide(place: EcgLayout) -> float:
    return place.paper[2] - place.paper[0]


def _high(place: EcgLayout) -> float:
    return place.paper[3] - place.paper[1]
