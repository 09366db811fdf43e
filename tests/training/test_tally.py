from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from pellucid.training.bootstrap import patient_draws
from pellucid.training.estimates import METRICS
from pellucid.training.tally import Tally

COUNT = 12


@pytest.fixture(scope="module")
def answers():
    source = np.random.default_rng(8)
    probabilities = source.integers(8, size=40) / 8
    return probabilities, source.random(40) < 0.3, probabilities > 0.6, source.integers(COUNT, size=40)


def test_equals_scikit_learn_for_every_draw(answers):
    probabilities, labels, found, patients = answers
    weights = next(patient_draws(COUNT, 0))[:, :30]
    metrics = Tally(probabilities, labels, found, patients, COUNT).metrics(weights)
    for draw in range(30):
        w = weights[patients, draw]
        wanted = {
            "auc": roc_auc_score(labels, probabilities, sample_weight=w),
            "average_precision": average_precision_score(labels, probabilities, sample_weight=w),
            "f1": f1_score(labels, found, sample_weight=w),
            "precision": precision_score(labels, found, sample_weight=w),
            "recall": recall_score(labels, found, sample_weight=w),
            "specificity": recall_score(~labels, ~found, sample_weight=w),
        }
        assert metrics[:, draw] == pytest.approx([wanted[name] for name in METRICS], abs=1e-12)


def test_values_are_those_of_the_records_as_they_are(answers):
    probabilities, labels, found, patients = answers
    tally = Tally(probabilities, labels, found, patients, COUNT)
    assert tally.values[2] == pytest.approx(f1_score(labels, found), abs=1e-15)


def test_nothing_right_is_f1_0_and_precision_of_nothing_found_is_undefined():
    labels = np.array([True, False, False])
    nothing = Tally(None, labels, np.zeros(3, dtype=bool), np.arange(3), 3)
    wrong = Tally(None, labels, np.array([False, True, False]), np.arange(3), 3)
    assert nothing.values[2] == wrong.values[2] == 0
    assert np.isnan(nothing.values[3])
    assert nothing.reasons[3] == "no record is found to have the class"
    assert wrong.values[3] == 0
    assert wrong.values[5] == 0.5


@pytest.mark.parametrize(
    ("labels", "undefined", "reason"),
    [
        ([False] * 3, {"auc", "average_precision", "f1", "recall"}, "no record has the class"),
        ([True] * 3, {"auc", "average_precision", "specificity"}, "every record has the class"),
    ],
)
def test_one_sided_classes(labels, undefined, reason):
    tally = Tally(np.array([0.1, 0.5, 0.9]), np.array(labels), np.array([False, True, True]), np.arange(3), 3)
    missing = {name for name, value in zip(METRICS, tally.values, strict=True) if np.isnan(value)}
    assert missing == undefined
    assert {tally.reasons[METRICS.index(name)] for name in undefined} == {reason}
    assert tally.draws(20, 0).shape == (6, 20)


def test_draws_without_positives_are_drawn_again():
    labels = np.arange(10) == 0  # one positive: absent from 35 % of the draws
    tally = Tally(np.linspace(1, 0, 10), labels, labels, np.arange(10), 10)
    common = np.concatenate([tally.metrics(w) for w, _ in zip(patient_draws(10, 7), range(4), strict=False)], axis=1)
    assert 0.3 < np.isnan(common[0]).mean() < 0.4
    own = tally.draws(600, 7)
    assert own.shape == (6, 600)
    assert not np.isnan(own).any()
    kept = common[:, ~np.isnan(common[0])][:, :600]
    assert (own == kept).all()
