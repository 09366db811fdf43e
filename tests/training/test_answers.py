from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.training.answers import Answers, canonical

GIVEN = {
    "classes": ["AFIB", "SR"],
    "labels": [[1, 0], [0, 1], [0, 0]],
    "probabilities": [[0.9, 0.2], [0.3, 0.5], [0.1, 0.6]],
}


def test_found_is_strictly_above():
    answers = Answers.of(**GIVEN, thresholds=[0.3, 0.5])
    assert answers.found(0).tolist() == [True, False, False]
    assert answers.found(1).tolist() == [False, False, True]


def test_a_class_without_a_threshold_finds_nothing_out():
    answers = Answers.of(**GIVEN, thresholds=[0.3, np.nan])
    assert answers.threshold(0) == 0.3
    assert answers.threshold(1) is None
    assert answers.found(1) is None
    assert Answers.of(**GIVEN).found(0) is None


def test_one_threshold_holds_for_all():
    assert Answers.of(**GIVEN, thresholds=[0.4]).thresholds.tolist() == [0.4, 0.4]


def test_decisions_stand_in_place_of_thresholds():
    answers = Answers.of(**GIVEN, thresholds=[0.3, 0.5], decisions=[[0, 1], [0, 1], [0, 1]])
    assert answers.found(1).tolist() == [True, True, True]


def test_records_are_numbered_from_one():
    assert Answers.of(**GIVEN).records.tolist() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": [[1, 2], [0, 0], [0, 0]]}, "labels must be 0 or 1"),
        ({"labels": [[1, 0], [0, 0]]}, "probabilities must have the shape"),
        ({"labels": [1, 0]}, "of 2 different classes"),
        ({"classes": ["AFIB", "AFIB"]}, "of 1 different classes"),
        ({"probabilities": None}, "got neither"),
        ({"probabilities": [[-3.0, 0], [0, 0], [0, 0]]}, "not logits"),
        ({"probabilities": [[np.nan, 0], [0, 0], [0, 0]]}, "0..1"),
        ({"decisions": [[0.5, 0], [0, 0], [0, 0]]}, "decisions must be 0 or 1"),
        ({"thresholds": [0.1, 0.2, 0.3]}, "thresholds must have the shape"),
        ({"thresholds": [0.1, 5]}, r"thresholds must be probabilities in 0\.\.1; got \[0\.1, 5\.0\]"),
        ({"thresholds": -0.1}, "thresholds must be probabilities"),
        ({"patients": ["a", "b"]}, "patients must have the shape"),
        ({"records": ["a", "b"]}, "records must have the shape"),
    ],
)
def test_wrong_input_is_named(change, words):
    with pytest.raises(InvalidInputError, match=words):
        Answers.of(**GIVEN | change)


@pytest.mark.parametrize(("name", "code"), [("1dAVb", "1AVB"), (" af ", "AFIB"), ("afib", "AFIB"), ("Mine", "Mine")])
def test_classes_are_known_by_other_names(name, code):
    assert canonical(name) == code
