"""Many small records on one page, each with a line of words: examples of a data set, pairs that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection

from pellucid.core.errors import InvalidInputError
from pellucid.figures.style import INK, MUTED, POINT, RESEARCH_USE, drawing, page, plain
from pellucid.records.ecg import EcgRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pellucid.records.slice import MriSlice

CELL = 42.0  # mm: width of a slice
WIDE = 92.0  # of an ECG
GAP = 4.0
MARGIN = 6.0
HEAD = 15.0
FOOT = 8.0
LINE = 3.4  # of words above a cell
STEP = 1.5  # mV between leads
SECONDS = 10.0  # of an ECG that are drawn


def contact_sheet(
    records: Sequence[EcgRecord | MriSlice], captions: Sequence[str], *, columns: int, title: str = "", facts: str = ""
) -> Figure:
    """Draw records side by side, row after row.

    Parameters
    ----------
    records
        Slices or ECGs, all of one kind. Slices keep their proportions; of ECGs the first 10 s are drawn, all leads
        from top to bottom, 1.5 mV apart.
    captions
        One a record, its lines above it.
    columns
        Records in a row.
    title, facts
        Above the sheet.

    Raises
    ------
    InvalidInputError
        For no records, or another number of captions.
    """
    if not records or len(records) != len(captions) or columns < 1:
        raise InvalidInputError(
            f"a contact sheet must have one caption for each of 1 record or more; got {len(records)} records, "
            f"{len(captions)} captions, {columns} columns."
        )
    wide = WIDE if isinstance(records[0], EcgRecord) else CELL
    words = LINE * max(caption.count("\n") + 1 for caption in captions) + 1.0
    rows = -(-len(records) // columns)
    across = min(columns, len(records))
    width = max(2 * MARGIN + across * wide + (across - 1) * GAP, 120.0)
    height = HEAD + rows * (words + CELL + GAP) + FOOT
    with drawing():
        figure = page(width, height)
        figure.text(
            MARGIN / width, 1 - 5.5 / height, plain(title, longest=90), fontsize=11, fontweight="bold", va="center"
        )
        figure.text(MARGIN / width, 1 - 10.5 / height, plain(facts), fontsize=7.5, color=MUTED, va="center")
        figure.text(MARGIN / width, 4 / height, RESEARCH_USE, fontsize=7.5, fontweight="bold", va="center")
        for number, (record, caption) in enumerate(zip(records, captions, strict=True)):
            row, column = divmod(number, columns)
            left, top = MARGIN + column * (wide + GAP), height - HEAD - row * (words + CELL + GAP)
            for line, text in enumerate(caption.split("\n")):
                place = (left / width, (top - LINE * (line + 0.5)) / height)
                figure.text(*place, plain(text, longest=round(wide * 0.85)), fontsize=6.5, va="center")
            axes = figure.add_axes((left / width, (top - words - CELL) / height, wide / width, CELL / height))
            _draw(axes, record)
    return figure


def _draw(axes: Axes, record: EcgRecord | MriSlice) -> None:
    axes.set_axis_off()
    if not isinstance(record, EcgRecord):
        rows, columns = record.shape
        high, wide = record.spacing or (1.0, 1.0)
        axes.imshow(record.pixels, cmap="gray", vmin=0, vmax=1, aspect=high / wide, extent=(0, columns, rows, 0))
        return
    shown = record if record.seconds <= SECONDS else record.cut(0.0, SECONDS)
    times = np.arange(shown.samples) / shown.sampling_rate
    lines = [
        np.column_stack([times, np.nan_to_num(row - np.nanmedian(row)) - STEP * place])
        for place, row in enumerate(np.asarray(shown.signal, dtype=np.float64))
    ]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=0.12 * POINT))
    axes.set(xlim=(0.0, times[-1]), ylim=(-STEP * (len(lines) - 0.3), STEP))
