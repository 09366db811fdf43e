from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pellucid.datasets.confounds import confounds


@pytest.fixture
def labels():
    first = np.arange(300) % 3 == 0
    return pd.DataFrame({"a": first, "b": ~first})


def named(count):
    return [f"g{i}" for i in range(count)]


def test_a_telltale_is_named_and_what_tells_nothing_is_not(labels):
    random = np.random.default_rng(0)
    facts = pd.DataFrame(
        {
            "width": random.integers(100, 200, 300),
            "mode": np.where(labels["a"], "L", "RGB"),
            "border": labels["a"] * 0.5 + random.normal(0, 1, 300),
            "brightness": 1.0,
        }
    )
    found = confounds(facts, labels, named(300))
    assert list(found) == ["size", "mode", "brightness", "border", "all"]
    assert found["mode"].accuracy == found["all"].accuracy == 1
    assert found["mode"].by_class == {"a": 1, "b": 1}
    assert found["mode"].tells
    assert found["size"].majority == found["brightness"].accuracy == pytest.approx(2 / 3)
    assert not found["size"].tells
    assert not found["brightness"].tells
    assert found["brightness"].by_class == {"a": 0.5, "b": 0.5}
    assert 0.5 < found["border"].by_class["a"] < 0.8


def test_a_group_is_never_on_both_sides(labels):
    facts = pd.DataFrame({"bytes": np.arange(300) // 20})  # tells the group, nothing else
    labels["a"] = np.random.default_rng(1).random(15).repeat(20) > 0.5
    labels["b"] = ~labels["a"]
    assert confounds(facts, labels, named(300))["bytes"].accuracy > 0.9
    groups = [f"g{i // 20}" for i in range(300)]
    assert not confounds(facts, labels, groups)["bytes"].tells


def test_combinations_and_missing_facts_are_values_too():
    random = np.random.default_rng(2)
    labels = pd.DataFrame({"x": random.random(400) > 0.5, "y": random.random(400) > 0.5})
    facts = pd.DataFrame({"device": np.where(labels["x"], "old", None)})
    found = confounds(facts, labels, named(400))["source"]
    assert found.by_class["x"] == 1
    assert found.by_class["y"] == pytest.approx(0.5, abs=0.08)
    assert found.tells


def test_a_class_of_few_records_has_no_area(labels):
    few = labels.assign(rare=[number < 9 for number in range(len(labels))])
    facts = pd.DataFrame({"width": np.arange(len(labels))}, index=labels.index)
    areas = confounds(facts, few, [str(number) for number in range(len(labels))])["size"].by_class
    assert list(areas) == list(map(str, labels))


def test_one_class_or_few_groups_are_no_question(labels):
    facts = pd.DataFrame({"width": np.arange(300)})
    assert confounds(facts, labels, ["g"] * 300) == {}
    assert confounds(facts, labels.assign(a=True, b=False), named(300)) == {}
