from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from pellucid.core.errors import InvalidInputError
from pellucid.training.thresholds import best_thresholds, threshold_notes


def one(probabilities, labels):
    return best_thresholds(np.array(probabilities)[:, None], np.array(labels)[:, None])[0]


@pytest.mark.parametrize("levels", [4, 20, 1000])
def test_no_threshold_is_better(levels):
    source = np.random.default_rng(levels)
    probabilities = source.integers(levels, size=(40, 3)) / levels
    labels = source.random((40, 3)) < 0.3 * probabilities + 0.1
    for p, y, threshold in zip(probabilities.T, labels.T, best_thresholds(probabilities, labels), strict=True):
        every = [f1_score(y, p > t, zero_division=0.0) for t in np.unique([0, *p])]
        assert f1_score(y, p > threshold) == max(every)


def test_stands_midway_between_the_neighbours():
    assert one([0.1, 0.3, 0.7, 0.9], [0, 0, 1, 1]) == pytest.approx(0.5)


def test_finding_everybody_stands_midway_to_zero():
    assert one([0.2, 0.4], [1, 1]) == pytest.approx(0.1)


def test_of_equal_f1_the_highest_is_taken():
    # F1 is 2/3 after the first record and after the fourth.
    assert one([0.9, 0.8, 0.7, 0.6], [1, 0, 0, 1]) == pytest.approx(0.85)


def test_neighbours_without_a_number_between():
    above = np.nextafter(0.5, 1)
    threshold = one([0.5, above], [0, 1])
    assert 0.5 <= threshold < above


def test_a_probability_of_zero_is_never_found():
    assert one([0.0, 0.0, 0.6], [1, 1, 0]) == pytest.approx(0.3)
    assert one([0.0, 0.0], [1, 0]) == 0.5


def test_without_positives_it_is_a_half_and_said():
    labels = np.array([[0, 1], [0, 0]])
    assert best_thresholds([[0.2, 0.4], [0.1, 0.2]], labels)[0] == 0.5
    assert threshold_notes(labels, ["AFIB", "SR"]) == ("No record to choose a threshold on has AFIB: 0.5 is used.",)
    assert threshold_notes(labels[:, 1:], ["SR"]) == ()


@pytest.mark.parametrize(
    ("probabilities", "labels", "words"),
    [
        ([[0.5, 0.5]], [[1]], "both be"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "one record or more"),
        ([[1.5]], [[1]], "0..1"),
        ([[np.nan]], [[1]], "0..1"),
    ],
)
def test_wrong_input_is_named(probabilities, labels, words):
    with pytest.raises(InvalidInputError, match=words):
        best_thresholds(probabilities, labels)
