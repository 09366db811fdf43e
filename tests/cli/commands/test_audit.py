from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.main import main
from pellucid.datasets.dataset import dataset


@pytest.fixture
def place(tmp_path):
    """Two classes told by their size; one test slice stands in training."""
    for label in range(2):
        for item in range(24):
            seed = 100 * label + item
            pixels = np.random.default_rng(seed).integers(0, 255, (8, 8)).astype(np.uint8)
            pixels = np.pad(np.kron(pixels, np.ones((10, 10), dtype=np.uint8)), 8 + 4 * label)
            folder = tmp_path / "x" / ("test" if item < 4 else "train") / "ab"[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{item}.png")
    (tmp_path / "x" / "train" / "a" / "copy.png").write_bytes((tmp_path / "x" / "test" / "a" / "0.png").read_bytes())
    return tmp_path / "x"


def test_everything_is_told_and_written(place, tmp_path, capsys):
    out = tmp_path / "audit"
    assert main(["audit", f"image-folder:{place}", "--out", str(out)]) == 0
    shown, said = capsys.readouterr()
    assert "split.csv, pairs.png" in said
    assert f"split={out / 'split.csv'} (evaluate with --by-slice" in shown
    assert sorted(path.name for path in out.iterdir()) == [
        "audit.json", "classes.csv", "pairs.png", "report.html", "split.csv",
    ]  # fmt: skip
    told = json.loads((out / "audit.json").read_text())
    assert told["leak"]["exact"] == {"a": 1, "b": 0}
    assert told["confounds"]["size"]["accuracy"] == 1
    assert told["confounds"]["size"]["tells"]
    rows = [line.split() for line in shown.splitlines()]
    assert ["a", "4", "21", "1", "1", "0", "0"] in rows
    assert "1 of 8 test records has a twin in training." in shown
    assert "Size alone (width, height) gives the class of 100.0% of records" in shown
    assert "This set names no patients" in shown
    split = dataset(f"image-folder:{place},split={out / 'split.csv'}")
    assert "train/a/copy.png" not in split.table.index
    assert len(split) == 48


def test_what_cannot_be_read_is_listed_and_the_rest_audited(place, capsys):
    (place / "train" / "b" / "9.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    assert main(["audit", f"image-folder:{place}", "--json"]) == 1
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert list(told["skipped"]) == ["train/b/9.png"]
    assert told["records"] == 48
    assert "train/b/9.png skipped" in captured.err


def test_without_a_folder_no_split_file_is_promised(place, capsys):
    assert main(["audit", f"image-folder:{place}"]) == 0
    shown = capsys.readouterr().out
    assert "The cleaned split keeps 48 of 49 records" in shown
    assert "split=" not in shown


def test_wrong_folds_are_told(capsys):
    assert main(["audit", "simulated:14", "--test-folds", "ten"]) == 2
    assert "must be numbers with commas; got 'ten'" in capsys.readouterr().err
