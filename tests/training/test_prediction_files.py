from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.training.prediction_files import read_answers
from pellucid.training.scores import score

SIX = ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")

# METHODS.md, section 6: Ribeiro et al. 2020, table 2. Precision, recall, specificity, F1 of each class.
PUBLISHED = {
    "dnn": [
        (0.867, 0.929, 0.995, 0.897), (0.895, 1.000, 0.995, 0.944), (1.000, 1.000, 1.000, 1.000),
        (0.833, 0.938, 0.996, 0.882), (1.000, 0.769, 1.000, 0.870), (0.947, 0.973, 0.997, 0.960),
    ],
    "cardiology_residents": [
        (0.905, 0.679, 0.997, 0.776), (0.868, 0.971, 0.994, 0.917), (1.000, 0.900, 1.000, 0.947),
        (0.833, 0.938, 0.996, 0.882), (0.769, 0.769, 0.996, 0.769), (0.968, 0.811, 0.999, 0.882),
    ],
    "emergency_residents": [
        (0.639, 0.821, 0.984, 0.719), (0.963, 0.765, 0.999, 0.852), (0.963, 0.867, 0.999, 0.912),
        (0.824, 0.875, 0.996, 0.848), (0.800, 0.615, 0.998, 0.696), (0.946, 0.946, 0.997, 0.946),
    ],
    "medical_students": [
        (0.605, 0.929, 0.979, 0.732), (0.914, 0.941, 0.996, 0.928), (0.931, 0.900, 0.997, 0.915),
        (0.750, 0.750, 0.995, 0.750), (0.571, 0.923, 0.989, 0.706), (0.912, 0.838, 0.996, 0.873),
    ],
}  # fmt: skip


@pytest.fixture
def code_test(shared):
    return shared / "data" / "code_test"


@pytest.mark.parametrize("rater", PUBLISHED)
def test_the_published_table_to_the_last_digit(code_test, rater):
    folder = code_test / "annotations"
    scored = score(read_answers(folder / f"{rater}.csv", folder / "gold_standard.csv"), draws=0)
    assert tuple(scored.classes) == SIX
    metrics = ("precision", "recall", "specificity", "f1")
    ours = [tuple(round(one.estimates[m].value, 3) for m in metrics) for one in scored.classes.values()]
    assert ours == PUBLISHED[rater]
    assert [one.support for one in scored.classes.values()] == [28, 34, 30, 16, 13, 37]
    assert scored.macro["auc"].reason == "decisions, not probabilities"


def test_stored_probabilities_are_scored_for_ranking_alone(code_test):
    gold = code_test / "annotations" / "gold_standard.csv"
    scored = score(read_answers(code_test / "dnn_probabilities.npy", gold, classes=SIX), draws=0)
    assert scored.macro["auc"].value > 0.99
    assert scored.macro["f1"].reason == "no threshold"


@pytest.fixture
def written(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


LABELS = "record,patient,AFIB,1AVB\na,x,1,0\nb,x,0,1\n"


def test_columns_go_by_name(written):
    labels = written("labels.csv", LABELS)
    answers = read_answers(written("given.csv", ",1dAVb,other,af\n0,0.25,7,1e-3\n1,0.5,8,0.75\n"), labels)
    assert answers.classes == ("AFIB", "1AVB")
    assert answers.probabilities.tolist() == [[0.001, 0.25], [0.75, 0.5]]
    assert answers.labels.tolist() == [[True, False], [False, True]]
    assert answers.patients.tolist() == ["x", "x"]
    assert answers.records.tolist() == ["a", "b"]


def test_classes_choose(written):
    labels = written("labels.csv", LABELS)
    answers = read_answers(written("given.csv", "AF\n0.25\n0.5\n"), labels, classes=["AFIB"], thresholds=[0.3])
    assert answers.classes == ("AFIB",)
    assert answers.found(0).tolist() == [False, True]


def test_words_for_yes_and_no(written):
    labels = written("labels.csv", "AFIB\nTrue\nfalse\n")
    assert read_answers(written("given.csv", "AFIB\nFalse\nTRUE\n"), labels).decisions.tolist() == [[False], [True]]


def test_an_array_takes_its_order_from_the_classes(written, tmp_path):
    np.save(tmp_path / "given.npy", np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32))
    labels = written("labels.csv", LABELS)
    answers = read_answers(tmp_path / "given.npy", labels, classes=["1AVB", "AFIB"])
    assert answers.labels.tolist() == [[False, True], [True, False]]
    assert answers.probabilities[:, 0] == pytest.approx([0.1, 0.3])
    with pytest.raises(InvalidInputError, match="order with --classes"):
        read_answers(tmp_path / "given.npy", labels)
    with pytest.raises(InvalidInputError, match=r"shape \(2, 2\)"):
        read_answers(tmp_path / "given.npy", labels, classes=["AFIB"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("AFIB\n0.1\n0.2\n", "given.csv must have a column '1AVB'; it has AFIB. Rename"),
        ("AFIB,1AVB\n0.1,0.2\n", r"given.csv has 1 rows, .*labels.csv 2"),
        ("AFIB,1AVB\n0.1,0.2\nnan,0.2\n", "column 'AFIB', row 2: must be a finite number; got 'nan'"),
        ("AFIB,1AVB\n0.1,0.2\n0.1,\n", "column '1AVB', row 2: must be a finite number; got ''"),
        ("AFIB,1AVB\n0.1,0.2\n0.1,inf\n", "must be a finite number; got 'inf'"),
        (
            "AFIB,1AVB\n0.1,0.2\n0.1,-2\n",
            r"column '1AVB', row 2: must be in 0..1 \(probabilities, not logits\); got -2",
        ),
        ("AFIB,AF,1AVB\n0.1,0.2,0.3\n0.1,0.2,0.3\n", "two columns for AFIB; the second is 'AF'"),
        ("record,AFIB,1AVB\na,0.1,0.2\nc,0.1,0.2\n", "in row 2 .* has record c, .* b. Sort"),
        ("AFIB,1AVB\n", "must have one row a record"),
    ],
)
def test_wrong_predictions_are_named_with_file_and_column(written, given, words):
    with pytest.raises(InvalidInputError, match=words):
        read_answers(written("given.csv", given), written("labels.csv", LABELS))


def test_wrong_labels_are_named(written):
    given = written("given.csv", "AFIB,1AVB\n0.1,0.2\n0.1,0.2\n")
    with pytest.raises(InvalidInputError, match=r"labels.csv, column '1AVB', row 1: must be 0 or 1; got 0.5"):
        read_answers(given, written("labels.csv", "AFIB,1AVB\n1,0.5\n0,1\n"))
    with pytest.raises(InvalidInputError, match="must have one column a class"):
        read_answers(given, written("labels.csv", "record,patient\na,b\nc,d\n"))


def test_decisions_take_no_thresholds(written):
    with pytest.raises(InvalidInputError, match="need no thresholds"):
        read_answers(written("given.csv", "AFIB\n0\n1\n"), written("labels.csv", "AFIB\n0\n1\n"), thresholds=[0.5])


def test_files_that_are_not_there_or_no_tables(written, tmp_path):
    labels = written("labels.csv", LABELS)
    with pytest.raises(UnreadableFileError, match=r"none.csv is not there"):
        read_answers(tmp_path / "none.csv", labels)
    with pytest.raises(UnreadableFileError, match=r"empty.csv cannot be read"):
        read_answers(written("empty.csv", ""), labels)
    with pytest.raises(UnreadableFileError, match=r"text.npy cannot be read"):
        read_answers(written("text.npy", "no array"), labels, classes=["AFIB"])
