from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.main import main

BUILD = """
import torch
from torch import nn

def build():
    torch.random.manual_seed(0)
    pooled = nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2)
    return nn.Sequential(nn.Conv1d(2, 4, 5, stride=2), nn.ReLU(), *pooled)
"""


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    (tmp_path / "look_nets.py").write_text(BUILD)
    monkeypatch.syspath_prepend(tmp_path)
    record = tmp_path / "ecg.csv"
    values = "\n".join(f"{np.sin(i / 3):.3f},{np.cos(i / 5):.3f}" for i in range(400))
    record.write_text(f"# sampling_rate=100\nI,II\n{values}\n")
    described = ["--classes", "AF,SR", "--leads", "I,II", "--sampling-rate", "100", "--length", "400"]
    return ["look", str(record), "--network", "look_nets:build", *described, "--out", str(tmp_path / "out")]


def test_the_pictures_are_written_and_their_paths_are_the_answer(arguments, tmp_path, capsys):
    more = ["--layer", "1", "--channel", "2", "--steps", "5", "--examples", "simulated:4", "--count", "2"]
    assert main([*arguments, *more]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [str(tmp_path / "out" / f"{name}.png") for name in ("activations", "ascent", "examples")]
    for path in shown:
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 3


def test_what_a_program_reads(arguments, capsys):
    more = ["--layer", "1", "--target", "sr", "--steps", "5", "--examples", "simulated:4", "--json"]
    assert main([*arguments, *more]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["layer"], told["channels"], told["cells"], told["offset"], told["jump"]) == (
        "1",
        4,
        [198],
        [2.0],
        [2.0],
    )
    assert told["ascent"]["raised"] == "class SR"
    assert told["ascent"]["steps"] == 5
    assert told["ascent"]["to"] > told["ascent"]["from"]
    assert len(told["examples"]) == 4
    assert len(told["pictures"]) == 3
    assert told["silent"] == []


def test_without_steps_and_examples_only_the_layer_is_drawn(arguments, tmp_path, capsys):
    assert main([*arguments, "--steps", "0", "--scaling", "layer"]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["activations.png"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--layer", "conv"], "layer 'conv' is not known; known: 0, 1"),
        (["--layer", "1", "--channel", "4"], "channel must lie in 0 to 3"),
        (["--target", "AFIB"], "class 'AFIB' is not known; known: AF, SR"),
        (["--steps", "-1"], "--steps must be 0 or more"),
        (["--count", "0"], "--count 1 or more; got 200 and 0"),
        (["--examples", "simulated"], "NAME:PATH"),
        (["--layer", "4"], "before the pooling"),
        (["--scaling", "none"], "scaling"),
    ],
)
def test_wrong_use_is_said_before_any_work(arguments, more, words, tmp_path, capsys):
    assert main([*arguments, *more]) == 2
    shown, said = capsys.readouterr()
    assert shown == ""
    assert words in said
    assert not (tmp_path / "out").exists()
