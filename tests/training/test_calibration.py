from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from pellucid.core.errors import InvalidInputError
from pellucid.training.calibration import (
    POOLED,
    brier_score,
    calibration,
    expected_calibration_error,
    reliability_table,
)


@pytest.fixture(scope="module")
def answers():
    source = np.random.default_rng(0)
    probabilities = source.random(1000)
    return probabilities, source.random(1000) < probabilities


def test_brier_score_equals_scikit_learn(answers):
    probabilities, labels = answers
    assert brier_score(probabilities, labels) == pytest.approx(brier_score_loss(labels, probabilities), abs=1e-15)


def test_bins_hold_equally_many_and_lose_none(answers):
    table = reliability_table(*answers)
    assert table["records"].tolist() == [100] * 10
    assert table["mean_probability"].is_monotonic_increasing
    assert (table["observed"] * table["records"]).sum() == answers[1].sum()


def test_calibration_error_by_hand():
    table = reliability_table([0.1, 0.3, 0.6, 0.8], [0, 0, 1, 1], bins=2)
    assert table["mean_probability"].tolist() == pytest.approx([0.2, 0.7])
    assert table["observed"].tolist() == [0, 1]
    assert expected_calibration_error(table) == pytest.approx(0.5 * 0.2 + 0.5 * 0.3)


def test_calibrated_is_near_zero_and_shifted_is_its_shift(answers):
    probabilities, labels = answers
    assert expected_calibration_error(reliability_table(probabilities, labels)) < 0.05
    halved = expected_calibration_error(reliability_table(probabilities / 2, labels))
    assert halved == pytest.approx(labels.mean() - probabilities.mean() / 2, abs=1e-12)


def test_equal_probabilities_share_a_bin_whatever_their_order():
    probabilities, labels = np.array([0.2] * 15 + [0.9] * 5), np.arange(20) % 3 == 0
    order = np.random.default_rng(1).permutation(20)
    table = reliability_table(probabilities, labels, bins=4)
    assert table["records"].tolist() == [15, 5]
    assert reliability_table(probabilities[order], labels[order], bins=4).equals(table)


def test_spread_bins_show_a_rare_class_where_it_is_probable():
    source = np.random.default_rng(2)
    probabilities = np.concatenate([np.full(2000, 1e-4) * source.random(2000), source.random(50)])
    labels = source.random(2050) < probabilities
    equal, spread = (reliability_table(probabilities, labels, spread=s) for s in (False, True))
    assert (equal["mean_probability"] > 0.01).sum() == 1
    assert (spread["mean_probability"] > 0.01).sum() >= 9
    assert spread["records"].sum() == 2050


def test_spread_bins_of_certain_answers():
    assert reliability_table([0.0, 1.0], [0, 1], spread=True)["records"].tolist() == [1, 1]


def test_each_class_and_all_pooled():
    probabilities, labels = np.array([[0.2, 0.9], [0.6, 0.3]]), np.array([[False, True], [True, True]])
    scores, bins = calibration(probabilities, labels, ["AFIB", "SR"], bins=2)
    assert scores.index.tolist() == ["AFIB", "SR", POOLED]
    assert scores.loc["AFIB", "brier_score"] == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert scores.loc[POOLED, "brier_score"] == pytest.approx((0.2**2 + 0.4**2 + 0.1**2 + 0.7**2) / 4)
    assert bins.loc["SR", "observed"].tolist() == [1, 1]
    assert bins.index.names == ["class", "bin"]


@pytest.mark.parametrize(
    ("probabilities", "labels", "bins", "words"),
    [([0.1], [0, 1], 10, "equal length"), ([], [], 10, "not empty"), ([0.1], [0], 0, "bins must be 1")],
)
def test_wrong_input_is_named(probabilities, labels, bins, words):
    with pytest.raises(InvalidInputError, match=words):
        reliability_table(probabilities, labels, bins=bins)
