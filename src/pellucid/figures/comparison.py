"""Several networks side by side: a panel a figure, a line a network, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pellucid.core.errors import InvalidInputError
from pellucid.figures.curves import ROW, _finish
from pellucid.figures.style import SERIES, drawing, page, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def comparison(panels: Mapping[str, pd.DataFrame], kinds: Sequence[str], *, title: str = "") -> Figure:
    """Draw the same lines in each panel, coloured by kind, in the tables' order.

    Parameters
    ----------
    panels
        What each panel shows, and its table: columns `value`, `low`, `high`; the index, the same in all, names the
        lines. A value that is not defined (NaN) is left out.
    kinds
        One a line; lines of one kind have one colour.

    Raises
    ------
    InvalidInputError
        When there is no panel, or the tables' lines differ.
    """
    tables = list(panels.values())
    if not tables or any(list(one.index) != list(tables[0].index) or len(one) != len(kinds) for one in tables):
        raise InvalidInputError("panels of a comparison must be one or more, with the same lines in each, one a kind.")
    colours = {kind: SERIES[i % len(SERIES)] for i, kind in enumerate(dict.fromkeys(kinds))}
    names = [plain(name, longest=36) for name in tables[0].index]
    with drawing():
        figure = page(70.0 + 52.0 * len(tables), 34.0 + ROW * len(names))
        row = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
        for axes, (label, table) in zip(row, panels.items(), strict=True):
            lines = zip(table["value"], table["low"], table["high"], kinds, strict=True)
            for line, (value, low, high, kind) in enumerate(lines):
                axes.plot([low, high], [line, line], color=colours[kind], linewidth=1.1, solid_capstyle="butt")
                axes.plot([value], [line], color=colours[kind], marker="o", markersize=3.5)
            axes.set_xlabel("\n".join(plain(part, longest=60) for part in label.splitlines()))
            axes.grid(visible=True, axis="x", linewidth=0.3, alpha=0.6)
            axes.tick_params(axis="y", length=0)
        row[0].set_yticks(range(len(names)), names)
        row[0].set_ylim(len(names) - 0.5, -0.5)
        _finish(figure, title)
    return figure
