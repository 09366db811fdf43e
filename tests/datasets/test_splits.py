from __future__ import annotations

import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.splits import counted_as, dealt, names_patients, read_split, torn, write_split


def test_patients_stay_together_and_classes_are_spread_alike():
    patients = [f"p{i // 3}" for i in range(60)]
    classes = ["a" if i < 30 else "b" for i in range(60)]
    folds = dealt(patients, classes, [1, 2, 3, 4, 5])
    assert torn(patients, folds.tolist()) == {}
    for name in "ab":
        counts = [sum(c == name and f == fold for c, f in zip(classes, folds, strict=True)) for fold in range(1, 6)]
        assert counts == [6] * 5
    assert dealt(patients, classes, [1, 2, 3, 4, 5]).tolist() == folds.tolist()


def test_a_torn_patient_is_named_with_the_sides():
    assert torn(["x", "y", "x"], [1, 2, 10]) == {"x": ["1", "10"]}


def test_what_is_written_is_read_again(tmp_path):
    write_split(tmp_path / "split.csv", [7, "a,b"], ["p", "q"], [1, 10])
    table = read_split(tmp_path / "split.csv")
    assert table["record"].tolist() == ["7", "a,b"]
    assert table["patient"].tolist() == ["p", "q"]
    assert table["fold"].tolist() == [1, 10]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record,fold\n1,2\n", "columns record, patient, fold"),
        ("record,patient,fold\n1,p,ten\n", "line 2.*got '1', 'p', 'ten'"),
        ("record,patient,fold\n1,p,1\n1,p,1\n", "list each record once; '1'"),
        ("record,patient,fold\n1,p,1\n2,p,10\n", "'p' is in 1 and 10"),
        ("record,patient,fold\n", "0 lines"),
    ],
)
def test_what_is_wrong_with_a_split_is_told(tmp_path, text, message):
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        read_split(tmp_path / "split.csv")


def test_a_missing_split_is_told(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"none\.csv cannot be read"):
        read_split(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("patients", "known"),
    [
        (["anna", "anna"], True),
        (["anna", "b.png"], True),
        (["a.png", "b.png"], False),
        (["cluster-1", "b.png"], False),
        (["cluster-1", "anna"], False),
    ],
)
def test_a_split_names_persons_or_not(tmp_path, patients, known):
    write_split(tmp_path / "split.csv", ["a.png", "b.png"], patients, [1, 1])
    assert names_patients(read_split(tmp_path / "split.csv")) is known


@pytest.mark.parametrize(
    ("groups", "word"),
    [(None, "records"), (["a", "a", "b"], "patients"), (["cluster-7", "cluster-7", "cluster-9"], "clusters")],
)
def test_what_a_bootstrap_draws_is_called_by_its_name(groups, word):
    assert counted_as(groups) == word
