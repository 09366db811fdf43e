"""The colour bar of a relevance map, drawn in millimetres, and what it must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from pellucid.figures.style import INK, MUTED, PAPER, RULE, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.figures.scale import Scale

BAR_WIDTH = 52.0  # mm
BAR_HEIGHT = 3.0
ENDS = {"signed": ("against", "for"), "positive": ("none", "strong")}


def draw_colour_bar(
    axes: Axes, scale: Scale, *, left: float, bottom: float, words: bool = True, behind: str = PAPER
) -> None:
    """Draw the bar with its lower left corner at (left, bottom) in mm; it takes 52 mm, its ends' words not counted.

    A signed bar runs from 'against' (-limit) over nothing at 0 to 'for' (+limit), a positive one from 0 to the limit.
    Relevance is laid over `behind`, a typical colour of what it lies on in the picture.
    """
    low = -1.0 if scale.kind == "signed" else 0.0
    axes.add_patch(Rectangle((left, bottom), BAR_WIDTH, BAR_HEIGHT, facecolor=behind, edgecolor="none", zorder=1))
    axes.imshow(
        np.linspace(low, 1.0, 256)[None, :],
        cmap=colour_map(scale.kind),
        vmin=low,
        vmax=1.0,
        extent=(left, left + BAR_WIDTH, bottom, bottom + BAR_HEIGHT),
        interpolation="nearest",
        aspect="auto",
        zorder=2,
        label="colour bar",
    )
    corner = (left, bottom)
    axes.add_patch(Rectangle(corner, BAR_WIDTH, BAR_HEIGHT, fill=False, edgecolor=RULE, linewidth=0.6, zorder=3))
    start, end = ENDS[scale.kind]
    middle = bottom + BAR_HEIGHT / 2
    axes.text(left - 1.5, middle, start, ha="right", va="center", fontsize=7.5, color=INK)
    axes.text(left + BAR_WIDTH + 1.5, middle, end, ha="left", va="center", fontsize=7.5, color=INK)
    if scale.empty:
        ticks = {"0": -low / (1.0 - low)}
    elif scale.kind == "signed":
        ticks = {f"−{scale.limit:.2g}": 0.0, "0": 0.5, f"+{scale.limit:.2g}": 1.0}
    else:
        ticks = {"0": 0.0, f"{scale.limit:.2g}": 1.0}
    for text, where in ticks.items():
        axes.text(left + where * BAR_WIDTH, bottom - 0.8, text, ha="center", va="top", fontsize=6.5, color=MUTED)
    if words:
        axes.text(left + BAR_WIDTH + 13, middle, scale.words, ha="left", va="center", fontsize=6.5, color=MUTED)
