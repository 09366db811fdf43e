from __future__ import annotations

import json

from pellucid.cli.main import main
from pellucid.networks.store import load


def test_a_published_file_becomes_a_network_folder(shared, tmp_path, capsys):
    out = tmp_path / "avb"
    assert (
        main(["import-keras", str(shared / "weights" / "aime2024_ptbxl" / "AVB"), "--as", "aime", "-o", str(out)]) == 0
    )
    told = capsys.readouterr()
    assert told.out == f"{out}\n"
    assert "note: For research, never a diagnosis." in told.err
    assert sorted(path.name for path in out.iterdir()) == ["card.json", "weights.safetensors"]
    assert load(out).classes == ("no AVB", "AVB")
    assert json.loads((out / "card.json").read_text())["licence"] == "CC-BY-4.0"


def test_a_file_that_is_no_keras_file_is_an_error_in_words(tmp_path, capsys):
    path = tmp_path / "model.hdf5"
    path.write_text("no weights")
    assert main(["import-keras", str(path), "--as", "ribeiro", "--out", str(tmp_path / "out")]) == 2
    assert f"error: weights {path} cannot be read as HDF5" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
