from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from pellucid.core.errors import InvalidInputError
from pellucid.training.bootstrap import CHUNK, patient_draws, patient_numbers
from pellucid.training.scores import scores

CLASSES = ("SR", "AFIB", "STE_")
DRAWS = 40


@pytest.fixture(scope="module")
def answers():
    source = np.random.default_rng(4)
    labels = source.random((150, 3)) < [0.5, 0.2, 0.03]
    probabilities = np.round(source.random((150, 3)) * 0.6 + 0.4 * labels, 2)
    patients = [f"p{n}" for n in source.integers(110, size=150)]
    return probabilities, labels, patients, [0.5, 0.6, 0.7]


@pytest.fixture(scope="module")
def scored(answers):
    return scores(*answers, classes=CLASSES, draws=DRAWS)


def test_values_equal_scikit_learn(answers, scored):
    probabilities, labels, _, thresholds = answers
    for i, name in enumerate(CLASSES):
        one = scored.classes[name]
        p, y = probabilities[:, i], labels[:, i]
        assert one.estimates["auc"].value == pytest.approx(roc_auc_score(y, p), abs=1e-12)
        assert one.estimates["average_precision"].value == pytest.approx(average_precision_score(y, p), abs=1e-12)
        assert one.estimates["f1"].value == pytest.approx(f1_score(y, p > thresholds[i]), abs=1e-12)
        assert one.support == y.sum()
        assert one.threshold == thresholds[i]
        assert one.few_positives == (y.sum() < 10)
    assert scored.macro["auc"].value == pytest.approx(roc_auc_score(labels, probabilities, average="macro"), abs=1e-12)
    frequent = roc_auc_score(labels[:, :2], probabilities[:, :2], average="macro")
    assert scored.macro_frequent["auc"].value == pytest.approx(frequent, abs=1e-12)
    assert scored.macro_frequent["auc"].classes == 2


def test_macro_interval_is_over_the_classes_present_in_each_draw(answers, scored):
    probabilities, labels, patients, _ = answers
    numbers, count = patient_numbers(patients)
    weights = next(patient_draws(count, 0, 0))
    values = []
    for draw in range(DRAWS):
        w = weights[numbers, draw]
        present = [i for i in range(3) if w[labels[:, i]].any()]
        values.append(np.mean([roc_auc_score(labels[:, i], probabilities[:, i], sample_weight=w) for i in present]))
    low, high = np.percentile(values, [2.5, 97.5])
    assert scored.macro["auc"].low == pytest.approx(low, abs=1e-12)
    assert scored.macro["auc"].high == pytest.approx(high, abs=1e-12)
    assert any("3 classes that have positives and negatives" in note for note in scored.notes)


def test_interval_of_a_class_does_not_depend_on_the_others(answers, scored):
    probabilities, labels, patients, thresholds = answers
    alone = scores(probabilities[:, 1:2], labels[:, 1:2], patients, thresholds[1:2], classes=["AFIB"], draws=DRAWS)
    assert alone.classes["AFIB"] == scored.classes["AFIB"]


def test_seed_decides(answers, scored):
    assert scores(*answers, classes=CLASSES, draws=DRAWS).json() == scored.json()
    other = scores(*answers, classes=CLASSES, draws=DRAWS, seed=1)
    assert other.classes["SR"].estimates["auc"].low != scored.classes["SR"].estimates["auc"].low


def test_patients_with_many_records_widen_the_interval():
    source = np.random.default_rng(0)
    labels = np.repeat(source.random((40, 1)) < 0.5, 10, axis=0)
    probabilities = np.repeat(source.random((40, 1)) * 0.7 + 0.3 * labels[::10], 10, axis=0)
    clustered, apart = (
        scores(probabilities, labels, patients, [0.5], classes=["SR"], draws=300).classes["SR"].estimates["auc"]
        for patients in (np.repeat(np.arange(40), 10), None)
    )
    assert clustered.value == apart.value
    assert clustered.high - clustered.low > 2 * (apart.high - apart.low)


def test_unknown_patients_are_said(answers):
    probabilities, labels, _, thresholds = answers
    without = scores(probabilities, labels, None, thresholds, classes=CLASSES, draws=5)
    assert without.patients == 150
    assert "150 records; patients are not known: each record counts as one." in without.notes
    assert not any("patients with replacement" in note for note in without.notes)
    assert any("5 draws of 150 records with replacement, seed 0" in note for note in without.notes)
    assert without.summary()["patients"] is None


def test_clusters_are_not_called_patients(answers):
    probabilities, labels, _, thresholds = answers
    clusters = [f"cluster-{number // 3}" for number in range(150)]
    found = scores(probabilities, labels, clusters, thresholds, classes=CLASSES, draws=5)
    assert found.notes[0] == "150 records in 50 clusters of like ones; patients are not known."
    assert "draws of 50 clusters with replacement, all records of a cluster together" in found.notes[1]
    assert (found.people, found.summary()["clusters"]) == ({"patients": None, "clusters": 50}, 50)


def test_without_thresholds_only_ranking_is_scored(answers):
    probabilities, labels, patients, _ = answers
    ranked = scores(probabilities, labels, patients, [0.5, np.nan, 0.5], classes=CLASSES, draws=5)
    assert np.isnan(ranked.classes["AFIB"].estimates["f1"].value)
    assert ranked.classes["AFIB"].estimates["f1"].reason == "no threshold"
    assert ranked.classes["AFIB"].threshold is None
    assert not np.isnan(ranked.classes["AFIB"].estimates["auc"].value)
    assert ranked.macro["f1"].classes == 2
    assert "No F1, precision, recall, specificity of AFIB: no threshold." in ranked.notes


def test_decisions_have_no_ranking(answers):
    probabilities, labels, patients, _ = answers
    decided = scores(None, labels, patients, classes=CLASSES, decisions=probabilities > 0.5, draws=5)
    assert decided.macro["auc"].reason == "decisions, not probabilities"
    assert decided.classes["SR"].estimates["f1"].value == pytest.approx(
        f1_score(labels[:, 0], probabilities[:, 0] > 0.5)
    )


def test_a_class_that_nobody_has_stays_out_of_the_mean(answers):
    probabilities, labels, patients, thresholds = answers
    lacking = labels & [True, True, False]
    scored = scores(probabilities, lacking, patients, thresholds, classes=CLASSES, draws=20)
    assert scored.classes["STE_"].estimates["auc"].reason == "no record has the class"
    assert scored.macro["auc"].classes == 2
    assert scored.macro["auc"].value == np.mean([scored.classes[n].estimates["auc"].value for n in CLASSES[:2]])


def test_no_draws_no_intervals(answers):
    scored = scores(*answers, classes=CLASSES, draws=0)
    assert np.isnan(scored.classes["SR"].estimates["auc"].low)
    assert scored.json()["classes"]["SR"]["auc"]["low"] is None
    with pytest.raises(InvalidInputError, match="draws must be 0"):
        scores(*answers, classes=CLASSES, draws=-1)


def test_draws_go_on_beyond_one_chunk(answers):
    assert scores(*answers, classes=CLASSES, draws=CHUNK + 50).macro["auc"].draws == CHUNK + 50


def test_a_value_beside_its_interval_is_said():
    # Guessing rare classes: a positive that is drawn twice is worth twice as much.
    source = np.random.default_rng(2)
    labels = np.argsort(source.random((200, 100)), axis=0) < 2
    scored = scores(source.random((200, 100)), labels, None, classes=[f"c{i}" for i in range(100)], draws=100)
    average = scored.macro["average_precision"]
    assert average.value < average.low
    note = next(note for note in scored.notes if note.startswith("Positives that are drawn twice"))
    assert "average precision of macro" in note
    assert "AUC" not in note
