from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.audit import NO_CLASS, audit
from pellucid.datasets.dataset import dataset


@pytest.fixture
def leaking(folders, write, picture):
    """Of no_tumor in the test: one equal, one dimmed and smaller, one mirrored in training; one twin in the test."""
    test, training = folders / "Testing" / "no_tumor", folders / "Training" / "no_tumor"
    write(training / "same.png", np.dstack([picture(1500)] * 3))
    smaller = Image.fromarray(picture(1501)).resize((60, 60), Image.Resampling.BILINEAR)
    write(training / "smaller.png", np.rint(np.asarray(smaller) * 0.8).astype(np.uint8))
    write(training / "turned.png", picture(1502)[:, ::-1])
    write(test / "twice.png", picture(1503))
    write(folders / "Training" / "glioma_tumor" / "unlike.png", picture(1004))
    return dataset(f"image-folder:{folders}")


def test_every_planted_copy_is_counted_once_where_it_belongs(leaking):
    found = audit(leaking)
    told = json.loads(json.dumps(found.json(), allow_nan=False))
    assert told["leak"] == {
        "exact": {"glioma_tumor": 0, "no_tumor": 1},
        "near": {"glioma_tumor": 0, "no_tumor": 3},
    }
    assert told["within"] == {
        "Testing": {"glioma_tumor": 0, "no_tumor": 2},
        "Training": {"glioma_tumor": 1, "no_tumor": 1},
    }
    assert told["within_exact"] == told["within"]
    (conflict,) = told["conflicts"]
    assert conflict["records"] == ["Training/glioma_tumor/unlike.png", "Training/no_tumor/4.png"]
    assert conflict["classes"] == [["glioma_tumor"], ["no_tumor"]]
    assert conflict["equal"]
    assert told["method"]["mirrored_pairs"] == 1
    assert told["method"]["near_pairs"] == 2
    assert told["balance"]["Testing"] == {"glioma_tumor": 6, "no_tumor": 7}
    assert told["patients"] is None


def test_the_cleaned_split_has_no_leak_left(leaking, tmp_path):
    from pellucid.datasets.splits import write_split

    found = audit(leaking)
    kept = found.cleaned
    names = leaking.table.index[kept.kept].tolist()
    write_split(tmp_path / "split.csv", names, kept.patients, kept.folds)
    again = audit(dataset(f"image-folder:{leaking.folder},split={tmp_path / 'split.csv'}"))
    assert again.near == {"glioma_tumor": 0, "no_tumor": 0}
    assert again.conflicts == ()
    assert again.balance["test"] == {"glioma_tumor": 6, "no_tumor": 6}
    assert again.within_exact["training"] == {"glioma_tumor": 0, "no_tumor": 0}


def test_the_table_and_the_worst_pairs(leaking):
    found = audit(leaking)
    row = found.table().loc["no_tumor"]
    assert (row["Testing"], row["test, equal in training"], row["test, equal or near"]) == (7, 1, 3)
    reasons = [reason for _, reason in found.worst()]
    assert reasons == ["unlike labels", "across sides, equal", "across sides, near", "across sides, near"]
    shown = [position for pair, _ in found.worst() for position in (pair.first, pair.second)]
    assert len(shown) == len(set(shown))


def test_a_patient_on_both_sides_is_named(leaking):
    leaking.table["patient"] = "p"
    leaking.patients_known = True
    told = audit(leaking).json()
    assert told["patients_on_both_sides"] == {"count": 1, "first": {"p": ["Testing", "Training"]}}


def test_records_without_a_class_are_counted_too():
    told = audit(dataset("simulated:70", sampling_rate=100)).json()
    assert told["balance"]["test"] == {
        **dict.fromkeys(["1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH"], 1),
        NO_CLASS: 1,
    }
    assert sum(told["leak"]["near"].values()) == 0
    assert told["patients"] == 70


def test_a_test_side_must_leave_training():
    with pytest.raises(InvalidInputError, match=r"both sides; got 10, its records are in fold 1, 2\. .*--test-folds 2"):
        audit(dataset("simulated:14", sampling_rate=100))
    with pytest.raises(InvalidInputError, match=r"are in fold 1\. Deal its records into more folds, with ,split=FILE"):
        audit(dataset("simulated:7", sampling_rate=100), test_folds=[1])


def test_a_split_dealt_anew_has_no_twins_across(leaking):
    found = audit(leaking, anew=0.9)
    folds = dict(zip(leaking.table.index[found.cleaned.kept], found.cleaned.folds, strict=True))
    assert folds["Testing/no_tumor/1.png"] == folds["Training/no_tumor/smaller.png"]
    assert folds["Testing/no_tumor/2.png"] == folds["Training/no_tumor/turned.png"]
    assert found.cleaned.dropped == {"conflicting label": 2, "repeat": 2}
    with pytest.raises(InvalidInputError, match=r"correlation of 0\.5 or more and below 1; got 2"):
        audit(leaking, anew=2)
