from __future__ import annotations

import pytest
import torch
from recordings import Writes, numbers, record

from pellucid.attribution.tape.tape import Node, Value, plain, substituted, traced, values_in
from pellucid.core.errors import NotApplicableError


def chain(count):
    """Return an input and so many operations, each of which doubles what the one before gave."""
    value = Value(torch.ones(2, 1), None)
    inputs, nodes = (value,), []
    for number in range(count):
        node = Node(number, "double", {"self": value, "factor": 2}, "", lambda read: read["self"] * read["factor"])
        value.users.append(node)
        value = Value(node.run({}), node)
        node.outs = (value,)
        nodes.append(node)
    return inputs, nodes


def test_values_stand_where_tensors_were_in_lists_too():
    one, two = Value(torch.ones(1), None), Value(torch.zeros(1), None)
    assert values_in([one, (two, 3), torch.ones(1), None]) == [one, two]
    assert substituted((one, [two, "a"]), lambda value: int(value.data)) == (1, [0, "a"])
    assert plain([one, 4]) == [one.data, 4]


def test_an_operation_runs_again_with_other_tensors():
    inputs, nodes = chain(2)
    assert nodes[0].run({inputs[0]: torch.full((1,), 5.0)}).tolist() == [10]
    assert nodes[1].run({}).tolist() == [[4], [4]]
    assert nodes[0].constant("factor")
    assert not nodes[0].constant("self")
    assert nodes[1].tensor("self").tolist() == [[2], [2]]


def test_only_the_way_to_the_logits_is_kept():
    inputs, nodes = chain(3)
    tape = traced(inputs, nodes, nodes[1].outs[0], branches=True)
    assert tape.nodes == nodes[:2]
    assert tape.branches
    assert nodes[1].outs[0].users == []
    assert nodes[0].outs[0].users == [nodes[1]]
    assert tape.on_the_way() == {inputs[0], nodes[0].outs[0], nodes[1].outs[0]}


def test_an_input_that_does_not_reach_the_logits_is_refused():
    inputs, nodes = chain(1)
    with pytest.raises(NotApplicableError, match="does not use it, or cuts the way back"):
        traced(inputs, nodes, Value(torch.ones(2, 1), None), branches=False)


def test_an_operation_is_named_with_shape_and_place():
    tape = record(Writes(torch.relu), numbers()).tape
    assert str(tape.nodes[0]) == "operation relu with the result (3, 4)"
    assert str(tape.nodes[1]) == "operation linear with the result (3, 3) in submodule 'head'"
