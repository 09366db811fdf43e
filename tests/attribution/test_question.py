from __future__ import annotations

import pytest
import torch
from torch import nn

from pellucid.attribution.question import Question, checked_answer, checked_inputs, checked_module
from pellucid.core.errors import InvalidInputError


def test_one_input_or_several():
    x, age = torch.zeros(2, 3), torch.zeros(2, 1)
    assert checked_inputs(x)[1] is False
    tensors, several = checked_inputs([x, age])
    assert several
    assert tensors == (x, age)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ((), "empty tuple"),
        ((torch.zeros(2, 3), torch.zeros(3, 1)), "one batch size; got 2, 3"),
        ((torch.zeros(2, 3), torch.zeros(2, 1).int()), "input 1 must be floating-point"),
        (torch.zeros(0, 3), "neither empty"),
        (torch.zeros(3), r"inputs\[None\]"),
        (torch.tensor([[float("inf")]]), "finite"),
        ("x", "must be a tensor"),
    ],
)
def test_wrong_inputs(inputs, words):
    with pytest.raises(InvalidInputError, match=words):
        checked_inputs(inputs)


def test_a_module_is_a_module():
    class Network:
        module = nn.Identity()

    assert checked_module(Network.module) is Network.module
    with pytest.raises(InvalidInputError, match=r"network\.module"):
        checked_module(Network())
    with pytest.raises(InvalidInputError, match="Wrap a function"):
        checked_module(print)


def test_arguments_with_an_entry_a_sample_follow_the_samples():
    age, table = torch.tensor([1, 2, 3]), torch.zeros(5)
    question = Question(module=nn.Identity(), inputs=(torch.zeros(3, 1),), arguments=(age, table, "word", None))
    found = question.arguments_for(torch.tensor([2, 2, 0]))
    assert found[0].tolist() == [3, 3, 1]
    assert found[1] is table
    assert found[2:] == ("word", None)
    assert question.device_types == {"cpu"}


def test_arguments_that_inference_mode_made_are_fit_for_a_gradient():
    with torch.inference_mode():
        factor = torch.tensor([2.0])
    weight = torch.ones(1, requires_grad=True)
    question = Question(module=nn.Identity(), inputs=(torch.zeros(3, 1),), arguments=(factor,))
    (given,) = question.arguments_for(torch.arange(3))
    (weight * given).backward()
    assert weight.grad.tolist() == [2.0]


def test_the_memory_is_the_default_of_a_call():
    assert Question(module=nn.Identity(), inputs=()).memory == 2 * 2**30


def test_what_a_callers_function_gives_is_checked_and_taken_in_the_type_of_what_it_got():
    given = torch.zeros(2, 3)
    assert torch.equal(checked_answer("project", torch.ones(2, 3).double(), given), torch.ones(2, 3))
    for found, words in [
        ([0.0], "got list"),
        (torch.zeros(3), r"shape that it is given, \(2, 3\); got \(3,\)"),
        (given / 0, "got NaN or infinite values"),
    ]:
        with pytest.raises(InvalidInputError, match=f"project must return a finite tensor .*{words}"):
            checked_answer("project", found, given)
