from __future__ import annotations

import pandas as pd

from pellucid.cli.main import main


def test_patients_are_written_and_their_index_is_the_result(tmp_path, capsys):
    out = tmp_path / "patients"
    given = ["simulate", "--diagnoses", "crbbb,AFIB", "--count", "2", "--seed", "1", "--sampling-rate", "100"]
    assert main([*given, "--out", str(out)]) == 0
    shown = capsys.readouterr().out.strip()
    assert shown == str(out / "patients.csv")
    table = pd.read_csv(shown)
    assert list(table.seed) == [1_000_000, 1_000_001]
    assert (out / "simulated_CRBBB_AFIB_1000000_without_CRBBB.hea").is_file()


def test_no_twins(tmp_path):
    assert main(["simulate", "--diagnoses", "1AVB", "--no-twins", "--seconds", "3", "-o", str(tmp_path)]) == 0
    assert not list(tmp_path.glob("*_without_*"))


def test_impossible_patients_are_an_error_in_words(tmp_path, capsys):
    assert main(["simulate", "--diagnoses", "SBRAD,STACH", "--out", str(tmp_path / "out")]) == 2
    assert "SBRAD and STACH: a rate cannot be slow and fast at once" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
