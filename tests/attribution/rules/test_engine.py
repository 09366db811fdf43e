from __future__ import annotations

import pytest
import torch
from recordings import Function, record

from pellucid.attribution.rules.engine import Message, dots, one_hot, propagate

X = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()


def test_a_message_stands_for_r_and_x_times_c():
    message = Message()
    assert message.total(X) is None
    message.add(torch.full_like(X, 2.0), None)
    assert message.total(X).tolist() == [[2, 4], [6, 8]]
    message.add(torch.ones_like(X), torch.full_like(X, 0.5))
    assert message.total(X).tolist() == [[3.5, 6.5], [9.5, 12.5]]
    assert Message(r=X).total(X) is X


def test_messages_from_all_uses_are_added_and_each_operation_is_met_once():
    recorded = record(Function(lambda x: x * 2 + torch.relu(x) - x), X)
    met = []

    def rule(step):
        met.append(step.node.operator)
        for value in dict.fromkeys(step.node.values()):
            step.send(value, c=step.message.c * 10, r=torch.ones_like(value.data))

    (message,) = propagate(recorded.tape, one_hot(recorded.tape, recorded.logits, torch.tensor([0, 1])), lambda _: rule)
    assert met == ["sub", "add", "relu", "mul"]
    assert message.c.tolist() == [[2010, 0], [0, 2010]]  # 1000 + 1000 + 10
    assert message.r.tolist() == [[3, 3], [3, 3]]


def test_where_nothing_arrives_nothing_is_asked():
    recorded = record(Function(lambda x: torch.relu(x) + torch.exp(x)), X)
    met = []

    def rule(step):
        met.append(step.node.operator)
        if step.node.operator == "add":
            step.send(step.node.arguments["self"], c=step.message.c)

    assert propagate(recorded.tape, torch.ones_like(X), lambda _: rule) == [None]
    assert met == ["add", "relu"]


def test_the_start_picks_one_logit_a_row_in_the_shape_of_the_logits():
    recorded = record(Function(lambda x: x.sum(1)), X)
    assert one_hot(recorded.tape, recorded.logits, torch.tensor([0, 0])).tolist() == [1, 1]
    recorded = record(Function(lambda x: x * 2), X)
    assert one_hot(recorded.tape, recorded.logits, torch.tensor([1, 0])).tolist() == [[0, 1], [1, 0]]


def test_a_step_speaks_of_the_result_that_something_arrived_at():
    recorded = record(Function(lambda x: x.topk(1).values), X)
    seen = []

    def rule(step):
        seen.append((step.out, step.message.c))
        step.send(step.node.values()[0], c=torch.zeros_like(X))

    propagate(recorded.tape, torch.ones(2, 1).double(), lambda _: rule)
    assert seen[0][0].tolist() == [[2], [4]]
    assert seen[0][1].tolist() == [[1], [1]]


def test_no_graph_is_kept_of_the_weights():
    module = torch.nn.Linear(2, 2).double()
    recorded = record(module, X)

    def rule(step):
        step.send(recorded.tape.inputs[0], c=step.message.c @ module.weight)

    (message,) = propagate(recorded.tape, torch.ones_like(X), lambda _: rule)
    assert not message.c.requires_grad
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("size", [7, 100_000])
def test_products_are_summed_row_by_row(size):
    draw = torch.Generator().manual_seed(1)
    one, other = (torch.randn(3, 1, size, generator=draw, dtype=torch.double) for _ in range(2))
    assert torch.allclose(dots(one, other), (one * other).sum((1, 2)), rtol=1e-10)


@pytest.mark.parametrize("end", [lambda x: x, torch.nn.functional.softplus])
def test_relevance_has_the_precision_of_its_value(end):
    recorded = record(Function(lambda x: end(x / torch.full((2,), 4.0).double()).float()), X.float())

    def rule(step):
        step.send(step.node.values()[0], c=step.message.c.double(), r=torch.ones(2, 2).double())

    (message,) = propagate(recorded.tape, torch.ones(2, 2), lambda _: rule)
    assert (message.c.dtype, message.r.dtype) == (torch.float32, torch.float32)
    assert message.c.tolist() == [[1, 1], [1, 1]]
