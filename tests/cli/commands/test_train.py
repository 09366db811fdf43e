"""`pellucid train` from a TOML file to a network, curves and log."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.cli.main import main

CONFIG = """
name = "small"
seed = 5
[data]
dataset = "simulated:1"
train = [1, 2]
choose = [3]
test = [4]
[network]
settings = { widths = [4, 6], kernels = [7, 5], strides = [4, 4], dilations = [1, 1] }
[fit]
stages = [{ epochs = 2, seconds = [4.0] }]
batch = 7
precision = "float32"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(CONFIG)
    return path


def test_it_writes_network_log_and_curves(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert main(["train", str(config), "--data", "simulated:28", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.out.split() == [str(out / "curves.png"), str(out / "network")]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [line[:8] for line in captured.err.splitlines() if line.startswith("epoch")] == ["epoch 1:", "epoch 2:"]
    assert "score 0." in captured.err
    assert len((out / "fit" / "log.jsonl").read_text().splitlines()) == 2
    assert (out / "network" / "card.json").is_file()


def test_what_is_wrong_with_a_configuration_is_one_line(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("batch", "bacth"))
    assert main(["train", str(config), "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "small.toml: key 'bacth' is not known" in line
    assert "Did you mean 'batch'" in line
    assert main(["train", str(tmp_path / "none.toml"), "--out", str(tmp_path / "run")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["train", str(config), "--out", str(tmp_path / "run"), "--threads", "0"]) == 2
    assert "threads must be 1 or more" in capsys.readouterr().err


def test_an_unknown_preset_is_told_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "ribiero", "--out", str(tmp_path / "run")]) == 2
    assert "Did you mean 'ribeiro'" in capsys.readouterr().err


def test_a_preset_needs_no_file_and_flips_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'preset = "s3"\n[network]\nsize = [32, 32]\nsettings = { widths = [3, 4] }\n'
        "[fit]\nstages = [{ epochs = 1 }]\nbatch = 8\n[picture_augmentation]\nflip = 0.5\n"
    )
    assert main(["train", str(path), "--data", "phantoms:40,size=32", "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().err
    assert "note: Trained with flip of the pictures" in told
    assert "fold 10, test: accuracy" in told
    assert told.count("Trained with flip of the pictures") == 1
    assert main(["train", "s3", "--data", "simulated:70", "--out", str(tmp_path / "other")]) == 2
    assert "conv_net reads slices; data set simulated holds ECGs" in capsys.readouterr().err


def test_what_a_reader_of_the_figures_must_know_stands_below_them(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.datasets.catalog.simulated.Simulated.patients_known", False)
    assert main(["train", str(config), "--data", "simulated:28", "--out", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().err.splitlines()
    figures = next(number for number, line in enumerate(lines) if line.startswith("small: simulated, fold"))
    assert lines[figures + 1].startswith("note: This set names no patients")
