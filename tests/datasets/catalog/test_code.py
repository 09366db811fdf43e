from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.dataset import dataset

h5py = pytest.importorskip("h5py")


def tracings(count, seed=0):
    values = np.random.default_rng(seed).normal(0, 0.3, (count, 4096, 12)).astype(np.float32)
    one, two = values[..., 0], values[..., 1]
    values[..., 3], values[..., 4], values[..., 5] = one - two / 2, two - one / 2, -(one + two) / 2  # aVL, aVF, aVR
    return values


@pytest.fixture
def tested(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "code-test"
    (folder / "annotations").mkdir(parents=True)
    with h5py.File(folder / "ecg_tracings.hdf5", "w") as file:
        file["tracings"] = tracings(3)
    (folder / "annotations" / "gold_standard.csv").write_text(
        "1dAVb,RBBB,LBBB,SB,AF,ST\n0,0,0,0,1,0\n0,1,0,0,0,1\n0,0,0,0,0,0\n"
    )
    (folder / "annotations" / "dnn.csv").write_text(
        ",ST,AF,SB,LBBB,RBBB,1dAVb\n0,1,0,0,0,0,0\n1,0,0,0,0,0,0\n2,0,0,0,0,0,0\n"
    )
    return folder


@pytest.fixture
def fifteen(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "code-15"
    folder.mkdir()
    with h5py.File(folder / "part0.hdf5", "w") as file:
        file["tracings"] = tracings(4)
        file["exam_id"] = np.array([30, 10, 20, 0])
    lines = ["exam_id,age,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,trace_file"]
    lines += [
        "10,50,False,False,False,False,True,False,p1,part0.hdf5",
        "20,51,True,False,False,False,False,False,p1,part0.hdf5",
    ]
    lines += [
        "30,40,False,False,False,False,False,True,p2,part0.hdf5",
        "40,40,False,False,False,False,False,True,p3,part9.hdf5",
    ]
    (folder / "exams.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_rows_of_the_test_set_are_in_the_order_of_the_tracings(tested):
    source = dataset(f"code:{tested}")
    assert source.labels.to_numpy().astype(int).tolist() == [[0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1], [0] * 6]
    assert set(source.table["fold"]) == {10}
    assert "names no patients" in source.notes[0]
    assert dataset(f"code:{tested}", annotations="dnn.csv").labels["STACH"].tolist() == [True, False, False]
    assert dataset(f"code:{tested}", classes="AF,1dAVb").classes == ("AFIB", "1AVB")


def test_leads_come_in_the_standard_order_whatever_the_file_has(tested):
    source = dataset(f"code:{tested}")
    record = source.read(1)
    stored = tracings(3)[1].T
    np.testing.assert_array_equal(record.signal, stored[[0, 1, 2, 5, 3, 4, 6, 7, 8, 9, 10, 11]])
    np.testing.assert_array_equal(source.signals()[1], np.rint(record.signal * 1000))


def test_exams_are_matched_by_their_number_and_columns_by_their_name(fifteen):
    source = dataset(f"code:{fifteen}")
    assert source.table.index.tolist() == [10, 20, 30]
    assert source.labels["STACH"].tolist() == [True, False, False]
    assert source.labels["AFIB"].tolist() == [False, False, True]
    assert source.table["row"].tolist() == [1, 2, 0]
    assert source.table.groupby("patient")["fold"].nunique().eq(1).all()
    assert source.notes == ("1 exams were left out, for their HDF5 file is not there or does not hold them.",)


def test_what_is_wrong_is_told(tested, fifteen, tmp_path):
    gold = tested / "annotations" / "gold_standard.csv"
    text = gold.read_text()
    gold.write_text(text.replace("0,0,0,0,1,0", "0,0,0,0,nan,0"))
    with pytest.raises(InvalidInputError, match=r"gold_standard\.csv, line 2, column AF, must be 0 or 1; got 'nan'"):
        dataset(f"code:{tested}")
    gold.write_text(text + "0,0,0,0,0,0\n")
    with pytest.raises(InvalidInputError, match=r"each of the 3 tracings.*it has 4"):
        dataset(f"code:{tested}")
    gold.write_text(text.replace("LBBB", "LBB"))
    with pytest.raises(InvalidInputError, match="must have a column"):
        dataset(f"code:{tested}")
    (tested / "ecg_tracings.hdf5").unlink()
    with pytest.raises(InvalidInputError, match="it holds 0"):
        dataset(f"code:{tested}")
    (fifteen / "part0.hdf5").unlink()
    with pytest.raises(InvalidInputError, match="holds none of them"):
        dataset(f"code:{fifteen}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="has neither"):
        dataset(f"code:{tmp_path / 'empty'}")


def test_an_exam_without_a_sample_is_skipped_and_never_zeros(tested):
    with h5py.File(tested / "ecg_tracings.hdf5", "a") as file:
        file["tracings"][1] = np.nan
    source = dataset(f"code:{tested}")
    with pytest.raises(UnreadableFileError, match=r"exam 1 of .*not one of its samples was recorded"):
        source.signals()
    part, skipped = source.readable()
    assert list(skipped) == ["1"]
    assert part.signals().any(axis=(1, 2)).all()
