"""A slice of brain MRI in its true proportions, with relevance laid over it and a known region outlined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from pellucid.core.errors import InvalidInputError
from pellucid.figures.legend import draw_colour_bar
from pellucid.figures.scale import scale_of
from pellucid.figures.style import MUTED, POINT, RESEARCH_USE, colour_map, drawing, page, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from pellucid.figures.scale import Scale
    from pellucid.records.slice import MriSlice

PICTURE = 120.0  # mm: the longer side of the slice on the page
MARGIN = 8.0
HEAD = 15.0
FOOT = 26.0
LEAST_WIDTH = 172.0  # legend and colour bar need it
BAR = 20.0  # mm of brain in the scale bar
HALF = 0.5  # of the full colour: where relevance gets a contour
OUTLINE = "#35e0b0"  # bright, for it lies on dark grey
WHITE = "#ffffff"
GREY = "#6b6b6b"  # typical of brain: behind the colour bar
ON_DARK = {"for": "#ffb27a", "against": "#8fbcff", "strength": "#dba4f2"}  # contours
EDGE = [withStroke(linewidth=2.0, foreground="#000000")]


def brain_slice(
    mri: MriSlice,
    relevance: ArrayLike | None = None,
    *,
    outline: ArrayLike | None = None,
    scale: float | None = None,
    kind: str | None = None,
    sides: tuple[str, str] | None = None,
    title: str = "",
) -> Figure:
    """Draw a slice, its pixels as high and wide as their spacing says.

    Parameters
    ----------
    mri
        Where its spacing is unknown, pixels are drawn square and the page says so.
    relevance
        Shape (row, column). Laid over the slice, with a contour where it passes half of the full colour.
    outline
        Shape (row, column), bool: a known region; its edge is drawn.
    scale
        The relevance that is shown in full colour; by default the 99.5th percentile of |relevance|.
    kind
        "signed" (for and against) or "positive"; by default signed if anything is below zero.
    sides
        What lies at the left and right edge of the picture, ("R", "L") in the radiological convention; by default
        the slice's metadata under "sides". Unknown sides are not marked.
    title
        Above the picture; the slice's name stands below it.

    Raises
    ------
    InvalidInputError
        For relevance or an outline of another shape than the slice.
    """
    values = None if relevance is None else np.asarray(relevance, dtype=np.float64)
    region = None if outline is None else np.asarray(outline, dtype=np.bool_)
    for what, array in (("relevance", values), ("outline", region)):
        if array is not None:
            _check_shape(what, array.shape, mri)
    shades = None if values is None else scale_of(values, kind=kind, limit=scale)
    high, wide = _size(mri)
    enlarged = PICTURE / max(high, wide)
    width = max(LEAST_WIDTH, wide * enlarged + 2 * MARGIN)
    height = HEAD + high * enlarged + FOOT
    with drawing():
        figure = page(width, height)
        sheet = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        sheet.set(xlim=(0.0, width), ylim=(0.0, height), autoscale_on=False)
        sheet.set_axis_off()
        left = (width - wide * enlarged) / 2
        picture = figure.add_axes((left / width, FOOT / height, wide * enlarged / width, high * enlarged / height))
        _draw_pixels(picture, mri, values, shades, region)
        _draw_marks(picture, mri, sides or _known_sides(mri))
        _draw_words(sheet, mri, title, shades, width, height, outlined=region is not None)
    return figure


def _size(mri: MriSlice) -> tuple[float, float]:
    """Return height and width of the slice in mm, or in pixels where their size is unknown."""
    rows, columns = mri.shape
    row, column = mri.spacing or (1.0, 1.0)
    return rows * row, columns * column


def _draw_pixels(
    axes: Axes,
    mri: MriSlice,
    relevance: NDArray[np.float64] | None,
    scale: Scale | None,
    region: NDArray[np.bool_] | None,
) -> None:
    high, wide = _size(mri)
    extent = (0.0, wide, high, 0.0)
    axes.set_axis_off()
    axes.imshow(mri.pixels, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto", label="slice")
    # The middle of each pixel, for contours.
    rows, columns = mri.shape
    ys, xs = (np.arange(rows) + 0.5) * high / rows, (np.arange(columns) + 0.5) * wide / columns
    if relevance is not None and scale is not None and not scale.empty:
        shown = relevance / scale.limit
        low = -1.0 if scale.kind == "signed" else 0.0
        axes.imshow(
            shown, cmap=colour_map(scale.kind), vmin=low, vmax=1, extent=extent, aspect="auto",
            interpolation="nearest", label="relevance",
        )  # fmt: skip
        for level, colour in ((-HALF, "against"), (HALF, "for" if scale.kind == "signed" else "strength")):
            if shown.min() < level < shown.max():
                line: dict[str, Any] = {"colors": [ON_DARK[colour]], "linewidths": 0.35 * POINT, "linestyles": "solid"}
                axes.contour(xs, ys, shown, levels=[level], **line)
    if region is not None and region.any() and not region.all():
        axes.contour(xs, ys, region.astype(float), levels=[0.5], colors=[OUTLINE], linewidths=0.5 * POINT)
    axes.set(xlim=(0.0, wide), ylim=(high, 0.0))


def _draw_marks(axes: Axes, mri: MriSlice, sides: tuple[str, str] | None) -> None:
    high, wide = _size(mri)
    if sides is not None:
        for x, side, where in ((0.02, sides[0], "left"), (0.98, sides[1], "right")):
            axes.text(
                x, 0.5, plain(side, longest=2), transform=axes.transAxes, color=WHITE, ha=where, va="center",
                fontsize=10, fontweight="bold", path_effects=EDGE,
            )  # fmt: skip
    if mri.spacing is not None and wide > 2 * BAR:
        x, y = wide * 0.03, high * 0.965
        axes.add_line(
            Line2D([x, x + BAR], [y, y], color=WHITE, linewidth=0.6 * POINT, label="scale bar", path_effects=EDGE)
        )
        words: dict[str, Any] = {"color": WHITE, "ha": "center", "va": "bottom", "fontsize": 7, "path_effects": EDGE}
        axes.text(x + BAR / 2, y - high * 0.012, f"{BAR:g} mm", **words)


def _draw_words(
    sheet: Axes, mri: MriSlice, title: str, scale: Scale | None, width: float, height: float, *, outlined: bool
) -> None:
    sheet.text(MARGIN, height - 5.5, plain(title or mri.name, longest=70), fontsize=11, fontweight="bold", va="center")
    rows, columns = mri.shape
    facts = [f"{columns} x {rows} pixels"]
    if mri.spacing is None:
        facts.append("size of a pixel unknown, drawn square")
    else:
        facts.append(f"{mri.spacing[1]:.3g} x {mri.spacing[0]:.3g} mm a pixel")
    if title:
        facts.insert(0, plain(mri.name, longest=40))
    sheet.text(MARGIN, height - 11, "  ·  ".join(facts), fontsize=7.5, color=MUTED, va="center")
    if outlined:
        sheet.add_line(Line2D([width - 45, width - 39], [height - 11] * 2, color=OUTLINE, linewidth=0.8 * POINT))
        sheet.text(width - 37, height - 11, "known region", fontsize=7.5, va="center")
    if scale is not None:
        draw_colour_bar(sheet, scale, left=MARGIN + 20, bottom=14, behind=GREY)
    sheet.text(MARGIN, 4, RESEARCH_USE, fontsize=7.5, fontweight="bold", va="center")


def _known_sides(mri: MriSlice) -> tuple[str, str] | None:
    sides = mri.metadata.get("sides")
    return (str(sides[0]), str(sides[1])) if isinstance(sides, list | tuple) and len(sides) == 2 else None


def _check_shape(what: str, shape: tuple[int, ...], mri: MriSlice) -> None:
    if shape != mri.shape:
        raise InvalidInputError(
            f"{what} of {mri.name} must have the slice's shape (row, column), {mri.shape}; got {shape}."
        )
