"""Curves and bars from plain arrays: training, ROC, precision-recall, calibration, intervals, lead shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator

from pellucid.core.errors import InvalidInputError
from pellucid.figures.style import AGAINST, FOR, INK, MUTED, RESEARCH_USE, RULE, SERIES, STRENGTH, drawing, page, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

NAMED = 8  # more curves than this are drawn in grey, without names
ROW = 5.0  # mm for each line of an interval plot
STROKES = ("-", "--", "-.", ":")


def training_curves(
    history: pd.DataFrame, panels: Mapping[str, Sequence[str]], *, best: float | None = None, title: str = ""
) -> Figure:
    """Draw how training went.

    Parameters
    ----------
    history
        One row a step, the step as its index; columns may have gaps.
    panels
        What each panel is called, and the columns in it: `{"loss": ["training", "validation"], "macro AUC": ["auc"]}`.
    best
        The step whose network was kept; marked by a line.
    """
    with drawing():
        figure = page(80.0 * len(panels) + 10, 72.0)
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (label, columns) in zip(row, panels.items(), strict=True):
            for column, colour in zip(columns, cycle(SERIES), strict=False):
                values = history[column].dropna()
                axes.plot(values.index, values.to_numpy(), color=colour, linewidth=1.2, label=plain(column))
            if best is not None:
                axes.axvline(best, color=MUTED, linewidth=0.7, linestyle=":")
            axes.set(xlabel="epoch" if history.index.name is None else str(history.index.name), ylabel=label)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if len(columns) > 1:
                axes.legend()
        _finish(figure, title)
    return figure


def roc(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, areas: Mapping[str, float] | None = None, title: str = ""
) -> Figure:
    """Draw ROC curves; each is (false positive rate, true positive rate), both 0..1."""
    with drawing():
        figure = page(95.0, 95.0)
        axes = _unit_square(figure, "1 − specificity", "sensitivity")
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
        _named_curves(axes, curves, areas, "AUC", place="lower right")
        _finish(figure, title)
    return figure


def precision_recall(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, areas: Mapping[str, float] | None = None, title: str = ""
) -> Figure:
    """Draw precision over recall; each curve is (recall, precision), both 0..1."""
    with drawing():
        figure = page(95.0, 95.0)
        axes = _unit_square(figure, "recall (sensitivity)", "precision")
        _named_curves(axes, curves, areas, "AP", place="lower left")
        _finish(figure, title)
    return figure


def reliability(
    predicted: ArrayLike, observed: ArrayLike, counts: ArrayLike, *, low: ArrayLike | None = None,
    high: ArrayLike | None = None, title: str = "",
) -> Figure:  # fmt: skip
    """Draw how often a class is present among records that were given a certain probability.

    Parameters
    ----------
    predicted, observed
        For each bin, the mean probability and the share that has the class, 0..1.
    counts
        Records in each bin; bars below the diagram.
    low, high
        An interval around `observed`.
    """
    x, y, n = (np.asarray(values, dtype=np.float64) for values in (predicted, observed, counts))
    with drawing():
        figure = page(95.0, 110.0)
        axes, bars = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
        if low is not None and high is not None:
            axes.vlines(x, np.asarray(low), np.asarray(high), color=SERIES[0], linewidth=0.9)
        axes.plot(x, y, color=SERIES[0], marker="o", markersize=3.5, linewidth=1.0)
        axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that has the class")
        bars.bar(x, n, width=0.03, color=MUTED)
        bars.set(xlabel="probability given by the network", ylabel="records")
        _finish(figure, title)
    return figure


def forest(
    table: pd.DataFrame, *, label: str, reference: float | None = None, faint: Sequence[str] = (), title: str = ""
) -> Figure:
    """Draw values with their intervals, one line each, in the table's order.

    Parameters
    ----------
    table
        Columns `value`, `low`, `high`; the index names the lines.
    label
        What the values are, with their unit.
    reference
        A value to compare with; a dotted line.
    faint
        Lines drawn in grey, such as classes with too few records.
    """
    lacking = {"value", "low", "high"} - set(table.columns)
    if lacking:
        raise InvalidInputError(
            f"table of intervals must have the columns value, low and high; lacks {', '.join(sorted(lacking))}."
        )
    with drawing():
        figure = page(130.0, 28.0 + ROW * len(table))
        axes = figure.subplots()
        for line, (name, row) in enumerate(table.iterrows()):
            colour = MUTED if name in faint else SERIES[0]
            axes.plot([row["low"], row["high"]], [line, line], color=colour, linewidth=1.1, solid_capstyle="butt")
            axes.plot([row["value"]], [line], color=colour, marker="o", markersize=3.5)
            words = f"{row['value']:.3f}  [{row['low']:.3f}, {row['high']:.3f}]"
            place = axes.get_yaxis_transform()
            axes.text(1.02, line, words, transform=place, va="center", fontsize=7, color=MUTED).set_in_layout(False)
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=0.7, linestyle=":", zorder=0)
        axes.set_yticks(range(len(table)), [plain(name, longest=28) for name in table.index])
        axes.set(ylim=(len(table) - 0.5, -0.5), xlabel=label)
        axes.tick_params(axis="y", length=0)
        _finish(figure, title, right=0.74)
    return figure


def lead_shares(
    leads: Sequence[str], favour: ArrayLike, against: ArrayLike | None = None, *, title: str = ""
) -> Figure:
    """Draw how much of |relevance| each lead holds, 0..1, speaking for the class and against it.

    Parameters
    ----------
    favour
        A share for each lead; without `against`, all of its relevance.
    against
        A share for each lead, drawn to the left.
    """
    right = 100 * np.asarray(favour, dtype=np.float64)
    with drawing():
        figure = page(110.0, 24.0 + ROW * len(leads))
        axes = figure.subplots()
        lines = np.arange(len(leads))
        axes.barh(lines, right, height=0.66, color=STRENGTH if against is None else FOR, label="for")
        if against is not None:
            axes.barh(lines, -100 * np.asarray(against, dtype=np.float64), height=0.66, color=AGAINST, label="against")
            axes.legend(loc="upper right", bbox_to_anchor=(1.0, 1.12), ncols=2)
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set_yticks(lines, [plain(lead, longest=8) for lead in leads])
        axes.set(ylim=(len(leads) - 0.5, -0.5), xlabel="share of |relevance| (%)")
        axes.tick_params(axis="y", length=0)
        _finish(figure, title)
    return figure


def _unit_square(figure: Figure, x: str, y: str) -> Axes:
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel=x, ylabel=y, aspect="equal")
    return axes


def _named_curves(
    axes: Axes,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    areas: Mapping[str, float] | None,
    area: str,
    *,
    place: Literal["lower left", "lower right"],
) -> None:
    few = len(curves) <= NAMED
    for i, (name, (x, y)) in enumerate(curves.items()):
        words = plain(name, longest=24) + (f"  {area} {areas[name]:.3f}" if areas and name in areas else "")
        stroke = STROKES[i // len(SERIES) % len(STROKES)]
        axes.plot(
            np.asarray(x), np.asarray(y), color=SERIES[i % len(SERIES)] if few else MUTED, label=words if few else None,
            linestyle=stroke if few else "-", linewidth=1.2 if few else 0.5, alpha=1.0 if few else 0.6,
        )  # fmt: skip
    if few:
        axes.legend(loc=place)
    else:
        axes.text(0.97, 0.04, f"{len(curves)} classes", transform=axes.transAxes, ha="right", color=MUTED)


def _finish(figure: Figure, title: str, *, right: float = 1.0) -> None:
    """Set title and footer, and fit the axes between them, up to `right` of the page's width."""
    high = figure.get_figheight() * 25.4
    wide = figure.get_figwidth() * 25.4
    if title:
        figure.text(4 / wide, 1 - 5 / high, plain(title, longest=60), fontsize=9.5, fontweight="bold", va="center")
    figure.text(4 / wide, 3.5 / high, RESEARCH_USE, fontsize=6.5, color=MUTED, va="center")
    figure.tight_layout(rect=(0.0, 6 / high, right, 1 - (9 if title else 1) / high))
