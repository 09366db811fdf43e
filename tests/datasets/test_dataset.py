"""What every data set promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError, UnreadableFileError
from pellucid.datasets.dataset import dataset, in_folder


def test_it_is_lazy_and_iterates_over_records() -> None:
    patients = dataset("simulated:7", sampling_rate=100)
    assert len(patients) == 7
    assert [record.samples for record in patients] == [1000] * 7
    assert patients.classes == ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")


def test_the_hash_tells_splits_apart() -> None:
    patients = dataset("simulated:140")
    assert patients.select(folds=[1]).hash == dataset("simulated:140").select(folds=[1]).hash
    assert patients.select(folds=[1]).hash != patients.select(folds=[2]).hash
    assert patients.hash != dataset("simulated:140", classes="all").hash


def test_in_a_notebook_it_counts_its_classes() -> None:
    shown = dataset("simulated:14")._repr_html_()
    assert "14 records of 14 patients" in shown
    assert "<th>AFIB</th>" in shown


def test_nothing_left_is_told() -> None:
    with pytest.raises(InvalidInputError, match="no record of simulated is left"):
        dataset("simulated:1").select(records="any-of-classes")


def test_a_folder_is_known_by_its_marker(tmp_path: Path) -> None:
    (tmp_path / "table.csv").touch()
    assert in_folder(str(tmp_path), "x", "table.csv") == tmp_path
    with pytest.raises(InvalidInputError, match=r"holds other\.csv.*Give the folder as x:PATH"):
        in_folder(str(tmp_path), "x", "other.csv")


def test_a_split_file_gives_records_patients_and_folds(tmp_path: Path) -> None:
    split = tmp_path / "split.csv"
    split.write_text("record,patient,fold\n5,x,10\n2,y,1\n3,y,1\n")
    part = dataset(f"simulated:14,split={split}", sampling_rate=100)
    assert part.table.index.tolist() == [5, 2, 3]
    assert part.table["patient"].tolist() == ["x", "y", "y"]
    assert part.sides.tolist() == ["test", "training", "training"]
    assert part.select(folds=[10]).signals().shape == (1, 12, 1000)
    split.write_text("record,patient,fold\n77,x,10\n")
    with pytest.raises(InvalidInputError, match="1 others, the first '77'"):
        dataset(f"simulated:14,split={split}")


def test_records_are_taken_in_the_given_order() -> None:
    assert dataset("simulated:14").take([9, 3]).table.index.tolist() == [9, 3]
    assert dataset("simulated:14").acquisition.shape == (14, 0)
    assert dataset("simulated:14").notes == ()


def test_settings_may_stand_behind_the_place() -> None:
    fast = dataset("simulated:3,sampling_rate=250,seed=4")
    assert fast.sampling_rate == 250
    np.testing.assert_array_equal(fast.signals(), dataset("simulated:3", sampling_rate=250, seed=4).signals())
    assert dataset("phantoms:4,shortcut=corner,size=64").pictures((64, 64))[0, 0, 0] == 230
    with pytest.raises(InvalidInputError, match=r"data set simulated: setting 'rate' is not known"):
        dataset("simulated:3,rate=250")


def test_a_comma_in_a_folder_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"a=b,c/d does not"):
        dataset(f"ptbxl:{tmp_path}/a=b,c/d")


def test_an_unknown_class_is_told_with_its_data_set_and_where_it_was_named() -> None:
    told = r"data set simulated, --classes: class 'AFBI' is not known; known: NORM, 1AVB.*Did you mean 'AFIB'"
    with pytest.raises(UnknownNameError, match=told):
        dataset("simulated:7", classes=["1AVB", "AFBI"], classes_by="--classes")
    with pytest.raises(UnknownNameError, match="data set phantoms, classes: class 'brain' is not known"):
        dataset("phantoms:8", classes="brain")


def test_whose_a_record_is(tmp_path: Path) -> None:
    split = tmp_path / "split.csv"
    known = dataset("simulated:7")
    assert known.groups is not None
    assert known.groups[0] == "simulated-0-0"
    known.patients_known = False
    assert known.groups is None
    split.write_text("record,patient,fold\n5,cluster-1,10\n2,cluster-2,1\n3,cluster-2,1\n")
    clusters = known.with_split(split).groups
    assert clusters is not None
    assert clusters.tolist() == ["cluster-1", "cluster-2", "cluster-2"]


def test_ecgs_that_cannot_be_read_are_left_out_with_the_reason(small_ptbxl: Path) -> None:
    (small_ptbxl / "records100" / "00000" / "00002_lr.dat").write_bytes(b"cut")
    whole = dataset(f"ptbxl:{small_ptbxl}")
    part, skipped = whole.readable()
    assert part.table.index.tolist() == [1, 3, 4]
    assert list(skipped) == ["2"]
    assert "00002_lr cannot be read" in skipped["2"]
    assert part.signals().shape == (3, 12, 1000)
    assert whole.select(folds=[10]).signals().shape == (1, 12, 1000)  # whatever another fold holds
    with pytest.raises(UnreadableFileError, match="00002_lr cannot be read"):
        whole.select(folds=[9]).signals()
