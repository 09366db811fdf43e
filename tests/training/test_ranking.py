from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from pellucid.training.ranking import Ranking

RECORDS, PATIENTS, DRAWS = 60, 25, 40


@pytest.mark.parametrize("levels", [2, 5, 1000])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_equals_scikit_learn_with_weights(levels, share):
    source = np.random.default_rng([levels, int(100 * share)])
    probabilities = source.integers(levels, size=RECORDS) / levels
    labels = source.random(RECORDS) < share
    labels[:2] = True, False
    patients = source.integers(PATIENTS, size=RECORDS)
    weights = source.multinomial(PATIENTS, np.full(PATIENTS, 1 / PATIENTS), size=DRAWS).T.astype(np.float64)
    auc, average = Ranking(probabilities, labels, patients, PATIENTS).auc_and_average_precision(weights)
    compared = 0
    for draw in range(DRAWS):
        of_record = weights[patients, draw]
        if not of_record[labels].any() or not of_record[~labels].any():
            assert np.isnan([auc[draw], average[draw]]).all()
            continue
        compared += 1
        assert auc[draw] == pytest.approx(roc_auc_score(labels, probabilities, sample_weight=of_record), abs=1e-12)
        wanted = average_precision_score(labels, probabilities, sample_weight=of_record)
        assert average[draw] == pytest.approx(wanted, abs=1e-12)
    assert compared > DRAWS / 2


def test_equals_scikit_learn_with_repeated_rows():
    source = np.random.default_rng(5)
    probabilities, labels = source.integers(9, size=RECORDS) / 9, source.random(RECORDS) < 0.4
    counts = source.integers(4, size=RECORDS)
    ranking = Ranking(probabilities, labels, np.arange(RECORDS), RECORDS)
    auc, average = ranking.auc_and_average_precision(counts[:, None].astype(np.float64))
    rows = np.repeat(np.arange(RECORDS), counts)
    assert auc[0] == pytest.approx(roc_auc_score(labels[rows], probabilities[rows]), abs=1e-12)
    assert average[0] == pytest.approx(average_precision_score(labels[rows], probabilities[rows]), abs=1e-12)


def test_by_hand():
    # Ordered: + (- +) -, of which the middle two are tied.
    ranking = Ranking(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, False, True, False]), np.arange(4), 4)
    auc, average = ranking.auc_and_average_precision(np.ones((4, 1)))
    assert auc[0] == (2 + 1.5) / 4
    assert average[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3, abs=1e-15)


@pytest.mark.parametrize("labels", [[True, True], [False, False]])
def test_one_sided_is_not_defined(labels):
    ranking = Ranking(np.array([0.2, 0.4]), np.array(labels), np.arange(2), 2)
    assert np.isnan(ranking.auc_and_average_precision(np.ones((2, 1)))).all()
