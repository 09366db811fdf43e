from __future__ import annotations

import pytest
import torch
from recordings import Writes, numbers, record

from pellucid.attribution.guard import guarded
from pellucid.attribution.operators import tensors_in
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import one_hot, propagate
from pellucid.attribution.tape.storages import Storages
from pellucid.core.errors import NotApplicableError

SCALE = torch.tensor([1.0, -2.0, 3.0, 0.5]).double()


def through_a_view(x):
    y = x * 2
    turned = y.view(-1)
    turned[1::3].mul_(3)
    return y


def a_view_of_before(x):
    y = x * 2
    early = y[:, 1:3]
    y.mul_(SCALE)
    early.add_(1.0)
    return torch.cat([early, y[:, :2]], 1)


def halves_swapped(x):
    y = x * 1
    left = y[:, :2].clone()
    y[:, :2] = y[:, 2:]
    y[:, 2:] = left
    return y


def into_an_empty_buffer(x):
    y = torch.empty(len(x), 4, dtype=x.dtype)
    for number in range(4):
        y[:, number] = x[:, 3 - number] * (number + 1)
    return y


def over_a_value(x):
    y = x * 2
    y[:, :2] = 5.0
    y[:, 3].zero_()
    return y


def all_over_a_value(x):
    y = x * 2
    y.fill_(5.0)
    y[:, 1] = x[:, 1]
    return y


def with_itself(x):
    y = x * 1
    y.mul_(y)
    return y.add_(y)


def transposed(x):
    y = (x * 2).t()
    y[1:3].mul_(x[0, 0].detach())
    y.t().add_(1)
    return y.t()


def from_below(x):
    wide = torch.zeros(len(x), 6, dtype=x.dtype)
    wide[:, 1:5] = x
    wide.narrow(1, 0, 3).mul_(2)
    return wide.as_strided((len(x), 4), (6, 1), 1)


def new_shape_in_place(x):
    y = x * 2
    early = y * SCALE
    y.unsqueeze_(1).mul_(2)
    y.squeeze_(1)
    return y + early


def turned_in_place(x):
    y = x @ torch.diag(SCALE)
    other = y + 1
    y.t_()
    return y.t() * 2 + other


def a_value_spread(x):
    y = x * 1
    y[:, 2:] = x[:, :1]
    return y


def by_a_mask(x):
    y = x * 2
    y[y > 0] *= 3
    y.masked_fill_(y < -5, -5.0)
    return y


def by_numbers(x):
    y = x * 2
    y[:, [0, 2]] += x[:, [1, 3]]
    y.index_copy_(1, torch.tensor([1]), x[:, :1])
    return y


def with_parts_read_between(x):
    y = x * 2
    one = y[:, 0] * 3
    y[:, 0] = x[:, 1]
    two = y[:, 0] * 5
    y[:, 0] = 7.0
    return torch.stack([one, two, y[:, 0], y[:, 1]], 1)


def through_a_detached_view(x):
    y = x * 2
    return y * y.detach().mul(3)


WAYS = [
    through_a_view, a_view_of_before, halves_swapped, into_an_empty_buffer, over_a_value, all_over_a_value,
    transposed, from_below, new_shape_in_place, turned_in_place, a_value_spread, by_a_mask, by_numbers,
    with_parts_read_between, through_a_detached_view,
]  # fmt: skip


def gradients(module, x):
    """Return the tape's gradient of each logit and autograd's."""
    recorded = record(module, x)
    for node in recorded.tape.nodes:
        for again, out in zip(tensors_in(node.run({})), node.outs, strict=True):
            assert torch.allclose(again, out.data, rtol=1e-12), str(node)
    leaf = x.clone().requires_grad_()
    logits = module(leaf * 1)
    assert torch.allclose(recorded.logits, logits, rtol=1e-12)
    for column in range(logits.shape[1]):
        start = one_hot(recorded.tape, recorded.logits, torch.full((len(x),), column))
        expected = torch.autograd.grad(logits[:, column].sum(), leaf, retain_graph=True)[0]
        yield propagate(recorded.tape, start, lambda node: gradient)[0].c, expected


@pytest.mark.parametrize("way", WAYS)
def test_writes_have_the_gradient_of_autograd(way):
    for found, expected in gradients(Writes(way), numbers()):
        assert torch.allclose(found, expected, rtol=1e-12, atol=1e-13)


def into_an_output(x):
    y = torch.zeros(len(x), 4, dtype=x.dtype)
    torch.mul(x, SCALE, out=y)
    return y + x


def first_logit(recorded):
    start = one_hot(recorded.tape, recorded.logits, torch.zeros(3, dtype=torch.long))
    return propagate(recorded.tape, start, lambda node: gradient)[0].c


def test_a_write_with_itself():
    module = Writes(with_itself)
    assert torch.allclose(first_logit(record(module, numbers())), 4 * numbers() * module.head.weight[0], rtol=1e-12)


def test_a_write_that_has_no_gradient_is_refused_by_name():
    recorded = record(Writes(into_an_output), numbers())
    with pytest.raises(NotApplicableError, match=r"operation mul with the result \(3, 4\) has no derivative: mul"):
        first_logit(recorded)


@pytest.mark.parametrize("view", [lambda scale: scale, lambda scale: scale[:2], lambda scale: scale.view(2, 2)[1]])
def test_an_operation_keeps_the_constant_that_it_read(view):
    def function(x):
        scale = SCALE.clone()
        before = x * scale
        view(scale).mul_(10)
        return before + torch.relu(x * scale)

    tape = record(Writes(function), numbers()).tape
    first, second = (node for node in tape.nodes if node.operator == "mul")
    changed = SCALE.clone()
    view(changed).mul_(10)
    assert torch.equal(first.arguments["other"], SCALE)
    assert torch.equal(second.arguments["other"], changed)


def test_a_buffer_that_a_module_counts_in_is_kept_as_it_was_read():
    module = Writes(lambda x: None)
    module.register_buffer("count", torch.ones(4, dtype=torch.float64))

    def function(x):
        y = x * module.count
        module.count += 1
        return y * module.count

    module.function = function
    with guarded(module, ["cpu"]):
        first, second, _ = record(module, numbers()).tape.nodes
        assert first.arguments["other"].tolist() == [1, 1, 1, 1]
        assert second.arguments["other"].tolist() == [2, 2, 2, 2]
    assert module.count.tolist() == [1, 1, 1, 1]


def test_the_real_numbers_behind_complex_ones_may_be_read_but_not_written():
    def read(x):
        return torch.view_as_real(torch.complex(x, 2 * x)).sum(-1)

    for found, expected in gradients(Writes(read), numbers()):
        assert torch.allclose(found, expected, rtol=1e-12)

    def write(x):
        z = torch.complex(x, 2 * x)
        torch.view_as_real(z)[..., 0].mul_(3)
        return z.abs()

    with pytest.raises(NotApplicableError, match=r"complex128 numbers through a view as torch\.float64"):
        record(Writes(write), numbers())


def test_a_tensor_that_was_never_given_a_value_has_none():
    storages = Storages(lambda name, function, read: None)
    assert storages.find(torch.ones(2)) is None
    assert not storages.knows(torch.ones(2))
