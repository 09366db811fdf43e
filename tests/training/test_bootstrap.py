from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.training.bootstrap import CHUNK, patient_draws, patient_numbers, percentile_interval


def test_records_of_one_patient_share_a_number():
    numbers, count = patient_numbers(["b", "a", "b", "c"])
    assert numbers.tolist() == [1, 0, 1, 2]
    assert count == 3


@pytest.mark.parametrize("patients", [[], [["a"], ["b"]]])
def test_patients_are_one_row(patients):
    with pytest.raises(InvalidInputError, match="one name a record"):
        patient_numbers(patients)


def test_each_draw_takes_as_many_patients_as_there_are():
    counts = next(patient_draws(40, 3))
    assert counts.shape == (40, CHUNK)
    assert (counts.sum(axis=0) == 40).all()
    assert (counts == counts.round()).all()
    # Each patient enters once on average, and is left out of (1 - 1/40)^40 of the draws.
    assert counts.mean(axis=1) == pytest.approx(1.0, abs=5 / CHUNK**0.5)
    assert (counts == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.01)


def test_seed_and_stream_decide_the_draws():
    first, second = islice(patient_draws(9, 1, 4), 2)
    again = next(patient_draws(9, 1, 4))
    assert (first == again).all()
    assert (first != second).any()
    assert (first != next(patient_draws(9, 1, 5))).any()
    assert (first != next(patient_draws(9, 2, 4))).any()


def test_interval_is_the_central_95_percent_of_what_is_defined():
    values = np.append(np.arange(201.0), [np.nan, np.nan])
    assert percentile_interval(values) == pytest.approx((5.0, 195.0, 201))


def test_interval_of_nothing_is_not_defined():
    low, high, count = percentile_interval(np.array([np.nan]))
    assert np.isnan([low, high]).all()
    assert count == 0
