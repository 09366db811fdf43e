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
    assert capsys.readouterr().out.split() == [str(out / "curves.png"), str(out / "network")]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
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
