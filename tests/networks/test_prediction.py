"""Prediction: found, top, not sure."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.networks.prediction import Prediction


def prediction(probabilities: list[float], thresholds: list[float], *, exclusive: bool = False) -> Prediction:
    p = np.array(probabilities)
    return Prediction(
        record="<b>r</b>",
        network="n",
        classes=tuple("ABC"[: len(p)]),
        logits=np.log(p / (1 - p)),
        probabilities=p,
        thresholds=np.array(thresholds),
        exclusive=exclusive,
        descriptions=("", "second", "")[: len(p)],
    )


def test_found_is_strictly_above_the_threshold() -> None:
    assert prediction([0.3, 0.31, 0.2], [0.3, 0.3, 0.3]).found == ("B",)
    assert prediction([0.1, 0.1, 0.2], [0.3, 0.3, 0.3]).found == ()


def test_near_its_threshold_a_class_is_not_sure() -> None:
    verdicts = prediction([0.9, 0.33, 0.02], [0.3, 0.3, 0.3]).verdicts
    assert verdicts == {"A": "found", "B": "not sure", "C": "not found"}


@pytest.mark.parametrize(
    ("probabilities", "verdicts"),
    [
        ([0.5, 0.45, 0.05], ["not sure", "not sure", "not found"]),
        ([0.7, 0.2, 0.1], ["found", "not found", "not found"]),
    ],
)
def test_of_exclusive_classes_two_within_ten_points_are_not_sure(
    probabilities: list[float], verdicts: list[str]
) -> None:
    one = prediction(probabilities, [0.5] * 3, exclusive=True)
    assert list(one.verdicts.values()) == verdicts
    assert one.found == ("A",)


def test_the_table_starts_with_what_is_furthest_above_its_threshold() -> None:
    table = prediction([0.5, 0.2, 0.4], [0.9, 0.01, 0.4]).table()
    assert list(table.index) == ["B", "C", "A"]
    assert table.loc["B", "description"] == "second"


def test_in_a_notebook_names_are_escaped() -> None:
    shown = prediction([0.5, 0.2, 0.4], [0.9, 0.01, 0.4])._repr_html_()
    assert "&lt;b&gt;r&lt;/b&gt;" in shown
    assert "not a diagnosis" in shown
