from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

import zoo
from pellucid.attribution.method import method


def test_all_that_is_needed_to_judge_it_is_there():
    answer = method("grad_cam")(zoo.network("plain", 1), zoo.inputs(1), target=[0, 1, 2])
    assert answer.target == [0, 1, 2]
    assert answer.classes.tolist() == [0, 1, 2]
    assert answer.method == "grad_cam"
    assert answer.settings == {"layer": None, "relu": True}
    assert answer.kind == "positive"
    assert answer.score.shape == answer.empty.shape == (3,)
    assert answer.base is None
    assert answer.gap is None
    assert answer.geometry.cells == (12,)
    assert answer.cells.shape == (3, 1, 12)


def test_it_cannot_be_changed():
    answer = method("random")(zoo.network("plain", 1), zoo.inputs(1), target=0)
    with pytest.raises(FrozenInstanceError):
        answer.method = "lrp"


def test_it_draws_itself():
    answer = method("integrated_gradients", steps=3)(zoo.network("plain", 1), zoo.inputs(1), target=0)
    page = answer._repr_html_()
    assert "<svg" in page
    assert "integrated_gradients" in page
