"""Networks side by side: the same lines in each panel, a colour a kind."""

from __future__ import annotations

import pandas as pd
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.figures.comparison import comparison
from pellucid.figures.style import SERIES

TABLE = pd.DataFrame(
    {"value": [0.9, 0.7, 0.8], "low": [0.8, 0.6, 0.7], "high": [1.0, 0.8, 0.9]}, index=["teacher", "one", "two"]
)


def test_lines_have_their_interval_place_and_colour():
    figure = comparison({"accuracy\nwith - without: +0.1": TABLE, "F1": TABLE / 2}, ["teacher", "student", "student"])
    first, second = figure.axes
    bars, dots = first.lines[::2], first.lines[1::2]
    assert [bar.get_xydata().tolist() for bar in bars] == [
        [[0.8, 0], [1.0, 0]], [[0.6, 1], [0.8, 1]], [[0.7, 2], [0.9, 2]],
    ]  # fmt: skip
    assert [dot.get_color() for dot in dots] == [SERIES[0], SERIES[1], SERIES[1]]
    assert second.lines[1].get_xdata()[0] == 0.45
    assert first.get_xlabel() == "accuracy\nwith - without: +0.1"
    assert [label.get_text() for label in first.get_yticklabels()] == ["teacher", "one", "two"]
    assert first.get_ylim() == second.get_ylim() == (2.5, -0.5)


def test_panels_of_other_lines_are_refused():
    for panels in ({}, {"a": TABLE, "b": TABLE.iloc[::-1]}, {"a": TABLE.iloc[:2]}):
        with pytest.raises(InvalidInputError, match="the same lines in each"):
            comparison(panels, ["a", "b", "c"])
