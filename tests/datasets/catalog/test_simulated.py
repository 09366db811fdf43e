"""Simulated patients as a data set."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.dataset import dataset


def test_every_kind_in_turn_and_every_fold_alike() -> None:
    patients = dataset("simulated:140", classes="all")
    assert patients.labels.sum().tolist() == [20] * 7
    assert patients.select(folds=[3]).labels.sum().tolist() == [2] * 7
    assert patients.table["patient"].is_unique


def test_a_record_is_that_of_its_patient_and_the_same_every_time() -> None:
    patients = dataset("simulated:7", sampling_rate=100, seed=4)
    again = dataset("simulated:7", sampling_rate=100, seed=4)
    np.testing.assert_array_equal(patients.read(2).signal, again[2].signal)
    assert patients.patient(2).diagnoses == ("CRBBB",)  # type: ignore[attr-defined]  # simulated patients alone have truth
    signals = patients.select(folds=[1]).signals()
    assert signals.shape == (7, 12, 1000)
    np.testing.assert_allclose(signals[2] / 1000, patients.read(2).signal, atol=6e-4)


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InvalidInputError, match=r"simulated:N .* got 'many'"):
        dataset("simulated:many")
    with pytest.raises(UnknownNameError, match="record 9 is not known"):
        dataset("simulated:7").read(9)
    with pytest.raises(InvalidInputError, match=r"setting 'sede' is not known.*Did you mean 'seed'"):
        dataset("simulated:7", sede=1)
