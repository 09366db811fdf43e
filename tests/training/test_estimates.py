from __future__ import annotations

import json
from math import nan

import pytest

from pellucid.training.estimates import METRICS, ClassScores, Estimate, Scores

HIGH = Estimate(value=0.912345, low=0.8, high=1.0, draws=2000)
LOST = Estimate(value=nan, low=nan, high=nan, reason="no threshold", draws=0)
MEAN = Estimate(value=0.7, low=0.6, high=0.8, draws=2000, classes=2)


@pytest.fixture
def scores():
    every = dict.fromkeys(METRICS, HIGH)
    return Scores(
        classes={
            "AFIB": ClassScores(estimates=every, support=152, threshold=0.25),
            "<b>": ClassScores(estimates=every | {"precision": LOST}, support=9, threshold=None),
        },
        macro=dict.fromkeys(METRICS, MEAN),
        macro_frequent=dict.fromkeys(METRICS, HIGH),
        records=1000,
        patients=900,
        draws=2000,
        seed=0,
        notes=("A note.",),
    )


def test_json_has_null_and_a_reason_for_what_is_undefined(scores):
    content = json.loads(json.dumps(scores.json(), allow_nan=False))
    assert content["classes"]["<b>"]["precision"] == {
        "value": None, "low": None, "high": None, "reason": "no threshold",
    }  # fmt: skip
    assert content["classes"]["<b>"]["threshold"] is None
    assert content["classes"]["<b>"]["few_positives"] is True
    assert content["classes"]["AFIB"]["auc"] == {"value": 0.912345, "low": 0.8, "high": 1.0, "draws": 2000}
    assert content["classes"]["AFIB"]["few_positives"] is False
    assert content["macro"]["f1"] == {"value": 0.7, "low": 0.6, "high": 0.8, "draws": 2000, "classes": 2}


def test_summary_is_small_and_rounded(scores):
    summary = json.loads(json.dumps(scores.summary(), allow_nan=False))
    assert summary["macro"]["auc"] == {"value": 0.7, "low": 0.6, "high": 0.8}
    assert summary["classes"]["AFIB"]["auc"]["value"] == 0.9123
    assert summary["classes"]["<b>"]["precision"]["value"] is None
    assert summary["classes"]["AFIB"]["support"] == 152
    assert summary["records"] == 1000


def test_table_has_a_row_a_class_and_the_means(scores):
    table = scores.table()
    assert table.index.tolist() == ["AFIB", "<b>", "macro"]
    assert table.loc["AFIB", "f1_low"] == 0.8
    assert table.loc["macro", "recall"] == 0.7
    assert table["support"].tolist()[:2] == [152, 9]
    assert table["few_positives"].tolist()[:2] == [False, True]


def test_words_mark_few_positives(scores):
    words = scores.words()
    assert words["positives"].tolist() == ["152", "9*", ""]
    assert words.loc[0, "AUC"] == "0.912 (0.800–1.000)"
    assert words.loc[1, "precision"] == "–"
    assert words["threshold"].tolist() == ["0.250", "–", ""]


def test_a_notebook_shows_names_as_text(scores):
    shown = scores._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "A note." in shown
