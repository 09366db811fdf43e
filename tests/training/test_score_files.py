from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pellucid.training.answers import Answers
from pellucid.training.prediction_files import read_answers
from pellucid.training.score_files import Question


@pytest.fixture(scope="module")
def question():
    source = np.random.default_rng(3)
    labels = source.random((60, 2)) < 0.4
    answers = Answers.of(
        classes=["AFIB", "LAFB/LPFB"],
        labels=labels,
        probabilities=source.random((60, 2)) * 0.7 + 0.3 * labels,
        thresholds=[0.5, np.nan],
        patients=source.integers(40, size=60),
    )
    return Question(title="toy", answers=answers, data={"name": "toy"}, network={"name": "n"})


@pytest.fixture(scope="module")
def folder(question, tmp_path_factory):
    out = tmp_path_factory.mktemp("scores")
    written = question.scored(draws=30).save(out)
    assert sorted(written) == sorted(out.iterdir())
    return out


def test_metrics_json_has_the_agreed_layout(folder):
    content = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert {"macro", "classes", "data", "network", "provenance"} <= set(content)
    assert set(content["macro"]) == {"auc", "average_precision", "f1", "precision", "recall", "specificity"}
    assert content["macro"]["auc"]["low"] < content["macro"]["auc"]["value"] < content["macro"]["auc"]["high"]
    one = content["classes"]["AFIB"]
    assert one["threshold"] == 0.5
    assert 0 < one["brier_score"] < 1
    assert content["classes"]["LAFB/LPFB"]["f1"]["reason"] == "no threshold"
    assert content["data"]["name"] == "toy"
    assert content["data"]["records"] == 60
    assert content["provenance"]["draws"] == 30
    assert "numpy" in content["provenance"]["versions"]


def test_classes_csv_has_the_macro_row(folder):
    table = pd.read_csv(folder / "classes.csv", index_col="class")
    content = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert table.index.tolist() == ["AFIB", "LAFB/LPFB", "macro"]
    assert table.loc["AFIB", "auc_low"] == content["classes"]["AFIB"]["auc"]["low"]
    assert table.loc["macro", "f1"] == content["macro"]["f1"]["value"]
    assert np.isnan(table.loc["LAFB/LPFB", "f1"])


def test_what_is_written_scores_the_same_when_read_again(folder, question):
    again = read_answers(folder / "predictions.csv", folder / "labels.csv", thresholds=[0.5, float("nan")])
    assert (again.probabilities == question.answers.probabilities).all()
    assert (again.patients == question.answers.patients).all()
    repeated = Question(title="", answers=again, data={}, network=None).scored(draws=30)
    assert repeated.scores.macro == question.scored(draws=30).scores.macro


def test_bins_and_pictures_are_there(folder):
    bins = pd.read_csv(folder / "calibration.csv")
    assert bins.loc[bins["class"] == "AFIB", "records"].sum() == 60
    names = {path.name for path in folder.glob("*.png")}
    assert {"roc.png", "precision_recall.png", "intervals_auc.png", "reliability_LAFB-LPFB.png"} <= names


def test_decisions_have_no_calibration(tmp_path):
    answers = Answers.of(classes=["AFIB"], labels=[[1], [0]], decisions=[[1], [1]])
    result = Question(title="toy", answers=answers, data={}, network=None).scored(draws=0)
    result.save(tmp_path)
    content = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert "calibration" not in content
    assert content["data"]["patients"] is None
    assert not (tmp_path / "calibration.csv").exists()
    assert pd.read_csv(tmp_path / "predictions.csv")["AFIB"].tolist() == [1, 1]
    assert "patient" not in pd.read_csv(tmp_path / "predictions.csv")
