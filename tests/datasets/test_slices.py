from __future__ import annotations

import pandas as pd
import pytest

from pellucid.core.errors import InvalidInputError, NotApplicableError, UnknownNameError
from pellucid.datasets.dataset import dataset
from pellucid.datasets.labels import ClassSet
from pellucid.datasets.slices import class_set, existing_folder, one_of


def test_a_class_is_the_union_of_its_members():
    names = pd.Series(["a", "b", "c"])
    labels = one_of(names, ClassSet("two", {"x": ("a", "b"), "y": ("c",)}))
    assert labels["x"].tolist() == [True, True, False]
    assert labels["y"].tolist() == [False, False, True]


def test_classes_by_name():
    assert class_set("all", ["a", "b"]).classes == ("a", "b")
    assert class_set("b", ["a", "b"]).classes == ("b",)
    with pytest.raises(UnknownNameError, match="class 'c'"):
        class_set(["c"], ["a", "b"])


def test_a_folder_must_be_there(tmp_path):
    assert existing_folder(str(tmp_path), "x") == tmp_path
    with pytest.raises(InvalidInputError, match="data set x must be a folder"):
        existing_folder(str(tmp_path / "no"), "x")


def test_slices_are_no_signals(folders):
    with pytest.raises(NotApplicableError, match="holds slices"):
        dataset(f"image-folder:{folders}").signals()


def test_what_cannot_be_read_is_parted_from_the_rest(folders):
    (folders / "Training" / "no_tumor" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    source = dataset(f"image-folder:{folders}")
    part, skipped = source.readable()
    assert len(part) == len(source) - 1
    assert list(skipped) == ["Training/no_tumor/3.png"]
    assert "is a damaged picture" in skipped["Training/no_tumor/3.png"]
    broken = source.take([source.table.index.get_loc("Training/no_tumor/3.png")])
    with pytest.raises(InvalidInputError, match=r"of 1 none can\. The first: .*3\.png"):
        broken.readable()
