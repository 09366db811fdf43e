"""The table of a distillation: shares and intervals by hand, means and paired differences over seeds, Markdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from pellucid.datasets.dataset import dataset
from pellucid.networks.architectures.conv_net import ConvNet
from pellucid.networks.network import Network
from pellucid.training.distil_table import (
    ALONE,
    DIFFERENCE,
    FIGURES,
    TAUGHT,
    TEACHER,
    Run,
    compare,
    markdown,
    over_seeds,
    share_with_interval,
)
from pellucid.training.finish import probabilities


def table(alone: list[float], taught: list[float]) -> pd.DataFrame:
    rows = {}
    for kind, values in ((ALONE, alone), (TAUGHT, taught)):
        for seed, value in enumerate(values):
            figures = {f"{key}{end}": value for key in FIGURES for end in ("", "_low", "_high")}
            rows[f"{kind}, seed {seed}"] = {"kind": kind, "parameters": 7, "seconds": 2.0 + seed, **figures}
    return pd.DataFrame.from_dict(rows, orient="index")


def test_means_ranges_and_the_paired_difference_by_hand() -> None:
    found = over_seeds(table([0.5, 0.6, 0.7], [0.6, 0.8, 0.7]))
    alone, difference = found.loc[f"{ALONE}, mean and range"], found.loc[DIFFERENCE]
    assert [alone[f"accuracy{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.6, 0.5, 0.7])
    assert (alone["seconds"], alone["parameters"]) == (3.0, 7)
    # Differences 0.1, 0.2, 0.0: mean 0.1, standard deviation 0.1; t of two degrees of freedom is 4.302653.
    half = 4.302653 * 0.1 / np.sqrt(3)
    assert [difference[f"f1{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.1, 0.1 - half, 0.1 + half])


def test_one_seed_has_nothing_to_average() -> None:
    assert len(over_seeds(table([0.5], [0.6]))) == 0


def test_a_share_and_its_interval() -> None:
    right = np.array([True] * 30 + [False] * 10)
    value, low, high = share_with_interval(right, np.arange(40))
    assert value == 0.75
    spread = 1.96 * np.sqrt(0.75 * 0.25 / 40)
    assert (low, high) == pytest.approx((0.75 - spread, 0.75 + spread), abs=0.03)
    # One patient of 30 and one of 10: a draw holds both, or one of them twice.
    assert share_with_interval(right, right) == (0.75, 0.0, 1.0)


def network(seed: int) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = ConvNet(4, channels=1, widths=(2,), head="gap", size=(16, 16))
    classes = ["pituitary_tumor", "no_tumor", "meningioma_tumor", "glioma_tumor"]
    return Network(module, classes, size=(16, 16), activation="softmax")


def test_runs_are_scored_as_sklearn_does_and_written(tmp_path: Path) -> None:
    test = dataset("phantoms:40,size=32").select(folds=[3, 4, 5])
    runs = [Run(TEACHER, None, network(0)), *(Run(kind, i, network(i + 1)) for kind in (ALONE, TAUGHT) for i in (0, 1))]
    found = compare(runs, test, ["A note."])
    asked = probabilities(runs[0].network, test)[:, ::-1]
    truth = test.labels.to_numpy()
    row = found.table.loc[TEACHER]
    assert row["accuracy"] == (asked.argmax(1) == truth.argmax(1)).mean()
    assert row["f1"] == pytest.approx(f1_score(truth.argmax(1), asked.argmax(1), average="macro"))
    assert row["auc"] == pytest.approx(roc_auc_score(truth, asked, average="macro"))
    by_class = f1_score(truth.argmax(1), asked.argmax(1), average=None)
    assert found.f1.loc[TEACHER, list(test.classes)].to_numpy() == pytest.approx(by_class)
    assert row["parameters"] == 1 * 2 * 9 + 2 + 4 + 2 * 4 + 4
    assert list(found.table.index[-3:]) == [f"{ALONE}, mean and range", f"{TAUGHT}, mean and range", DIFFERENCE]
    assert found.json()[0]["run"] == TEACHER
    assert found.json()[0]["seconds"] is None  # a network without a training
    paths = found.save(tmp_path, "pupil")
    assert [path.name for path in paths] == ["comparison.md", "comparison.csv", "f1_by_class.csv", "comparison.png"]
    text = paths[0].read_text(encoding="utf-8")
    assert "Test: 12 records of 12 patients of phantoms; 2000 draws of patients." in text
    assert f"| {DIFFERENCE} |" in text
    assert pd.read_csv(paths[1], index_col="run").loc[TEACHER, "auc"] == row["auc"]


def test_markdown_keeps_its_columns() -> None:
    assert markdown(pd.DataFrame([{"run": "a|b", "x": "1"}])) == "| run | x |\n| --- | --- |\n| a\\|b | 1 |"


def test_records_without_patients_are_not_called_patients() -> None:
    test = dataset("phantoms:40,size=32").select(folds=[3, 4, 5])
    test.patients_known = False
    found = compare([Run(TEACHER, None, network(0))], test, [])
    assert found.notes == ("Test: 12 records of phantoms; 2000 draws of records.",)
    assert found.table.loc[TEACHER, "interval"] == "95 %, bootstrap over records"
