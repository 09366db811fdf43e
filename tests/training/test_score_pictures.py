from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from pellucid.figures import curves, style
from pellucid.training.answers import Answers
from pellucid.training.score_pictures import FEW_CLASSES, pictures
from pellucid.training.scores import score


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """What each function of `figures.curves` was asked to draw; nothing is drawn."""
    calls = {}

    def note(name):
        return lambda *given, **more: calls.setdefault(name, []).append((given, more))

    for name in ("roc", "precision_recall", "forest", "reliability"):
        monkeypatch.setattr(curves, name, note(name))
    monkeypatch.setattr(style, "save", lambda figure, path: path)

    def draw(answers, draws=10):
        calls.clear()
        return calls, [path.stem for path in pictures(answers, score(answers, draws=draws), tmp_path)]

    return draw


def answers(classes, **more):
    source = np.random.default_rng(0)
    labels = source.random((80, classes)) < 0.4
    labels[:, -1] = False
    names = [f"c{i}" for i in range(classes)]
    return Answers.of(classes=names, labels=labels, **{"probabilities": source.random((80, classes))} | more)


def test_curves_are_those_of_the_classes_with_both_sides(drawn):
    given = answers(3)
    calls, names = drawn(given)
    ((shown,), more), *_ = calls["roc"]
    assert list(shown) == ["c0", "c1"]
    wrong, right, _ = roc_curve(given.labels[:, 0], given.probabilities[:, 0])
    assert (shown["c0"][0] == wrong).all()
    assert (shown["c0"][1] == right).all()
    assert more["areas"]["c1"] == score(given, draws=0).classes["c1"].estimates["auc"].value
    ((precision_recall,), _), *_ = calls["precision_recall"]
    recall, precision = precision_recall["c0"]
    assert recall[0] == 1
    assert precision[0] == pytest.approx(given.labels[:, 0].mean())
    assert names[:2] == ["roc", "precision_recall"]


def test_intervals_end_with_the_mean_and_mark_few(drawn):
    calls, names = drawn(answers(3, thresholds=[0.5]))
    (table,), more = calls["forest"][0]
    assert table.index.tolist() == ["c0", "c1", "macro"]
    assert more["faint"] == ["c2"]
    assert more["label"] == "AUC"
    assert "intervals_specificity" in names
    assert "forest" not in drawn(answers(3), draws=0)[0]


def test_each_of_few_classes_has_its_reliability(drawn):
    few, _ = drawn(answers(2))
    assert [more["title"] for _, more in few["reliability"]] == ["all classes", "c0", "c1"]
    assert sum(few["reliability"][0][0][2]) == 160
    many, names = drawn(answers(FEW_CLASSES + 1))
    assert len(many["reliability"]) == 1
    assert names[-1] == "reliability"


def test_decisions_have_intervals_alone(drawn):
    _, names = drawn(answers(2, probabilities=None, decisions=np.eye(80, 2)))
    assert names
    assert all(name.startswith("intervals_") for name in names)
