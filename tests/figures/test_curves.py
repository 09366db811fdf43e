from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from pellucid.core.errors import InvalidInputError
from pellucid.figures import curves
from pellucid.figures.style import AGAINST, FOR, MUTED, RESEARCH_USE

X = np.linspace(0, 1, 11)


def words(figure):
    axes = [text.get_text() for one in figure.axes for text in one.texts]
    return axes + [text.get_text() for text in figure.texts]


def test_training_curves_skip_gaps_and_mark_the_kept_step():
    history = pd.DataFrame({"training": [3.0, 2.0, 1.0], "validation": [3.0, np.nan, 2.0], "auc": [0.5, 0.7, 0.8]})
    figure = curves.training_curves(history, {"loss": ["training", "validation"], "macro AUC": ["auc"]}, best=1)
    loss, auc = figure.axes
    assert [line.get_xydata().tolist() for line in loss.lines[:2]] == [[[0, 3], [1, 2], [2, 1]], [[0, 3], [2, 2]]]
    assert auc.lines[0].get_ydata().tolist() == [0.5, 0.7, 0.8]
    assert [axes.lines[-1].get_xdata()[0] for axes in figure.axes] == [1, 1]
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "macro AUC"]


@pytest.mark.parametrize(("draw", "area"), [(curves.roc, "AUC"), (curves.precision_recall, "AP")])
def test_a_few_curves_are_named_and_many_are_counted(draw, area):
    figure = draw({"AFIB": (X, X**0.5), "CRBBB": (X, X)}, areas={"AFIB": 0.667}, title="fold 10")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [f"AFIB  {area} 0.667", "CRBBB"]
    assert axes.lines[-2].get_ydata() == pytest.approx(X**0.5)
    assert axes.get_aspect() == 1
    many = draw({str(i): (X, X) for i in range(71)})
    assert many.axes[0].get_legend() is None
    assert "71 classes" in words(many)


def test_reliability_shows_bins_intervals_and_counts():
    figure = curves.reliability([0.1, 0.9], [0.2, 0.8], [30, 7], low=[0.1, 0.6], high=[0.3, 0.9])
    axes, bars = figure.axes
    assert axes.lines[-1].get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.8]]
    assert [segment[:, 1].tolist() for segment in axes.collections[0].get_segments()] == [[0.1, 0.3], [0.6, 0.9]]
    assert [bar.get_height() for bar in bars.patches] == [30, 7]


def test_forest_draws_each_interval_on_its_line_in_order():
    table = pd.DataFrame({"value": [0.9, 0.8], "low": [0.85, 0.6], "high": [0.95, 0.9]}, index=["AFIB", "1AVB"])
    figure = curves.forest(table, label="AUC", reference=0.94, faint=["1AVB"])
    (axes,) = figure.axes
    bars = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] == line.get_ydata()[1]]
    assert [(list(bar.get_xdata()), bar.get_ydata()[0]) for bar in bars] == [([0.85, 0.95], 0), ([0.6, 0.9], 1)]
    assert axes.get_ylim() == (1.5, -0.5)  # the first on top
    assert [label.get_text() for label in axes.get_yticklabels()] == ["AFIB", "1AVB"]
    assert bars[1].get_color() == MUTED
    assert axes.lines[-1].get_xdata()[0] == 0.94
    assert "0.900  [0.850, 0.950]" in words(figure)
    assert RESEARCH_USE in words(figure)


def test_forest_refuses_a_table_without_intervals():
    with pytest.raises(InvalidInputError, match="lacks high, low"):
        curves.forest(pd.DataFrame({"value": [1.0]}), label="AUC")


def test_lead_shares_go_both_ways():
    figure = curves.lead_shares(["I", "V1"], [0.1, 0.4], [0.05, 0.2])
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([10, 40, -5, -20])
    assert [bar.get_facecolor()[:3] for bar in bars[::2]] == [to_rgb(FOR), to_rgb(AGAINST)]
    assert len(curves.lead_shares(["I"], [1.0]).axes[0].patches) == 1


def test_interval_words_fit_the_page():
    table = pd.DataFrame({"value": [0.9], "low": [0.85], "high": [0.95]}, index=["AFIB"])
    figure = curves.forest(table, label="AUC", title="intervals")
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert max(text.get_window_extent(renderer).x1 for text in figure.axes[0].texts) < figure.bbox.x1
