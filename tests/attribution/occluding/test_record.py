from __future__ import annotations

import torch
from occluded import run_of

import zoo
from pellucid.attribution.occluding.record import Record, is_layer, sizes_of
from pellucid.attribution.tape.recording import Recorded


def record(number):
    tensors = zoo.everything("signal_and_age", 1, 2)
    tape = Recorded(run_of(zoo.network("signal_and_age", 1), tensors).question, tensors, ()).tape
    return Record(tape, tape.inputs[number])


def test_what_changes_with_one_of_several_inputs():
    of_signal, of_age = record(0), record(1)
    kinds = [{value.node.operator for value in found.changing if value.node} for found in (of_signal, of_age)]
    assert "convolution" in kinds[0]
    assert "tanh" not in kinds[0]
    assert "convolution" not in kinds[1]
    assert {"tanh", "cat", "linear"} <= kinds[1]
    assert of_signal.tape.logits in of_signal.changing


def test_the_clean_values_are_those_of_the_first_row():
    found = record(0)
    layer = next(value for value in found.changing if value.node and value.node.operator == "convolution")
    assert torch.equal(found.clean(layer)[:, :, 0], layer.data[:1])
    assert found.clean(layer) is found.clean(layer)
    assert found.clean(layer).is_contiguous(memory_format=torch.channels_last)


def test_layers_have_one_or_two_axes_in_space():
    found = record(0)
    assert is_layer(found.source)
    assert sizes_of(found.source) == (1, 24)
    assert not is_layer(found.tape.logits)
