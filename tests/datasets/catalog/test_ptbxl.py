"""PTB-XL: labels by key, folds by patient, signals in one array."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError, UnreadableFileError
from pellucid.datasets.catalog.ptbxl import Ptbxl, class_set
from pellucid.datasets.dataset import dataset

# Supports of the thesis's tables 2.1 (fold 5) and 2.2 (fold 9).
FOLD_5 = {"1AVB": 79, "CRBBB": 54, "CLBBB": 53, "SBRAD": 64, "AFIB": 152, "STACH": 83}
FOLD_9 = {"1AVB": 80, "CRBBB": 55, "CLBBB": 54, "SBRAD": 64, "AFIB": 151, "STACH": 83}
SET_SIZES = {"all": 71, "diagnostic": 44, "form": 19, "rhythm": 12, "sub": 23, "super": 5}


@pytest.fixture
def whole_table(shared: Path, tmp_path: Path) -> Path:
    """All 21,799 rows of the table, without signals."""
    folder = tmp_path / "ptb-xl"
    (folder / "records100").mkdir(parents=True)
    packs = shared / "data" / "packs" / "ptbxl100"
    (folder / "ptbxl_database.csv").write_bytes(lzma.decompress((packs / "ptbxl_database.csv.xz").read_bytes()))
    shutil.copy(packs / "scp_statements.csv", folder)
    return folder


def test_a_label_is_key_membership_whatever_the_likelihood(small_ptbxl: Path) -> None:
    labels = dataset(f"ptbxl:{small_ptbxl}").labels
    assert labels.loc[2, ["AFIB", "CLBBB"]].tolist() == [True, True]
    assert labels.loc[3, "SBRAD"]
    assert labels.to_numpy().sum() == 4


def test_a_likelihood_threshold_touches_diagnostic_codes_alone(small_ptbxl: Path) -> None:
    labels = dataset(f"ptbxl:{small_ptbxl}", min_likelihood=50).labels
    assert labels.loc[2, ["AFIB", "CLBBB"]].tolist() == [True, False]
    assert labels.loc[4, "CRBBB"]


def test_class_sets(small_ptbxl: Path) -> None:
    def classes(name: str) -> tuple[str, ...]:
        return dataset(f"ptbxl:{small_ptbxl}", classes=name).classes

    assert classes("super") == ("CD", "MI", "NORM")
    assert classes("sub") == ("CLBBB", "CRBBB", "IMI", "NORM", "_AVB")
    assert classes("form") == ("LOWT",)
    assert classes("rhythm") == ("SR", "AFIB", "SBRAD", "STACH")
    assert classes("AFIB,clbbb") == ("AFIB", "CLBBB")
    assert len(classes("all")) == 10
    superclasses = dataset(f"ptbxl:{small_ptbxl}", classes="super").labels
    assert superclasses.loc[4].tolist() == [True, True, False]


def test_selecting_folds_and_records(small_ptbxl: Path) -> None:
    everything = dataset(f"ptbxl:{small_ptbxl}")
    assert everything.select(folds=[9]).table.index.tolist() == [1, 2]
    assert everything.select(folds=[9], records="any-of-classes").table.index.tolist() == [2]
    with pytest.raises(InvalidInputError, match=r"among \[1, 9, 10\]; got \[7\]"):
        everything.select(folds=[7])
    with pytest.raises(InvalidInputError, match="'all' or 'any-of-classes'"):
        everything.select(records="some")


def test_the_array_holds_what_the_files_hold(small_ptbxl: Path) -> None:
    everything = dataset(f"ptbxl:{small_ptbxl}")
    signals = everything.signals()
    assert signals.dtype == np.int16
    assert signals.shape == (4, 12, 1000)
    for position in range(4):
        np.testing.assert_allclose(everything[position].signal, signals[position] / 1000, atol=1e-6)
    np.testing.assert_array_equal(everything.select(folds=[10]).signals()[0], signals[2])


def test_an_array_of_other_files_is_not_taken_for_theirs(small_ptbxl: Path) -> None:
    before = np.array(dataset(f"ptbxl:{small_ptbxl}").signals())
    path = small_ptbxl / "records100" / "00000" / "00001_lr.dat"
    path.write_bytes(bytes(len(path.read_bytes())))
    after = dataset(f"ptbxl:{small_ptbxl}").signals()
    assert before[0].any()
    assert not after[0].any()


def test_other_classes_keep_the_likelihood_threshold(small_ptbxl: Path) -> None:
    everything = dataset(f"ptbxl:{small_ptbxl}", min_likelihood=50)
    assert not everything.with_classes(dataset(f"ptbxl:{small_ptbxl}", classes="all").class_set).labels.loc[2, "CLBBB"]  # type: ignore[attr-defined]  # PTB-XL offers it


def test_a_damaged_array_is_built_anew(small_ptbxl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.datasets import packed

    signals = np.array(dataset(f"ptbxl:{small_ptbxl}").signals())
    (stored,) = packed.cache_folder().glob("*.npy")
    damaged = bytearray(stored.read_bytes())
    damaged[-7] ^= 1
    stored.write_bytes(damaged)
    monkeypatch.setattr(packed, "_checked", set())  # as in a new process
    np.testing.assert_array_equal(dataset(f"ptbxl:{small_ptbxl}").signals(), signals)


def test_a_record_knows_what_it_is(small_ptbxl: Path) -> None:
    record = dataset(f"ptbxl:{small_ptbxl}").read(2)
    assert record.metadata["codes"] == {"AFIB": 0.0, "CLBBB": 35.0}
    assert record.metadata["patient"] == "12"
    assert record.leads[3] == "aVR"
    with pytest.raises(UnknownNameError, match="record 77 is not known"):
        dataset(f"ptbxl:{small_ptbxl}").read(77)


def test_what_is_wrong_with_a_folder_is_told(tmp_path: Path, small_ptbxl: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"holds ptbxl_database\.csv"):
        dataset(f"ptbxl:{tmp_path}")
    with pytest.raises(InvalidInputError, match=r"must be NAME:PATH"):
        dataset("ptbxl")
    with pytest.raises(UnknownNameError, match=r"data set 'ptbx' is not known.*Did you mean 'ptbxl'"):
        dataset("ptbx:/x")
    with pytest.raises(InvalidInputError, match=r"records100\); got 500"):
        dataset(f"ptbxl:{small_ptbxl}", sampling_rate=500)
    with pytest.raises(UnknownNameError, match=r"class set 'supper' is not known.*'super'"):
        dataset(f"ptbxl:{small_ptbxl}", classes="supper")
    table = small_ptbxl / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("strat_fold", "fold"))
    with pytest.raises(UnreadableFileError, match="must have the columns strat_fold"):
        dataset(f"ptbxl:{small_ptbxl}")


def test_the_numbers_of_the_six_classes_are_those_of_the_published_tables(whole_table: Path) -> None:
    six = Ptbxl(str(whole_table))
    assert six.select(folds=[5]).labels.sum().to_dict() == FOLD_5
    assert six.select(folds=[9]).labels.sum().to_dict() == FOLD_9
    assert len(six.select(folds=[9], records="any-of-classes")) == 435
    sets = {name: len(class_set(name, six.statements).classes) for name in SET_SIZES}
    assert sets == SET_SIZES


def test_no_patient_stands_in_two_folds(whole_table: Path) -> None:
    table = dataset(f"ptbxl:{whole_table}").table
    assert len(table) == 21_799
    assert table.groupby("patient")["fold"].nunique().max() == 1


def test_the_published_examples_read_at_both_rates(
    ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    slow = dataset(f"ptbxl:{ptbxl}").read(282)
    fast = dataset(f"ptbxl:{ptbxl}", sampling_rate=500).read(282)
    assert (slow.samples, fast.samples) == (1000, 5000)
    assert np.abs(fast.signal[:, ::5] - slow.signal).mean() < 0.02
    assert slow.metadata["codes"].keys() >= {"AFIB"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1,11.0,", "1,,", r"ptbxl_database\.csv: patient_id of ecg_id 1 must be a whole number; got nan"),
        (",10,rec", ",ten,rec", r"strat_fold of ecg_id 3 must be a whole number; got ten\. Correct or remove the line"),
        ("'SBRAD': 0.0", "'SBRAD': nan", r"scp_codes of ecg_id 3 must be \{code: likelihood\}; got .*nan"),
    ],
)
def test_a_wrong_cell_of_the_table_is_named(small_ptbxl: Path, old: str, new: str, told: str) -> None:
    table = small_ptbxl / "ptbxl_database.csv"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(UnreadableFileError, match=told):
        dataset(f"ptbxl:{small_ptbxl}")


def test_a_record_that_is_cut_short_or_empty_is_named(small_ptbxl: Path) -> None:
    header = small_ptbxl / "records100" / "00000" / "00002_lr.hea"
    header.write_text(header.read_text().replace(" 1000\n", " 500\n", 1))
    with pytest.raises(UnreadableFileError, match="00002_lr must have 1000 samples; got 500"):
        dataset(f"ptbxl:{small_ptbxl}").signals()
    header.write_text("")
    with pytest.raises(UnreadableFileError, match="00002_lr cannot be read"):
        dataset(f"ptbxl:{small_ptbxl}").read(2)
