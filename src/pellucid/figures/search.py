"""A search drawn: the score of each trial with the best so far, and how much each setting decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from pellucid.core.errors import InvalidInputError
from pellucid.figures.curves import ROW, _finish
from pellucid.figures.style import FOR, MUTED, SERIES, STRENGTH, drawing, page, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MARKS = {
    "finished": {"marker": "o", "color": SERIES[0]},
    "pruned": {"marker": "o", "color": MUTED, "markerfacecolor": "none"},
}


def search_history(trials: pd.DataFrame, *, label: str = "score", title: str = "") -> Figure:
    """Draw the score of each trial, and the best finished one so far.

    Parameters
    ----------
    trials
        One row a trial, its number as the index; columns `state` and `score`. Finished trials are dots, pruned ones
        rings, and the others, which have no score, crosses at the lower edge.
    label
        What the score is.

    Raises
    ------
    InvalidInputError
        When there is no trial.
    """
    if trials.empty:
        raise InvalidInputError("a search must have one trial or more to be drawn; it has none.")
    with drawing():
        figure = page(130.0, 78.0)
        axes = figure.subplots()
        for state, style in _MARKS.items():
            part = trials[trials["state"] == state]
            if len(part):
                words = f"{state} ({len(part)})"
                axes.plot(part.index, part["score"].to_numpy(), linestyle="", markersize=4, label=words, **style)  # type: ignore[arg-type]  # one dictionary, several types
        others = trials[~trials["state"].isin(list(_MARKS))]
        if len(others):
            axes.plot(
                others.index, np.full(len(others), 0.02), linestyle="", marker="x", markersize=4, color=FOR,
                transform=axes.get_xaxis_transform(), label=f"failed or running ({len(others)})",
            )  # fmt: skip
        best = trials["score"].where(trials["state"] == "finished").cummax().ffill().dropna()
        axes.step(best.index, best.to_numpy(), where="post", color=SERIES[0], linewidth=1.0, label="best so far")
        axes.set(xlabel="trial", ylabel=plain(label, longest=60))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.2)
        _finish(figure, title)
    return figure


def importance(shares: Mapping[str, float], *, title: str = "") -> Figure:
    """Draw how much of the scores' variance each setting explains, the largest on top.

    Parameters
    ----------
    shares
        0..1 for each setting.

    Raises
    ------
    InvalidInputError
        When there are none.
    """
    if not shares:
        raise InvalidInputError("shares of importance must be one a setting; got none.")
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    with drawing():
        figure = page(130.0, 28.0 + ROW * len(ranked))
        axes = figure.subplots()
        for line, (_, share) in enumerate(ranked):
            axes.barh([line], [share], height=0.66, color=STRENGTH)
            axes.annotate(f"{share:.2f}", (share, line), (3, 0), textcoords="offset points", va="center", color=MUTED)
        axes.set_yticks(range(len(ranked)), [plain(name, longest=40) for name, _ in ranked])
        axes.set(xlim=(0, 1.05), ylim=(len(ranked) - 0.5, -0.5), xlabel="share of the scores' variance explained")
        axes.tick_params(axis="y", length=0)
        _finish(figure, title)
    return figure
