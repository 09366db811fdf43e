"""`pellucid distil` from a TOML file and a stored teacher to a table and a network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pellucid.cli.main import main
from pellucid.networks.architectures.conv_net import ConvNet
from pellucid.networks.card import Card
from pellucid.networks.network import Network
from pellucid.networks.preparation import SlicePreparation

CONFIG = """
name = "pupil"
seed = 0
[data]
dataset = "phantoms:1"
train = [1, 2]
choose = [3]
test = [4]
[network]
architecture = "conv_net"
channels = 1
size = [16, 16]
settings = { head = "gap", widths = [2] }
[fit]
stages = [{ epochs = 1 }]
batch = 4
precision = "float32"
[distil]
teacher = "TEACHER"
seeds = [3]
"""
SETTINGS = {"channels": 1, "widths": [4], "head": "gap", "size": [16, 16]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = ConvNet(4, **SETTINGS)  # type: ignore[arg-type]  # lists and numbers, as JSON gives them
    card = Card(
        name="master", architecture="conv_net", architecture_settings=SETTINGS, activation="softmax",
        classes=("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor"),
        preparation=SlicePreparation(size=(16, 16)),
    )  # fmt: skip
    Network.of(module, card).save(tmp_path / "teacher")
    path = tmp_path / "pupil.toml"
    path.write_text(CONFIG.replace("TEACHER", str(tmp_path / "teacher")))
    return path


def test_it_prints_the_table_and_stores_the_taught_student(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["distil", str(config), "--data", "phantoms:40,size=32", "--out", str(out)]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].split()[:4] == ["run", "parameters", "seconds", "accuracy"]
    assert [line.split("  ")[0] for line in lines[1:4]] == [
        "teacher", "student alone, seed 3", "student with teacher, seed 3",
    ]  # fmt: skip
    assert lines[4:] == [
        str(out / name) for name in ("comparison.md", "comparison.csv", "f1_by_class.csv", "comparison.png", "network")
    ]
    epochs = [line.partition(":")[0] for line in shown.err.splitlines() if "epoch 1: loss" in line]
    assert epochs == ["student alone, seed 3, epoch 1", "student with teacher, seed 3, epoch 1"]
    assert "names no folds of phantoms that it was trained on" in shown.err
    assert (out / "network" / "card.json").is_file()


def test_what_is_wrong_is_one_line(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.replace("teacher =", "teecher ="))
    assert main(["distil", str(config), "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "pupil.toml: distil: key 'teecher' is not known" in line
    assert main(["distil", str(config), "--out", str(tmp_path / "run"), "--threads", "0"]) == 2
    assert "threads must be 1 or more" in capsys.readouterr().err
