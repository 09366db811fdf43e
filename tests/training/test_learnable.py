"""Labels and patients that a training refuses."""

from __future__ import annotations

import copy

import pytest

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.datasets.dataset import Dataset, dataset
from pellucid.training.fit_settings import LossName, LossSettings
from pellucid.training.learnable import check_labels, exclusive, learnt_from
from pellucid.training.settings import DataSettings

DATA = DataSettings(dataset="d:1", train=(1, 2), choose=(3,), test=(4,))
ECGS = dataset("simulated:28")
SLICES = dataset("phantoms:40")


def check(name: LossName, source: Dataset, *, auxiliary: bool = False) -> None:
    check_labels(LossSettings(name=name), learnt_from(source, DATA), DATA, auxiliary=auxiliary)


def relabelled(source: Dataset, column: str, value: bool) -> Dataset:
    other = copy.copy(source)
    other.labels = source.labels.assign(**{column: value})
    return other


def test_slices_exclude_each_other_and_ecgs_do_not() -> None:
    assert exclusive(learnt_from(SLICES, DATA))
    assert not exclusive(learnt_from(dataset("simulated:28", classes="all"), DATA))  # one each, but by chance
    assert not exclusive(learnt_from(relabelled(SLICES, "glioma_tumor", True), DATA))
    check("cross_entropy", SLICES)
    check("bce", SLICES)
    check("bce", ECGS)


def test_cross_entropy_refuses_records_of_several_classes_or_none() -> None:
    with pytest.raises(InvalidInputError, match=r"exactly one class a record; record 0 of simulated has none\."):
        check("cross_entropy", ECGS)
    with pytest.raises(
        InvalidInputError, match=r"record 1 of phantoms has glioma_tumor and meningioma_tumor\. Choose the loss bce"
    ):
        check("cross_entropy", relabelled(SLICES, "glioma_tumor", True))
    with pytest.raises(SettingError, match="auxiliary outputs need a sigmoid each"):
        check("cross_entropy", SLICES, auxiliary=True)


def test_classes_that_nobody_has_are_told() -> None:
    few = SLICES.take([i for i in range(40) if SLICES.table["class"].iloc[i] != "glioma_tumor"])
    with pytest.raises(InvalidInputError, match="two classes or more, and of each; none has glioma_tumor"):
        check("cross_entropy", few)
    none = copy.copy(ECGS)
    none.labels = ECGS.labels & False
    with pytest.raises(InvalidInputError, match="records with and without some class"):
        check("bce", none)


def test_a_patient_on_both_sides_is_told() -> None:
    both = copy.copy(ECGS)
    both.table = ECGS.table.assign(patient=["same" if i in (0, 27) else str(i) for i in range(28)])
    with pytest.raises(InvalidInputError, match=r"'same' is in the folds of test and train \(1 such patients\)"):
        learnt_from(both, DATA)
    assert len(learnt_from(ECGS, DATA)) == 21
