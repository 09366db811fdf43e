from __future__ import annotations

import numpy as np
import pytest

from pellucid.explanation import words
from pellucid.networks.prediction import Prediction


def prediction(probabilities, thresholds=None, classes="ABCDEF"):
    count = len(probabilities)
    return Prediction(
        record="r",
        network="n",
        classes=tuple(classes[:count]),
        logits=np.zeros(count),
        probabilities=np.array(probabilities, dtype=float),
        thresholds=np.array(thresholds or [0.5] * count, dtype=float),
        exclusive=False,
        descriptions=("",) * count,
    )


def test_nothing_found_is_not_normal():
    text = words.nothing_found(prediction([0.1, 0.3, 0.2, 0, 0, 0], [0.5, 0.42, 0.5, 0.5, 0.5, 0.5]))
    assert "most probable class, B (30.0%, threshold 42.0%), is explained instead" in text
    assert text.endswith("None of the six is not the same as normal.")
    assert words.nothing_found(prediction([0.1])).endswith("Not found is not the same as normal.")
    assert "None of the 71 is" in words.nothing_found(prediction([0.1] * 71, classes=[f"c{i}" for i in range(71)]))


def test_doubt_and_absence_are_said_of_what_is_explained():
    answer = prediction([0.55, 0.9, 0.1])
    assert words.unsure(answer, ["A", "B"]) == ["The network is not sure about A."]
    assert words.absent(answer, ["A", "C"]) == [
        "C is not found by the network; the map shows what speaks for or against."
    ]
    assert words.absent(answer, ["A", "B"]) == []
    assert words.absent(prediction([0.1, 0.2]), ["A"]) == []


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_lists_read_as_sentences(names, text):
    assert words.joined(names) == text


def test_padding_and_leads_and_refusals():
    assert words.padding("cam", "AFIB", 0.256) == (
        "cam, AFIB: 26% of the relevance stands on padding, outside the recording."
    )
    assert "not in which lead" in words.one_map_for_all("grad_cam")
    assert words.evenness(0.9876).startswith("entropy of the tokens' scores 98.8% of the largest possible")
    assert words.refused("cam", "because.") == "cam left out: because."
    assert words.stopped(["cam"]) == "Interrupted: cam has not answered."


def test_of_methods_that_replace_leads_is_said_what_that_means():
    assert words.parts({}) == []
    assert words.parts({"lime": "lead x window"}) == [
        "lime replaces limb leads one by one, though any two of them give the others (III = II - I): the network is "
        "asked about records that no heart gives."
    ]
    both = words.parts({"kernel_shap": "independent leads", "lime": "lead", "b": "lead x wave"})
    assert both[0] == "kernel_shap: III, aVR, aVL and aVF follow from I and II and have no share of their own."
    assert both[1].startswith("lime and b replace limb leads")
