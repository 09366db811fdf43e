from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.contents import SIGNAL_THRESHOLD, SLICE_THRESHOLD, contents
from pellucid.datasets.dataset import dataset


def test_pixels_count_and_not_bytes(folders, write, picture):
    write(folders / "Training" / "no_tumor" / "copy.png", np.dstack([picture(1003)] * 3))
    read = contents(dataset(f"image-folder:{folders}"))
    names = read.source.table.index.tolist()
    same = [name for name, value in zip(names, read.hashes, strict=True) if read.hashes.count(value) > 1]
    assert same == ["Training/no_tumor/3.png", "Training/no_tumor/copy.png"]
    assert read.threshold == SLICE_THRESHOLD
    assert read.found == 1
    assert read.coarse.shape == read.mirrored.shape == (73, 64 * 64)


def test_how_a_picture_looks_is_measured(tmp_path, write):
    pixels = np.zeros((100, 60), dtype=np.uint8)
    pixels[0] = pixels[-1] = 255
    pixels[:5, :5] = 255
    for item in range(2):
        write(tmp_path / "x" / "a" / f"{item}.png", pixels)
    facts = contents(dataset(f"image-folder:{tmp_path / 'x'}")).facts.iloc[0]
    assert (facts["width"], facts["height"]) == (60, 100)
    assert facts["brightness"] == pytest.approx((60 * 2 + 20) / 6000)
    assert facts["border"] == pytest.approx((2 * 60 + 2 + 2 + 4) / 320)
    assert facts["upper left corner"] == 1
    assert facts["lower right corner"] == pytest.approx(0.2)


def test_what_the_table_tells_stands_for_what_was_seen(folders):
    (folders / "index.csv").write_text("path,width_original\nTraining/no_tumor/3.png,512\n")
    facts = contents(dataset(f"brain-tumor:{folders}")).facts
    assert facts.loc["Training/no_tumor/3.png", "width"] == 512
    assert facts["height"].eq(80).all()


def test_what_cannot_be_read_is_listed_and_left_out(folders):
    (folders / "Training" / "no_tumor" / "7.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    read = contents(dataset(f"image-folder:{folders}"))
    assert list(read.skipped) == ["Training/no_tumor/7.png"]
    assert "damaged picture" in read.skipped["Training/no_tumor/7.png"]
    assert len(read.source) == len(read.hashes) == 71
    assert read.source.labels["no_tumor"].sum() == 35


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "x" / "a").mkdir(parents=True)
    (tmp_path / "x" / "a" / "1.png").write_bytes(b"text")
    with pytest.raises(InvalidInputError, match=r"of 1 none can.*1\.png"):
        contents(dataset(f"image-folder:{tmp_path / 'x'}"))


def test_findings_are_counted(folders, write):
    write(folders / "Training" / "no_tumor" / "photo.png", np.full((80, 80), 200, dtype=np.uint8))
    assert contents(dataset(f"image-folder:{folders}")).findings["border"] == ["Training/no_tumor/photo.png"]


def test_signals_are_compared_too():
    read = contents(dataset("simulated:21", sampling_rate=100))
    assert len(set(read.hashes)) == 21
    assert read.coarse.shape == (21, 12 * 250)
    assert (read.threshold, read.mirrored) == (SIGNAL_THRESHOLD, None)
    assert read.found == 1
    np.testing.assert_allclose(np.linalg.norm(read.coarse.astype(float), axis=1), 1, atol=1e-2)


def test_an_ecg_that_cannot_be_read_is_listed_and_left_out(small_ptbxl):
    (small_ptbxl / "records100" / "00000" / "00002_lr.dat").write_bytes(b"cut")
    read = contents(dataset(f"ptbxl:{small_ptbxl}"))
    assert list(read.skipped) == ["2"]
    assert read.source.table.index.tolist() == [1, 3, 4]
    assert len(read.hashes) == len(read.coarse) == 3
