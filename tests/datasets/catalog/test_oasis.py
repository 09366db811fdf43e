from __future__ import annotations

import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.dataset import dataset


@pytest.fixture
def root(tmp_path, write, picture):
    for patient in range(24):
        name = "Non Demented" if patient % 2 else "Mild Dementia"
        for session, repeat, number in ((1, 1, 100), (1, 2, 101), (2, 1, 100)):
            file = f"OAS1_{patient:04d}_MR{session}_mpr-{repeat}_{number}.jpg"
            write(tmp_path / "oasis" / name / file, picture(patient, 40))
    return tmp_path / "oasis"


def test_sessions_and_repeats_of_a_patient_stay_together(root):
    source = dataset(f"oasis:{root}")
    assert len(source) == 72
    assert source.table["patient"].nunique() == 24
    assert source.patients_known
    assert source.notes == ()
    assert source.table.groupby("patient")["fold"].nunique().eq(1).all()
    assert source.table.loc["Mild Dementia/OAS1_0002_MR2_mpr-1_100.jpg", "patient"] == "OAS1_0002"
    assert source.labels.groupby(source.table["fold"]).sum().to_numpy().min() >= 3


def test_a_name_that_tells_no_patient_is_told(root, write, picture):
    write(root / "Non Demented" / "26 (19).jpg", picture(1))
    with pytest.raises(InvalidInputError, match=r"26 \(19\)\.jpg must be named as OAS1_0001_MR1_mpr-1_100"):
        dataset(f"oasis:{root}")
