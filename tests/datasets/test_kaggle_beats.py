from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.kaggle_beats import kaggle_beats


def write(folder, train, test):
    for file, labels in (("mitbih_train.csv", train), ("mitbih_test.csv", test)):
        values = np.random.default_rng(0).random((len(labels), 187)).round(4)
        np.savetxt(folder / file, np.column_stack([values, labels]), delimiter=",", fmt="%.5g")


def test_the_number_is_the_class_and_the_test_file_fold_10(tmp_path):
    write(tmp_path, [0, 1, 4, 2] * 9, [3, 0])
    table, beats = kaggle_beats(tmp_path, tuple("NSVFQ"))
    assert table["class"].tolist()[:4] == ["N", "S", "Q", "V"]
    assert table["class"].tolist()[-2:] == ["F", "N"]
    assert table["fold"].tolist()[-2:] == [10, 10]
    assert sorted(set(table["fold"][:-2])) == list(range(1, 10))
    assert table.index[-1] == "test-37"
    assert beats.shape == (38, 187)
    assert beats[0, 0] == pytest.approx(np.random.default_rng(0).random(1)[0], abs=1e-4)


@pytest.mark.parametrize("label", [5, 0.5, float("nan")])
def test_a_class_that_is_none_is_told_with_its_line(tmp_path, label):
    write(tmp_path, [0, 1, label], [0])
    with pytest.raises(InvalidInputError, match=r"mitbih_train\.csv, line 3: the class must be 0 to 4; got"):
        kaggle_beats(tmp_path, tuple("NSVFQ"))


def test_other_tables_are_told(tmp_path):
    write(tmp_path, [0], [0])
    (tmp_path / "mitbih_test.csv").write_text("1,2,3\n")
    with pytest.raises(InvalidInputError, match="it has 3 columns"):
        kaggle_beats(tmp_path, tuple("NSVFQ"))
    (tmp_path / "mitbih_test.csv").write_text(",".join(["2"] * 187 + ["0"]) + "\n")
    with pytest.raises(InvalidInputError, match=r"line 1: values must lie in 0\.\.1"):
        kaggle_beats(tmp_path, tuple("NSVFQ"))
    (tmp_path / "mitbih_test.csv").unlink()
    with pytest.raises(UnreadableFileError, match=r"mitbih_test\.csv cannot be read"):
        kaggle_beats(tmp_path, tuple("NSVFQ"))
