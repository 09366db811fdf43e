from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.records.read import read
from pellucid.simulation import files
from pellucid.simulation.files import write_patients
from pellucid.simulation.patients import simulate


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_records_come_back_to_the_bit(tmp_path):
    index = write_patients("CRBBB,AFIB", tmp_path, count=2, seed=3)
    table = pd.read_csv(index)
    assert list(table.record) == ["simulated_CRBBB_AFIB_3000000", "simulated_CRBBB_AFIB_3000001"]
    assert list(table.seed) == [3_000_000, 3_000_001]
    assert set(table.diagnoses) == {"CRBBB,AFIB"}
    patient = simulate(["CRBBB", "AFIB"], seed=3_000_001)
    stored = read(tmp_path / table.record[1])
    np.testing.assert_array_equal(stored.signal, patient.record.signal)
    assert stored.leads == patient.record.leads
    twin = read(tmp_path / f"{table.record[1]}_without_AFIB")
    np.testing.assert_array_equal(twin.signal, patient.twin("AFIB").signal)
    header = (tmp_path / f"{table.record[1]}.hea").read_text()
    assert "# diagnoses: CRBBB,AFIB" in header
    assert "1000.0(0)/mV 16" in header


def test_truth_and_events_come_back(tmp_path):
    write_patients(["CLBBB"], tmp_path, seed=2)
    patient = simulate(["CLBBB"], seed=2_000_000)
    stem = tmp_path / patient.record.name
    truth = json.loads((tmp_path / f"{stem.name}_truth.json").read_text())
    mask = np.zeros((12, 5000), dtype=bool)
    for lead, stretches in truth["truth"]["CLBBB"].items():
        for start, end in stretches:
            mask[patient.record.leads.index(lead), round(start * 500) : round(end * 500)] = True
    np.testing.assert_array_equal(mask, patient.truth["CLBBB"])
    events = pd.read_csv(tmp_path / f"{stem.name}_events.csv", index_col="beat")
    pd.testing.assert_frame_equal(events, patient.events, atol=1e-4)


def test_a_normal_patient_has_neither_twin_nor_place(tmp_path):
    write_patients("NORM", tmp_path, count=1, sampling_rate=100, seconds=4)
    assert set(contents(tmp_path)) == {
        "patients.csv",
        "simulated_NORM_0.dat",
        "simulated_NORM_0.hea",
        "simulated_NORM_0_events.csv",
        "simulated_NORM_0_truth.json",
    }
    assert json.loads((tmp_path / "simulated_NORM_0_truth.json").read_text())["truth"] == {}


def test_the_same_call_gives_the_same_bytes_and_another_replaces_them(tmp_path):
    write_patients("AFIB", tmp_path, count=2, seed=1, sampling_rate=100)
    first = contents(tmp_path)
    write_patients("AFIB", tmp_path, count=2, seed=1, sampling_rate=100)
    assert contents(tmp_path) == first
    write_patients("AFIB", tmp_path, count=1, seed=2, sampling_rate=100, twins=False)
    assert set(contents(tmp_path)) == {
        "patients.csv",
        *(f"simulated_AFIB_2000000{end}" for end in (".dat", ".hea", "_events.csv", "_truth.json")),
    }


def test_foreign_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInputError, match=r"'thesis\.txt'\. Name another"):
        write_patients("AFIB", tmp_path)
    assert list(contents(tmp_path)) == ["thesis.txt"]
    (tmp_path / "patients.csv").write_text("name,age\nx,7\n")
    with pytest.raises(InvalidInputError, match=r"'thesis\.txt'"):
        write_patients("AFIB", tmp_path)


def test_a_foreign_index_cannot_name_files_outside(tmp_path):
    outside = tmp_path / "outside.hea"
    outside.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "patients.csv").write_text("record,twins\n../outside,\n")
    write_patients("NORM", folder, sampling_rate=100, seconds=2)
    assert outside.read_text() == "mine"


def test_a_file_in_the_folders_place_is_an_error(tmp_path):
    place = tmp_path / "out"
    place.write_text("")
    with pytest.raises(InvalidInputError, match="is a file"):
        write_patients("AFIB", place)


@pytest.mark.parametrize("count", [0, 1_000_001])
def test_count_has_limits(tmp_path, count):
    with pytest.raises(InvalidInputError, match="count must be 1 to 1000000"):
        write_patients("AFIB", tmp_path, count=count)


def test_an_interrupted_run_leaves_the_earlier_one(tmp_path, monkeypatch):
    write_patients("AFIB", tmp_path, count=1, sampling_rate=100)
    before = contents(tmp_path)

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "write_wfdb", full)
    with pytest.raises(OSError, match="no space"):
        write_patients("CRBBB", tmp_path, count=3, sampling_rate=100)
    assert contents(tmp_path) == before
