from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.main import main


@pytest.fixture
def ecg(tmp_path):
    path = tmp_path / "ecg.csv"
    values = "\n".join(f"{np.sin(i / 3):.3f},{np.cos(i / 5):.3f}" for i in range(1200))
    path.write_text(f"# sampling_rate=100\n# age=61\nI,II\n{values}\n")
    return path


@pytest.fixture
def mri(tmp_path):
    path = tmp_path / "slice.png"
    Image.fromarray(np.pad(np.full((60, 60), 200, dtype=np.uint8), 20)).save(path)
    return path


def test_facts_and_findings_of_an_ecg(ecg, capsys):
    assert main(["inspect", str(ecg)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line[:17].strip(): line[19:] for line in lines}
    assert lines[0] == "ecg"
    assert rows["leads"] == "I, II (2)"
    assert rows["sampling rate"] == "100 Hz"
    assert rows["length"] == "12 s, 1200 samples"
    assert rows["amplitudes"] == "-1.000 to 1.000 mV"
    assert rows["age"] == "61"
    assert "  ! missing lead: V1, V2, V3, V4, V5 and V6 are not in the record." in lines


def test_a_slice_without_findings_says_so(mri, capsys):
    assert main(["inspect", str(mri)]) == 0
    out = capsys.readouterr().out
    assert "100 x 100 pixels" in out
    assert "of unknown size" in out
    assert "No findings." in out


def test_json_holds_the_same_for_programs(ecg, mri, capsys):
    assert main(["inspect", str(ecg), str(mri), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["skipped"] == []
    one, two = content["records"]
    assert (one["name"], one["kind"], one["leads"], one["sampling_rate"], one["seconds"]) == (
        "ecg",
        "ECG",
        ["I", "II"],
        100,
        12,
    )
    assert one["millivolts"] == pytest.approx([-1, 1], abs=1e-3)
    assert one["metadata"] == {"age": "61"}
    assert one["findings"][0]["kind"] == "missing lead"
    assert one["findings"][0]["leads"] == ["V1", "V2", "V3", "V4", "V5", "V6"]
    assert (two["kind"], two["rows"], two["columns"], two["spacing"], two["findings"]) == (
        "MRI slice",
        100,
        100,
        None,
        [],
    )
    assert len(one["sha256"]) == len(two["sha256"]) == 64


def test_the_hash_follows_the_values(ecg, capsys):
    def told():
        main(["inspect", str(ecg), "--json"])
        return json.loads(capsys.readouterr().out)["records"][0]["sha256"]

    before = told()
    assert told() == before
    ecg.write_text(ecg.read_text().replace("0.327", "0.328", 1))
    assert told() != before


def test_one_bad_file_among_many_is_named_and_skipped(ecg, mri, tmp_path, capsys):
    (tmp_path / "empty.hea").touch()
    assert main(["inspect", str(ecg), str(tmp_path / "empty.hea"), str(tmp_path / "none"), str(mri)]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("ecg\n")
    assert "\nslice\n" in captured.out
    assert "empty.hea skipped" in captured.err
    assert "is empty" in captured.err
    assert "does not exist" in captured.err
    assert main(["inspect", str(tmp_path / "none"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"records": [], "skipped": [str(tmp_path / "none")]}


def test_pictures_have_names_of_their_own(ecg, mri, tmp_path, capsys):
    other = tmp_path / "other" / "ecg.csv"
    other.parent.mkdir()
    other.write_text(ecg.read_text())
    assert main(["inspect", str(ecg), str(other), str(mri), "--out", str(tmp_path / "pictures")]) == 0
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["ecg-2.png", "ecg.png", "slice.png"]
    with Image.open(tmp_path / "pictures" / "ecg.png") as picture:
        # At most 10 s are drawn: 250 mm at 25 mm a second, and the margins.
        assert 250 < picture.width / picture.info["dpi"][0] * 25.4 < 300
    assert f"{tmp_path / 'pictures' / 'ecg-2.png'}" in capsys.readouterr().out


def test_without_files_the_usage_is_wrong(capsys):
    assert main(["inspect"]) == 2
    assert "FILES" in capsys.readouterr().err.upper()
