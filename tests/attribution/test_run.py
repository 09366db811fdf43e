from __future__ import annotations

import torch
from torch import nn

import zoo
from pellucid.attribution.question import Question
from pellucid.attribution.run import Run


def run(module, *inputs, classes, **question):
    samples = torch.arange(len(inputs[0]))
    asked = Question(module=module, inputs=inputs, **question)
    return Run(asked, inputs, samples, torch.tensor(classes), bytes_a_row=100)


def test_gradients_have_an_axis_for_the_targets():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    some = run(module, x, classes=[[0, 1]] * 3)
    assert some.inputs.shape == (3, 1, 4, 24)
    assert some.gradient().shape == (3, 2, 4, 24)
    assert some.gradient() is some.gradient()
    assert torch.equal(some.scores(), module(x)[:, :2])


def test_elsewhere_is_the_same_question_at_other_points():
    class Shifted(nn.Module):
        def forward(self, x, by):
            return x + by

    by = torch.tensor([[10.0], [20.0]])
    some = run(Shifted(), torch.zeros(2, 1), classes=[[0], [0]], arguments=(by,))
    moved = some.elsewhere((torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]]),))
    assert moved.scores().flatten().tolist() == [11, 22, 13, 24]


def test_rows_follow_from_memory_and_cost():
    assert run(nn.ReLU(), torch.zeros(1, 1), classes=[[0]], memory=350).together() == 3


def test_what_is_asked_once_is_computed_once():
    some, calls = run(nn.ReLU(), torch.zeros(1, 1), classes=[[0]]), []
    for _ in range(2):
        assert some.once("length", lambda: len(calls) or calls.append(1) or 7) == 7


def test_declarations_and_warnings():
    some = run(nn.ReLU(), torch.zeros(1, 1), classes=[[0]], options={"baseline": 3})
    some.declare(base=torch.ones(1, 1))
    some.declare(cells=torch.zeros(1))
    some.warn("twice")
    some.warn("twice")
    assert some.declared.base == 1
    assert some.declared.geometry is None
    assert some.declared.warnings == ["twice"]
    assert some.option("baseline") == 3
    assert some.option("parts") is None
