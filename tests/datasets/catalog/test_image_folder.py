from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError, UnreadableFileError
from pellucid.datasets.dataset import dataset
from pellucid.datasets.splits import write_split


def test_the_folder_is_the_class_and_the_published_test_is_fold_10(folders):
    source = dataset(f"image-folder:{folders}")
    assert source.classes == ("glioma_tumor", "no_tumor")
    assert source.labels.sum().tolist() == [36, 36]
    assert source.sides.value_counts().to_dict() == {"Training": 60, "Testing": 12}
    assert source.select(folds=[10]).sides.unique().tolist() == ["Testing"]
    assert sorted(source.table["fold"].unique()) == list(range(1, 11))
    assert source.labels.loc["Testing/no_tumor/3.png"].tolist() == [False, True]
    assert source.notes
    assert "names no patients" in source.notes[0]


def test_without_a_published_split_each_class_is_dealt_into_ten_folds(folders):
    source = dataset(f"image-folder:{folders / 'Training'}")
    for fold in range(1, 11):
        assert source.select(folds=[fold]).labels.sum().tolist() == [3, 3]
    assert set(source.sides) == {"training", "test"}


def test_a_published_validation_part_is_fold_9(folders):
    (folders / "Testing").rename(folders / "val")
    source = dataset(f"image-folder:{folders}")
    assert set(source.table["fold"][source.sides == "val"]) == {9}
    assert set(source.table["fold"][source.sides == "Training"]) == set(range(1, 9))


def test_some_classes_leave_the_others_without_one(folders):
    source = dataset(f"image-folder:{folders}", classes="no_tumor")
    assert source.labels.to_numpy().sum() == 36
    with pytest.raises(UnknownNameError, match="no_tumour"):
        dataset(f"image-folder:{folders}", classes=["no_tumour"])


def test_masks_and_outlines_beside_the_pictures(folders, write):
    mask = np.zeros((80, 80), dtype=np.uint8)
    mask[10:20, 30:50] = 255
    write(folders / "Training" / "glioma_tumor" / "0_mask.png", mask)
    (folders / "outlines.csv").write_text("path,outline_xy\nTraining/glioma_tumor/1.png,0 0 0.5 0 0.5 1 0 1\n")
    source = dataset(f"image-folder:{folders}")
    assert len(source) == 72
    np.testing.assert_array_equal(source.mask("Training/glioma_tumor/0.png"), mask > 0)
    assert source.mask("Training/glioma_tumor/1.png")[:, :40].all()
    assert source.mask("Training/glioma_tumor/1.png").mean() == 0.5
    assert source.mask("Training/glioma_tumor/2.png") is None
    write(folders / "Training" / "glioma_tumor" / "0_mask.png", mask[:40])
    with pytest.raises(InvalidInputError, match=r"0_mask\.png must have the shape"):
        source.mask("Training/glioma_tumor/0.png")


def test_pictures_are_stretched_and_kept(folders, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = dataset(f"image-folder:{folders}")
    whole = source.pictures((80, 80))
    np.testing.assert_array_equal(whole[5], np.rint(source[5].pixels * 255))
    small = source.select(folds=[10]).pictures((20, 40))
    assert small.dtype == np.uint8
    assert small.shape == (12, 20, 40)
    assert small.mean() == pytest.approx(source.select(folds=[10]).pictures((80, 80)).mean(), abs=0.5)


def test_bad_folders_and_files_are_named(folders, tmp_path):
    (folders / "Training" / "empty").mkdir()
    with pytest.raises(InvalidInputError, match=r"class folder .*empty must hold pictures"):
        dataset(f"image-folder:{folders}")
    with pytest.raises(InvalidInputError, match=r"is none\. Give it as image-folder:PATH"):
        dataset(f"image-folder:{tmp_path / 'nowhere'}")
    (tmp_path / "bare").mkdir()
    with pytest.raises(InvalidInputError, match="one folder a class"):
        dataset(f"image-folder:{tmp_path / 'bare'}")


def test_an_unreadable_picture_is_named_when_it_is_read(folders):
    bad = folders / "Training" / "no_tumor" / "7.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    source = dataset(f"image-folder:{folders}")
    with pytest.raises(UnreadableFileError, match=r"7\.png is a damaged picture"):
        source.read("Training/no_tumor/7.png")


def test_a_split_by_slice_is_no_test_until_patients_are_named(folders, tmp_path):
    source = dataset(f"image-folder:{folders}")
    assert source.untestable.startswith("data set image-folder names no patients, so its parts are split by slice")
    names = source.table.index[:4].tolist()
    for patients, known in (
        (["a", "a", "b", "b"], True),
        (["cluster-1", "cluster-1", "cluster-2", "cluster-3"], False),
    ):
        write_split(tmp_path / "split.csv", names, patients, [1, 1, 10, 10])
        part = dataset(f"image-folder:{folders},split={tmp_path / 'split.csv'}")
        assert part.patients_known is known
        assert (part.untestable is None) is known
        assert (part.notes == ()) is known
    assert not source.patients_known
