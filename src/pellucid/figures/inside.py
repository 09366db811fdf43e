"""Inside a network: what a layer's channels answer, an input made to excite something, and what excites a channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from pellucid.core.errors import InvalidInputError
from pellucid.figures.ecg_layout import lay_out
from pellucid.figures.ecg_paper import draw_leads
from pellucid.figures.style import (
    INK,
    MUTED,
    PAPER,
    RESEARCH_USE,
    RULE,
    SERIES,
    STRENGTH,
    colour_map,
    drawing,
    page,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pellucid.records.ecg import EcgRecord

SCALINGS = ("channel", "layer")
MOST = 24  # channels drawn; of more the strongest
MARGIN, HEAD, FOOT = 6.0, 16.0, 9.0  # mm
COLUMN, GAP = 92.0, 17.0
TRACE, STRIP, LEAD_STRIP = 16.0, 8.0, 15.0  # heights of a trace, a channel, a channel of twelve leads
TILE = 30.0
CURVE = 42.0  # under an input: how the value rose


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layer:
    """A layer's values for one input, and where its cells lie.

    Attributes
    ----------
    values
        Shape (channel, *cells), or (channel, lead, cell) with `leads`.
    offset, jump
        Of each axis of cells: the centre of the first and the distance to the next, in samples or pixels.
    name
        The layer's.
    leads
        Names, where it keeps them apart.
    guessed
        Whether the places are not known, and taken to be even.
    switches
        Of a max pool, (axis, channel, *cells): where on the input the largest value of each cell stood, in samples or
        pixels. Cells of value 0 are drawn without.
    """

    values: NDArray[np.floating]
    offset: tuple[float, ...]
    jump: tuple[float, ...]
    name: str = "layer"
    leads: tuple[str, ...] = ()
    guessed: bool = False
    switches: NDArray[np.floating] | None = None

    def shown(self) -> list[int]:
        """Return the channels that are drawn: all, or the strongest in their order."""
        strongest = np.argsort(-np.abs(self.values).reshape(len(self.values), -1).max(1), kind="stable")
        return sorted(int(channel) for channel in strongest[:MOST])

    def limits(self, scaling: str) -> NDArray[np.float64]:
        """Return the value that is drawn in full height or colour, for each channel; 0 where all are silent."""
        if scaling not in SCALINGS:
            raise InvalidInputError(f"scaling must be 'channel' or 'layer'; got {scaling!r}.")
        largest = np.abs(self.values).reshape(len(self.values), -1).max(1).astype(np.float64)
        return largest if scaling == "channel" else np.full_like(largest, largest.max(initial=0.0))

    def edges(self, axis: int) -> NDArray[np.float64]:
        """Return where the cells of an axis begin and end, half-way between their centres."""
        cells = self.values.shape[self.values.ndim - len(self.jump) + axis]
        return self.offset[axis] + self.jump[axis] * (np.arange(cells + 1) - 0.5)


def layer_of_ecg(layer: Layer, record: EcgRecord, *, lead: str = "II", scaling: str = "channel") -> Figure:
    """Draw what each channel answers over time, under the trace of a lead; cells at their true centres.

    Parameters
    ----------
    layer
        Places in samples of `record`. A layer that keeps the leads apart is drawn as a strip of colour for each lead.
    record
        As the network reads it.
    lead
        Which trace stands above.
    scaling
        "channel": each channel to its own largest value; "layer": one scale for all. The figure says which.
    """
    limits, channels = layer.limits(scaling), layer.shown()
    columns = min(3, len(channels))
    rows = math.ceil(len(channels) / columns)
    high = LEAD_STRIP if layer.leads else STRIP
    width = 2 * MARGIN + columns * COLUMN + (columns - 1) * GAP + 14
    height = HEAD + TRACE + rows * (high + 1.5) + 12 + FOOT
    signed = bool((layer.values < 0).any())
    with drawing():
        figure = page(width, height)
        _words(figure, layer, record.name, scaling, f"lead {lead} above")
        for number, channel in enumerate(channels):
            column, row = divmod(number, rows)
            left = MARGIN + 9 + column * (COLUMN + GAP)
            if row == 0:
                _draw_trace(_box(figure, left, height - HEAD - TRACE, COLUMN, TRACE), record, lead)
            bottom = height - HEAD - TRACE - (row + 1) * (high + 1.5)
            axes = _box(figure, left, bottom, COLUMN, high)
            _draw_strip(axes, layer, channel, float(limits[channel]), record.sampling_rate, signed=signed)
            axes.set(xlim=(0, record.seconds), yticks=[])
            last = row == rows - 1 or number == len(channels) - 1
            axes.tick_params(axis="x", labelbottom=last, length=2 if last else 0)
            if last:
                axes.set_xlabel("s", labelpad=0)
            _name_panel(axes, channel, layer.values[channel])
    return figure


def layer_of_slice(layer: Layer, picture: NDArray[np.floating], *, name: str, scaling: str = "channel") -> Figure:
    """Draw what each channel answers over a picture (row, column), in its frame; the picture stands first."""
    limits, channels = layer.limits(scaling), layer.shown()
    columns = min(6, len(channels) + 1)
    rows = math.ceil((len(channels) + 1) / columns)
    width = max(2 * MARGIN + columns * (TILE + 2), 130.0)
    height = HEAD + rows * (TILE + 5) + 3 + FOOT
    signed = bool((layer.values < 0).any())
    high, wide = picture.shape
    with drawing():
        figure = page(width, height)
        _words(figure, layer, name, scaling, "the picture first")
        for number, channel in enumerate([None, *channels]):
            row, column = divmod(number, columns)
            bottom = height - HEAD - (row + 1) * (TILE + 5) + 5
            axes = _box(figure, MARGIN + column * (TILE + 2), bottom, TILE, TILE)
            axes.set(xticks=[], yticks=[], aspect="equal")
            axes.spines[:].set_visible(True)
            if channel is None:
                axes.imshow(picture, cmap="gray", extent=(-0.5, wide - 0.5, high - 0.5, -0.5))
                continue
            limit = float(limits[channel])
            axes.pcolormesh(
                layer.edges(1), layer.edges(0), layer.values[channel] / (limit or 1.0), cmap=_shades(signed),
                vmin=-1 if signed else 0, vmax=1, rasterized=True,
            )  # fmt: skip
            if layer.switches is not None:
                _draw_switches(axes, layer, channel, layer.switches[1, channel], layer.switches[0, channel])
            axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))
            _name_tile(axes, f"{channel}", f"{_strongest(layer.values[channel]):.2g}")
    return figure


def ascent_of_ecg(record: EcgRecord, log: Sequence[float], *, raised: str, value: float) -> Figure:
    """Draw an ECG that was made to excite something, and how its value rose."""
    place = lay_out(record, "12x1")
    height = place.height - 14 + CURVE
    with drawing():
        figure = page(place.width, height)
        axes = figure.add_axes((0.0, (CURVE - 14) / height, 1.0, place.height / height))
        axes.set(xlim=(0.0, place.width), ylim=(0.0, place.height), autoscale_on=False)
        axes.set_axis_off()
        draw_leads(axes, place, record, None, None, None, style="band")
        _head(figure, f"An input that excites {raised}", f"{_MADE}  ·  25 mm/s, 10 mm/mV")
        _draw_rise(_box(figure, MARGIN + 14, 16, place.width - 2 * MARGIN - 18, CURVE - 14), log, value)
    return figure


def ascent_of_slice(picture: NDArray[np.floating], log: Sequence[float], *, raised: str, value: float) -> Figure:
    """Draw a picture (row, column) or (row, column, colour) that was made to excite something, and its value's rise."""
    with drawing():
        width, high = 130.0, 90.0
        figure = page(width, HEAD + high + CURVE)
        axes = _box(figure, (width - high) / 2, CURVE, high, high)
        axes.set(xticks=[], yticks=[])
        low, top = float(picture.min()), float(picture.max())
        axes.imshow((picture - low) / ((top - low) or 1.0), cmap="gray", vmin=0, vmax=1)
        _head(figure, f"An input that excites {raised}", f"{_MADE}  ·  stretched to full contrast")
        _draw_rise(_box(figure, MARGIN + 14, 16, width - 2 * MARGIN - 18, CURVE - 20), log, value)
    return figure


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Excerpt:
    """A piece of a record that excites a channel.

    `values` is (lead, sample) in mV from second `start` on, or (row, column); `caption` stands above it, and a line at
    second `centre`.
    """

    values: NDArray[np.floating]
    caption: str
    start: float = 0.0
    centre: float = 0.0
    rate: float = 1.0
    leads: tuple[str, ...] = ()


def excerpts(pieces: Sequence[Excerpt], *, raised: str) -> Figure:
    """Draw the pieces of records that excite a channel most, the strongest first, one scale for all traces."""
    if not pieces:
        raise InvalidInputError("there must be at least one excerpt to draw; got none.")
    columns = min(3, len(pieces))
    rows = math.ceil(len(pieces) / columns)
    wide = 62.0
    of_ecg = bool(pieces[0].leads)
    high = min(110.0, 14.0 + 9.0 * len(pieces[0].values)) if of_ecg else wide
    width = max(2 * MARGIN + columns * (wide + 8) + 4, 130.0)
    height = HEAD + rows * (high + 14) + FOOT
    reach = max(float(np.ptp(piece.values)) for piece in pieces)
    fact = (
        f"dotted: the cell's centre  ·  a lead's strip is {reach:.2g} mV high" if of_ecg else "each to its own contrast"
    )
    with drawing():
        figure = page(width, height)
        _head(figure, f"What excites {raised} most", f"one record a patient, cut to what the cell sees  ·  {fact}")
        for number, piece in enumerate(pieces):
            row, column = divmod(number, columns)
            bottom = height - HEAD - (row + 1) * (high + 14) + 9
            axes = _box(figure, MARGIN + 8 + column * (wide + 8), bottom, wide, high)
            axes.set_title(plain(piece.caption, longest=60), fontsize=7)
            if of_ecg:
                _draw_piece(axes, piece, reach or 1.0)
            else:
                axes.set(xticks=[], yticks=[])
                axes.imshow(piece.values, cmap="gray")
    return figure


_MADE = "made by gradient ascent, no patient's"


def _draw_piece(axes: Axes, piece: Excerpt, reach: float) -> None:
    times = piece.start + np.arange(piece.values.shape[1]) / piece.rate
    axes.axvline(piece.centre, color=STRENGTH, linewidth=0.8, linestyle=":")
    for row, values in enumerate(piece.values):
        middle = (float(values.max()) + float(values.min())) / 2
        axes.plot(times, -row + (values - middle) / reach, color=INK, linewidth=0.7)
    axes.set_yticks([-row for row in range(len(piece.leads))], [plain(lead, longest=8) for lead in piece.leads])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(times[0], times[-1]) if len(times) > 1 else None, ylim=(-len(piece.leads) + 0.4, 0.6))
    axes.set_xlabel("s", labelpad=0)


def _draw_trace(axes: Axes, record: EcgRecord, lead: str) -> None:
    axes.plot(record.times, record.lead(lead), color=INK, linewidth=0.6)
    axes.set(xlim=(0, record.seconds), yticks=[])
    axes.tick_params(axis="x", labelbottom=False, length=0)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.text(-0.015, 0.5, plain(lead, longest=8), transform=axes.transAxes, ha="right", va="center", fontsize=7)


def _draw_strip(axes: Axes, layer: Layer, channel: int, limit: float, rate: float, *, signed: bool) -> None:
    values = layer.values[channel] / (limit or 1.0)
    axes.spines[:].set(color=RULE)
    if layer.leads:
        axes.pcolormesh(
            layer.edges(0) / rate, np.arange(len(layer.leads) + 1), values, cmap=_shades(signed),
            vmin=-1 if signed else 0, vmax=1, rasterized=True,
        )  # fmt: skip
        axes.set(ylim=(len(layer.leads), 0))
        return
    centres = (layer.offset[0] + layer.jump[0] * np.arange(len(values))) / rate
    axes.fill_between(centres, values, step="mid", color=STRENGTH, alpha=0.25, linewidth=0)
    axes.plot(centres, values, drawstyle="steps-mid", color=STRENGTH, linewidth=0.7)
    if layer.switches is not None:
        _draw_switches(axes, layer, channel, layer.switches[0, channel] / rate, values)
    elif len(centres) <= 100:
        axes.plot(centres, values, linestyle="none", marker=".", markersize=1.6, color=STRENGTH)
    axes.axhline(0, color=MUTED, linewidth=0.3)
    axes.set(ylim=(-1.08 if signed else -0.05, 1.08))


def _draw_switches(axes: Axes, layer: Layer, channel: int, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
    answering = layer.values[channel] != 0  # after a ReLU every place of a silent cell is as large as any other
    axes.plot(x[answering], y[answering], linestyle="none", marker=".", markersize=1.6, color=INK)


def _draw_rise(axes: Axes, log: Sequence[float], value: float) -> None:
    axes.plot(np.arange(len(log)), log, color=SERIES[0], linewidth=1.1)
    axes.axhline(value, color=MUTED, linewidth=0.6, linestyle=":")
    axes.text(0.995, 0.06, f"kept: {value:.4g}", transform=axes.transAxes, ha="right", fontsize=7, color=MUTED)
    axes.set(xlabel="step", ylabel="value", xlim=(0, max(1, len(log) - 1)))


def _shades(signed: bool) -> LinearSegmentedColormap:
    """Return opaque shades: panels have no paper behind them that should shine through."""
    shades = colour_map("signed" if signed else "positive")(np.linspace(0, 1, 511))
    opaque = 1 - shades[:, 3:] * (1 - shades[:, :3])
    return LinearSegmentedColormap.from_list("activation", [tuple(row) for row in opaque])


def _strongest(values: NDArray[np.floating]) -> float:
    flat = values.ravel()
    return float(flat[np.abs(flat).argmax()])


def _name_panel(axes: Axes, channel: int, values: NDArray[np.floating]) -> None:
    words = f"{_strongest(values):.2g}" if values.any() else "silent"
    axes.text(-0.015, 0.5, f"{channel}", transform=axes.transAxes, ha="right", va="center", fontsize=7)
    axes.text(1.01, 0.5, words, transform=axes.transAxes, va="center", fontsize=6, color=MUTED)


def _name_tile(axes: Axes, left: str, right: str) -> None:
    axes.text(0.0, -0.02, left, transform=axes.transAxes, va="top", fontsize=7)
    axes.text(1.0, -0.02, right, transform=axes.transAxes, va="top", ha="right", fontsize=6, color=MUTED)


def _words(figure: Figure, layer: Layer, name: str, scaling: str, above: str) -> None:
    count, drawn = len(layer.values), len(layer.shown())
    facts = [f"{count} channels" if drawn == count else f"the {drawn} strongest of {count} channels", above]
    silent = int((layer.values == 0).reshape(count, -1).all(1).sum())
    facts += [f"{silent} silent"] if silent else []
    facts += ["a strip for each lead, in the record's order"] if layer.leads else []
    facts.append("cells taken to divide the input evenly" if layer.guessed else "cells at their true centres")
    _head(figure, f"{plain(name, longest=40)}: {plain(layer.name, longest=60)}", "  ·  ".join(facts))
    how = {
        "channel": "Each channel is drawn to its own largest value, which stands beside it.",
        "layer": "One scale for the whole layer; the largest value of each channel stands beside it.",
    }
    dots = " Dots: the switches, where in each cell the largest value stood." if layer.switches is not None else ""
    height = figure.get_figheight() * 25.4
    figure.text(MARGIN / (figure.get_figwidth() * 25.4), 8 / height, how[scaling] + dots, fontsize=6.5, color=MUTED)


def _head(figure: Figure, title: str, facts: str) -> None:
    width, height = figure.get_figwidth() * 25.4, figure.get_figheight() * 25.4
    left = MARGIN / width
    figure.text(left, 1 - 6 / height, plain(title, longest=90), fontsize=11, fontweight="bold", va="center")
    figure.text(left, 1 - 11.5 / height, plain(facts, longest=160), fontsize=7.5, color=MUTED, va="center")
    figure.text(left, 4 / height, RESEARCH_USE, fontsize=6.5, fontweight="bold", va="center")


def _box(figure: Figure, left: float, bottom: float, wide: float, high: float) -> Axes:
    """Return axes at this place in mm."""
    width, height = figure.get_figwidth() * 25.4, figure.get_figheight() * 25.4
    return figure.add_axes((left / width, bottom / height, wide / width, high / height), facecolor=PAPER)
