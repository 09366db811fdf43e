from __future__ import annotations

import torch

from pellucid.attribution.recorder import Recorder


def recorded(function):
    x = torch.rand(2, 3, 8)
    with Recorder(x) as recorder:
        out = function(x)
    return recorder, out


def test_a_value_knows_what_it_was_made_of():
    recorder, out = recorded(lambda x: (x + 1).relu().mean(2) * 2)
    path = recorder.between(out)
    assert [value.operator for value in path] == ["input", "add", "relu", "mean", "mul"]
    assert [use.argument for use in path[3].uses] == ["self"]
    assert path[1].readers == [path[2].index]


def test_views_are_no_values_and_constants_leave_no_trace():
    recorder, out = recorded(lambda x: x.flatten(1)[:, :4].t().unsqueeze(0) + torch.ones(4, 2).exp())
    assert [value.operator for value in recorder.between(out)] == ["input", "add"]


def test_dead_ends_are_not_on_the_way():
    def function(x):
        x.exp().sum()
        return x.mean(2)

    recorder, out = recorded(function)
    assert [value.operator for value in recorder.between(out)] == ["input", "mean"]


def test_an_in_place_operation_is_a_new_value_of_the_same_storage():
    def function(x):
        y = x + 1
        y[:, 0].relu_()
        return y.sum(2)

    recorder, out = recorded(function)
    path = recorder.between(out)
    assert [value.operator for value in path] == ["input", "add", "relu_", "sum"]
    assert path[1].base is path[2].base
    assert recorder.is_last(path[2])
    assert not recorder.is_last(path[1])


def test_slices_filled_into_a_buffer_depend_on_the_input():
    def function(x):
        buffer = torch.zeros(2, 8)
        for step in range(8):
            buffer[:, step] = x[:, 0, step]
        return buffer * 2

    recorder, out = recorded(function)
    assert recorder.between(out)[0].operator == "input"
    assert len(recorder.between(out)) == 10


def test_what_does_not_depend_on_the_input_is_not_found():
    recorder, out = recorded(lambda x: torch.ones(2).exp())
    assert recorder.find(out) is None
    assert recorder.layout(out) is None
    assert recorder.between(out) == []
    assert recorder.layout("word") is None
