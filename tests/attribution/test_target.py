from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from pellucid.attribution.target import logits_of, resolve
from pellucid.core.errors import InvalidInputError, NotApplicableError


@pytest.mark.parametrize(
    ("target", "classes", "single", "stated"),
    [
        (2, [[2], [2]], True, 2),
        (np.int64(2), [[2], [2]], True, 2),
        (torch.tensor(1), [[1], [1]], True, 1),
        ([1, 0], [[1], [0]], True, [1, 0]),
        ((1, 0), [[1], [0]], True, [1, 0]),
        ([torch.tensor(1), torch.tensor(0)], [[1], [0]], True, [1, 0]),
        (torch.tensor([1, 0]), [[1], [0]], True, [1, 0]),
        (np.array([1, 0]), [[1], [0]], True, [1, 0]),
        (np.array([[1, 0], [2, 1]]), [[1, 0], [2, 1]], False, [[1, 0], [2, 1]]),
        ("all", [[0, 1, 2], [0, 1, 2]], False, "all"),
    ],
)
def test_a_target_is_said_in_many_ways(target, classes, single, stated):
    found = resolve(target, batch=2, logits=3)
    assert found.classes.tolist() == classes
    assert found.single is single
    assert found.stated == stated


def test_one_logit_needs_no_target():
    assert resolve(None, batch=3, logits=1).classes.tolist() == [[0]] * 3
    with pytest.raises(InvalidInputError, match="one of the module's 2 logits, 0 to 1"):
        resolve(None, batch=3, logits=2)


@pytest.mark.parametrize("target", [[0.5, 1.0], [True, False], [[[0]]], [], ["a", "b"], {"a": 1}, [0, 1, 1]])
def test_what_is_no_target_is_refused(target):
    with pytest.raises(InvalidInputError, match="target must"):
        resolve(target, batch=2, logits=3)


@pytest.mark.parametrize(("output", "field"), [((None, "logits"), 1), ({"a": 0, "z": "logits"}, "z"), (None, None)])
def test_logits_are_found_in_a_field(output, field):
    logits = torch.zeros(2, 3)
    if isinstance(output, tuple):
        output = tuple(logits if item == "logits" else item for item in output)
    elif isinstance(output, dict):
        output = {key: logits if item == "logits" else item for key, item in output.items()}
    else:
        output = logits
    assert logits_of(output, field, 2) is logits or torch.equal(logits_of(output, field, 2), logits)


def test_logits_are_found_by_an_attribute():
    class Output(NamedTuple):
        hidden: int
        logits: torch.Tensor

    assert logits_of(Output(0, torch.ones(2)), "logits", 2).tolist() == [[1], [1]]


@pytest.mark.parametrize(
    ("output", "field", "error", "words"),
    [
        ((1, torch.zeros(2)), None, NotApplicableError, r"output=, one of 0, 1"),
        ({"a": 1}, "b", InvalidInputError, r"got 'b'.*one of 'a'"),
        ((1,), 3, InvalidInputError, "got 3"),
        (torch.zeros(2, 3, 4), None, NotApplicableError, r"\(2, 3, 4\)"),
        (torch.zeros(5, 3), None, NotApplicableError, "2 samples"),
        (torch.zeros(2, 3, dtype=torch.int64), None, NotApplicableError, "floating-point"),
        (torch.full((2, 3), float("nan")), None, NotApplicableError, "NaN"),
    ],
)
def test_what_are_no_logits_is_refused_in_words(output, field, error, words):
    with pytest.raises(error, match=words):
        logits_of(output, field, 2)
