from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.inspected_dataset import describe_dataset, draw_dataset, is_dataset
from pellucid.cli.main import main
from pellucid.datasets.dataset import dataset


@pytest.fixture
def place(tmp_path):
    for part, count in (("train", 9), ("test", 2)):
        for label in "ab":
            for item in range(count):
                folder = tmp_path / "x" / part / label
                folder.mkdir(parents=True, exist_ok=True)
                pixels = np.random.default_rng(item).integers(0, 255, (40, 30)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{item}.png")
    return tmp_path / "x"


def test_a_data_set_is_told_from_a_file(tmp_path):
    assert is_dataset("image-folder:/somewhere")
    assert is_dataset("simulated:7")
    assert not is_dataset("simulated:")
    assert not is_dataset("records/ecg.csv")
    assert not is_dataset("C:/records/ecg.csv")


def test_counts_findings_and_notes(place):
    (place / "train" / "b" / "8.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    facts = describe_dataset(dataset(f"image-folder:{place}"), "x")
    assert facts["classes"] == {"a": {"test": 2, "train": 9}, "b": {"test": 2, "train": 9}}
    assert facts["records"] == facts["sampled"] == 22
    assert facts["patients"] is None
    assert sum(facts["folds"].values()) == 22
    assert facts["findings"]["small"] == facts["findings"]["border"] == 21
    assert len(facts["unreadable"]) == 1
    assert "8.png is a damaged picture" in facts["unreadable"][0]
    json.dumps(facts, allow_nan=False)


def test_examples_of_each_class_are_drawn(place, tmp_path):
    path = draw_dataset(dataset(f"image-folder:{place}"), tmp_path / "examples.png")
    with Image.open(path) as picture:
        assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(2 * 6 + 4 * 42 + 3 * 4, abs=1)


def test_the_command_takes_data_sets_beside_files(place, tmp_path, capsys):
    (tmp_path / "ecg.csv").write_text("# sampling_rate=100\nI,II\n" + "0.1,0.2\n" * 300)
    words = [
        "inspect",
        f"image-folder:{place}",
        "simulated:14",
        str(tmp_path / "ecg.csv"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert ["a", "2", "9", "11"] in [line.split() for line in shown.splitlines()]
    assert "22 records, patients not known" in shown
    assert "! This set names no patients" in shown
    assert "! No test: data set image-folder names no patients" in shown
    assert "14 records, 14 patients" in shown
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["ecg.png", "image-folder.png", "simulated.png"]
    assert main(["inspect", "image-folders:x"]) == 1
    assert "Did you mean 'image_folder'?" in capsys.readouterr().err
    assert main(["inspect", f"image-folder:{tmp_path / 'none'}", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["records"] == []
