from __future__ import annotations

import pytest
import torch
from recordings import Function, Writes, numbers

from pellucid.attribution.guard import guarded
from pellucid.attribution.question import Question
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.way_back import changed_gradients, starts
from pellucid.attribution.run import Run
from pellucid.core.errors import NotApplicableError


def run_of(module, *inputs, classes):
    question = Question(module=module, inputs=inputs)
    return Run(question, inputs, torch.arange(len(inputs[0])), torch.tensor(classes), bytes_a_row=1)


def test_each_target_of_each_sample_has_its_own_way():
    module = Writes(lambda x: x * 2)
    run = run_of(module, numbers(), classes=[[2, 0], [1, 1], [0, 2]])
    with guarded(module, ["cpu"]):
        assert starts(run)[1].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        (found,) = changed_gradients(run, lambda tape: lambda node: gradient)
    assert torch.allclose(found, 2 * module.head.weight[torch.tensor([[2, 0], [1, 1], [0, 2]])])


def test_an_input_that_nothing_arrives_at_is_named():
    module = Function(lambda x, y: x * (y > 0))
    run = run_of(module, numbers(), numbers(), classes=[[0], [0], [0]])
    with guarded(module, ["cpu"]), pytest.raises(NotApplicableError, match=r"input 1 does not reach the logit"):
        changed_gradients(run, lambda tape: lambda node: gradient)
    alone = Function(lambda x: (x > 0).double())
    with guarded(alone, ["cpu"]), pytest.raises(NotApplicableError, match=r"the input does not reach"):
        changed_gradients(run_of(alone, numbers(), classes=[[0]] * 3), lambda tape: lambda node: gradient)
