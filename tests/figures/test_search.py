"""A search drawn: what each mark stands for, and where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.figures.search import importance, search_history


def test_each_state_has_its_mark_and_the_best_only_rises():
    trials = pd.DataFrame(
        {
            "state": ["failed", "finished", "finished", "pruned", "finished", "running"],
            "score": [np.nan, 0.5, 0.4, 0.9, 0.7, np.nan],
        }
    )
    (axes,) = search_history(trials, label="score", title="small").axes
    finished, pruned, others, best = axes.lines
    assert finished.get_xydata().tolist() == [[1, 0.5], [2, 0.4], [4, 0.7]]
    assert pruned.get_xydata().tolist() == [[3, 0.9]]
    assert pruned.get_markerfacecolor() == "none"
    assert others.get_xdata().tolist() == [0, 5]
    # What was pruned may have stood higher for a while: the best is of the finished ones.
    assert best.get_xydata().tolist() == [[1, 0.5], [2, 0.5], [3, 0.5], [4, 0.7], [5, 0.7]]
    assert best.get_drawstyle() == "steps-post"
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["finished (3)", "pruned (1)", "failed or running (2)", "best so far"]


def test_importance_is_ranked():
    (axes,) = importance({"dropout": 0.2, "learning rate": 0.8}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["learning rate", "dropout"]
    assert [bar.get_width() for bar in axes.patches] == [0.8, 0.2]
    assert [text.get_text() for text in axes.texts] == ["0.80", "0.20"]
    assert axes.get_ylim() == (1.5, -0.5)  # the largest on top


def test_nothing_to_draw_is_told():
    with pytest.raises(InvalidInputError, match="one trial or more"):
        search_history(pd.DataFrame({"state": [], "score": []}))
    with pytest.raises(InvalidInputError, match="got none"):
        importance({})
