"""`pellucid tune` from a TOML file to a configuration that `pellucid train` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.cli.main import main

CONFIG = """
name = "small"
seed = 5
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
[search]
trials = 1
seed = 0
[search.space]
fit.learning_rate = { low = 1e-3, high = 1e-2, log = true }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(CONFIG)
    return path


def test_the_best_configuration_trains_as_it_stands(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    line = ["tune", str(config), "--data", "phantoms:40,size=32", "--out", str(out)]
    assert main([*line, "--trials", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split() == [str(out / name) for name in ("best.toml", "trials.csv", "history.png")]
    lines = shown.err.strip().splitlines()
    assert [one.partition(":")[0] for one in lines] == ["trial 0", "trial 1", "No picture of importance"]
    assert (out / "history.png").read_bytes().startswith(b"\x89PNG")
    assert main(["train", str(out / "best.toml"), "--out", str(tmp_path / "best")]) == 0
    assert (tmp_path / "best" / "network" / "card.json").is_file()


def test_what_is_wrong_is_one_line(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.replace("fit.learning_rate = {", "fit.learning_rat = {"))
    assert main(["tune", str(config), "--out", str(tmp_path / "study")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "small.toml: search.space.fit.learning_rat: key 'learning_rat' is not known" in line
    assert "Did you mean 'learning_rate'" in line
    assert main(["tune", str(config), "--out", str(tmp_path / "study"), "--trials", "0"]) == 2
    assert "trials must be 1 or more; got 0." in capsys.readouterr().err
    assert not (tmp_path / "study").exists()
