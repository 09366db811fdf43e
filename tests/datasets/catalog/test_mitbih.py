from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import wfdb

from pellucid.core.errors import InvalidInputError, UnknownNameError, UnreadableFileError
from pellucid.datasets.catalog.mitbih import AAMI, DS1, DS2
from pellucid.datasets.dataset import dataset
from pellucid.datasets.splits import torn


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """Four recordings of 20 s, a beat a second; the lead stands first or second."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mitdb"
    folder.mkdir()
    marks = ["+", "N", "A", "V", "F", "/", "~", *"NLRejaJSEfQN", "N"]
    for name, leads in {
        "101": ["MLII", "V1"],
        "201": ["V5", "MLII"],
        "202": ["MLII", "V1"],
        "234": ["V1", "V2"],
    }.items():
        times = np.arange(7200) / 360
        one = np.sin(2 * np.pi * times) * (1 if leads[0] == "MLII" or name == "234" else 0)
        two = np.sin(2 * np.pi * times) - one
        wfdb.wrsamp(
            name, fs=360, units=["mV"] * 2, sig_name=leads, p_signal=np.column_stack([one, two]), fmt=["16"] * 2,
            adc_gain=[1000.0] * 2, baseline=[0] * 2, write_dir=str(folder),
        )  # fmt: skip
        wfdb.wrann(name, "atr", np.arange(20) * 360 + 90, marks, write_dir=str(folder))
    return folder


def test_the_two_halves_are_the_published_ones():
    assert len(DS1) == len(DS2) == 22
    assert not set(DS1) & set(DS2)
    assert not {"102", "104", "107", "217"} & {*DS1, *DS2}


def test_symbols_become_classes_and_what_is_no_beat_is_left_out(recordings):
    source = dataset(f"mitbih:{recordings}").select(folds=[10])
    assert source.classes == ("N", "S", "V", "F", "Q")
    assert source.table["patient"].unique().tolist() == ["234"]
    assert source.labels.sum().tolist() == [8, 4, 2, 1, 3]
    assert len(source) == 18
    assert sum(map(len, AAMI.values())) == 15


def test_the_shared_patient_is_left_out_unless_asked_for(recordings):
    strict = dataset(f"mitbih:{recordings}")
    assert sorted(strict.table["patient"].unique()) == ["101", "201", "234"]
    assert torn(strict.table["patient"], strict.sides) == {}
    loose = dataset(f"mitbih:{recordings}", strict=False)
    assert torn(loose.table["patient"], loose.sides) == {"201": ["DS1", "DS2"]}
    assert len(loose) == len(strict) + 18
    assert loose.select(folds=[10]).notes == ("Recording 202, of DS2, is of the same person as 201, of DS1.",)
    assert strict.notes == loose.select(folds=[1, 2]).notes == ()


def test_the_lead_is_found_by_name(recordings):
    source = dataset(f"mitbih:{recordings}")
    assert source.table.groupby("patient")["lead"].first().to_dict() == {"101": "MLII", "201": "MLII", "234": "V1"}
    for record in ("101-450", "201-450", "234-450"):
        beat = source.read(record).signal[0]
        assert beat[0] == pytest.approx(1, abs=0.01)
        assert beat[63] == pytest.approx(0, abs=0.02)
        assert not beat[150:].any()


def test_by_beat_patients_are_on_both_sides_and_it_says_so(recordings):
    source = dataset(f"mitbih:{recordings}", by="beat")
    assert set(source.sides) == {"training", "test"}
    assert torn(source.table["patient"], source.sides)
    assert "one person are on both sides" in source.notes[0]
    assert dataset(f"mitbih:{recordings}").notes == ()
    with pytest.raises(UnknownNameError, match="by 'beet'"):
        dataset(f"mitbih:{recordings}", by="beet")


def test_bad_files_are_named(recordings, tmp_path):
    (recordings / "101.atr").unlink()
    with pytest.raises(UnreadableFileError, match=r"annotations .*101\.atr cannot be read"):
        dataset(f"mitbih:{recordings}")
    shutil.rmtree(recordings)
    recordings.mkdir()
    with pytest.raises(InvalidInputError, match="has neither"):
        dataset(f"mitbih:{recordings}")


def test_kaggles_tables_are_a_split_by_beat(tmp_path):
    for file in ("mitbih_train.csv", "mitbih_test.csv"):
        rows = np.column_stack([np.full((9, 187), 0.25), np.arange(9) % 5])
        np.savetxt(tmp_path / file, rows, delimiter=",")
    source = dataset(f"mitbih:{tmp_path}")
    assert len(source) == 18
    assert not source.patients_known
    assert source.notes
    assert source.labels.sum().tolist() == [4, 4, 4, 4, 2]
    assert (source.select(folds=[10]).signals() == 250).all()
    assert source.read("test-9").signal.shape == (1, 187)


def test_two_published_recordings(mitdb):
    source = dataset(f"mitbih:{mitdb}")
    counts = source.labels.groupby(source.table["patient"]).sum()
    assert counts.loc["100"].tolist() == [2239, 33, 1, 0, 0]
    assert counts.loc["208"].tolist() == [1586, 2, 992, 373, 2]
    first = source.read(source.table.index[1])
    assert first.leads == ("MLII",)
    assert first.signal[0].argmax() <= 2


def test_of_a_recording_that_cannot_be_read_all_beats_are_skipped_at_one_try(recordings, monkeypatch):
    (recordings / "101.dat").write_bytes(b"cut")
    tried = []
    real = wfdb.rdrecord
    monkeypatch.setattr(wfdb, "rdrecord", lambda path, **how: tried.append(Path(path).name) or real(path, **how))
    source = dataset(f"mitbih:{recordings}")
    part, skipped = source.readable()
    assert set(part.table["patient"]) == {"201", "234"}
    assert len(skipped) == len(source) - len(part)
    assert tried.count("101") == 1
    assert part.signals().shape == (len(part), 1, 187)


def test_annotations_without_beats_are_told(recordings):
    (recordings / "101.atr").write_bytes(b"")
    with pytest.raises(UnreadableFileError, match=r"101\.atr must hold beats; it holds none\. Download them again"):
        dataset(f"mitbih:{recordings}")
