"""Auxiliary targets: chosen on training rows alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pellucid.datasets.auxiliary import above, likely, mentioned, values_of, words

REPORTS = pd.Series(["Sinus rhythm, normal"] * 4 + ["sinus rhythm left-axis block"] * 3 + ["rare left-axis block"] * 3)


def test_words_and_pairs_with_their_limits() -> None:
    training = np.array([True] * 7 + [False] * 3)
    targets = words(REPORTS, training, fewest=3, fewest_pairs=3, largest_share=0.6)
    # "sinus" and "rhythm" are too common; "block" and the pairs stand and fall with a word already kept.
    assert targets.names in {("normal", "block"), ("normal", "left-axis")}
    assert targets.values[:, 1].tolist() == [False] * 4 + [True] * 6
    assert "rare" not in targets.names


def test_fields() -> None:
    training = np.ones(4, dtype=bool)
    axis = values_of(pd.Series(["LAD ", "LAD", None, "RAD"], name="axis"), training, fewest=2)
    assert axis.names == ("axis LAD",)
    assert axis.values[:, 0].tolist() == [True, True, False, False]
    assert axis.known[:, 0].tolist() == [True, True, False, True]
    age = above(pd.Series([20, 65, None], name="age"), [30, 60])
    assert age.values.tolist() == [[False, False], [True, True], [False, False]]
    assert age.known.tolist() == [[True, True], [True, True], [False, False]]
    beats = mentioned(pd.Series(["2ES,VES1", None, " "], name="extra"), "VES")
    assert beats.values[:, 0].tolist() == [True, False, False]
    assert mentioned(pd.Series(["x", None, " "], name="noise")).values[:, 0].tolist() == [True, False, False]
    both = axis + above(pd.Series([1, 2, 3, 4], name="n"), [2])
    assert both.names == ("axis LAD", "n > 2")
    assert both.values.shape == (4, 2)


def test_likelihoods_are_known_where_a_code_is_graded() -> None:
    codes = [{"IMI": 100.0}, {"IMI": 35.0}, {"IMI": 0.0}, {}]
    targets = likely(codes, np.ones(4, dtype=bool))
    assert targets.names == ("IMI likely",)
    assert targets.values[:, 0].tolist() == [True, False, False, False]
    assert targets.known[:, 0].tolist() == [True, True, False, False]
