from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.dataset import dataset
from pellucid.records.read import read

sys.path.insert(0, str(Path(__file__).parents[2] / "records"))

from series import head, write_series

nibabel = pytest.importorskip("nibabel")

RAS = np.diag([2.0, 1.5, 3.0, 1.0])


def store(path, seed=0, slices=30):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 900, (12, 10, slices)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(values, RAS), path)


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "heads"
    for number in range(12):
        store(root / "healthy" / f"sub-{number:02d}_T1w.nii.gz", number)
        store(root / "ill" / f"sub-{number + 50:02d}" / "anat" / f"sub-{number + 50:02d}_ses-1_T1w.nii", number + 50)
    store(root / "ill" / "sub-50" / "anat" / "sub-50_ses-2_T1w.nii", 99)
    write_series(root / "ill" / "scans" / "001", head())
    return root


def test_every_volume_gives_slices_of_its_middle(place):
    source = dataset(f"volumes:{place},slices=4")
    assert source.labels.sum().to_dict() == {"healthy": 48, "ill": 56}
    heights = [float(name.rpartition("@")[2]) for name in source.table.index[:4]]
    assert heights == [0.375, 0.458, 0.542, 0.625]
    whole = dataset(f"volumes:{place},slices=2,middle=1")
    assert [name.rpartition("@")[2] for name in whole.table.index[:2]] == ["0.250", "0.750"]


def test_the_middle_slice_is_what_reading_the_file_gives(place):
    source = dataset(f"volumes:{place},slices=1")
    one = source.read("healthy/sub-03_T1w.nii.gz@0.500")
    np.testing.assert_array_equal(one.pixels, read(place / "healthy" / "sub-03_T1w.nii.gz").pixels)
    assert one.name == "sub-03_T1w@0.500"
    assert one.metadata["sides"] == ["R", "L"]
    assert one.spacing == (1.5, 2.0)


def test_patients_are_told_by_bids_and_dicom_and_stay_together(place):
    source = dataset(f"volumes:{place}")
    patients = source.table.groupby("patient")["file"].nunique()
    assert patients["sub-50"] == 2
    assert sum(name.startswith("patient-") for name in patients.index) == 1
    assert (source.table.groupby("patient")["fold"].nunique() == 1).all()
    assert source.patients_known
    assert source.untestable is None
    assert source.notes == ()


def test_a_name_that_says_nothing_stands_for_a_patient_and_is_noted(place):
    store(place / "ill" / "scan7.nii")
    source = dataset(f"volumes:{place}")
    assert "scan7" in set(source.table["patient"])
    assert "their names stand for patients" in source.notes[0]


def test_a_dicom_series_is_read_as_one_volume(place):
    source = dataset(f"volumes:{place},slices=3,middle=1")
    lowest = source.read("ill/scans/001@0.167")
    low, high = np.percentile(head(), (0.5, 99.5))
    wanted = ((head()[::-1, ::-1, 0].T - low) / (high - low)).clip(0, 1)
    np.testing.assert_allclose(lowest.pixels, wanted, atol=1e-6)
    assert source.mask("ill/scans/001@0.167") is None


def test_a_published_split_is_kept(place, tmp_path):
    for part in ("train", "test"):
        store(tmp_path / "parts" / part / "ill" / f"sub-{part}.nii")
    source = dataset(f"volumes:{tmp_path / 'parts'},slices=1")
    assert source.table["fold"].tolist() == [10, 1]
    assert source.sides.tolist() == ["test", "train"]


def test_what_is_wrong_is_told(place, tmp_path):
    for settings in ("slices=0", "middle=1.5"):
        with pytest.raises(InvalidInputError, match=r"1 slice or more and a middle in 0\.\.1"):
            dataset(f"volumes:{place},{settings}")
    with pytest.raises(InvalidInputError, match=r"400 slices in 0\.333333 of it are more\. Take 333 or fewer"):
        dataset(f"volumes:{place},slices=400")
    assert dataset(f"volumes:{place},slices=333").table.index.is_unique
    (tmp_path / "empty" / "ill").mkdir(parents=True)
    with pytest.raises(InvalidInputError, match=r"ill must hold volumes \(\.nii"):
        dataset(f"volumes:{tmp_path / 'empty'}")
    broken = place / "healthy" / "sub-00_T1w.nii.gz"
    broken.write_bytes(broken.read_bytes()[:60])
    part, skipped = dataset(f"volumes:{place},slices=2").readable()
    assert sorted(skipped) == ["healthy/sub-00_T1w.nii.gz@0.417", "healthy/sub-00_T1w.nii.gz@0.583"]
    with pytest.raises(UnreadableFileError, match="sub-00"):
        dataset(f"volumes:{place}").pictures((8, 8))
    assert len(part) == 50
