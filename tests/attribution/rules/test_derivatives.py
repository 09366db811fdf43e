from __future__ import annotations

import pytest
import torch
from recordings import Function, record
from torch import nn

import zoo
from pellucid.attribution.rules.derivatives import gradient, pulled_back
from pellucid.attribution.rules.engine import one_hot, propagate
from pellucid.attribution.target import chosen
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator


@pytest.mark.parametrize(("name", "dim"), [*zoo.HARD_CAGES, *zoo.ODD_CAGES])
def test_the_tapes_gradient_is_autograds(name, dim):
    animal = {**zoo.HARD, **zoo.ODD}[name]
    module = zoo.network(name, dim, dtype=torch.float64)
    rows = zoo.everything(name, dim, 2, dtype=torch.float64)
    recorded = record(module, *rows, output=animal.output)
    leaves = [row.clone().requires_grad_() for row in rows]
    logits = chosen(module(*(leaf * 1 for leaf in leaves)), animal.output).reshape(2, -1)
    assert torch.allclose(recorded.logits, logits, rtol=1e-10)
    column = logits.shape[1] - 1
    expected = torch.autograd.grad(logits[:, column].sum(), leaves)
    start = one_hot(recorded.tape, recorded.logits, torch.full((2,), column))
    for message, right in zip(propagate(recorded.tape, start, lambda _: gradient), expected, strict=True):
        assert (message.c - right).abs().max() < 1e-10 * right.abs().max()
        assert message.r is None


def derivative(function, *inputs):
    recorded = record(function if isinstance(function, nn.Module) else Function(function), *inputs)
    start = torch.randn(recorded.tape.logits.data.shape, generator=torch_generator(5), dtype=torch.float64)
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    module = function if isinstance(function, nn.Module) else Function(function)
    expected = torch.autograd.grad(module(*(leaf * 1 for leaf in leaves)), leaves, start, allow_unused=True)
    messages = propagate(recorded.tape, start, lambda _: gradient)
    for message, right in zip(messages, expected, strict=True):
        if right is None:
            assert message is None
        else:
            assert torch.allclose(message.c, right, rtol=1e-11, atol=1e-13)


def draw(*shape):
    return torch.randn(shape, generator=torch_generator(4), dtype=torch.float64)


@pytest.mark.parametrize("size", [4, 5, 7, 8])
@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("stride", [2, 3])
def test_a_pointwise_convolution_with_a_stride(size, dim, stride):
    layer = zoo.seeded(zoo.conv(dim, 4, 6, 1, stride=stride, groups=2).double())
    derivative(nn.Sequential(layer, nn.Flatten()), draw(2, 4, *(size,) * dim))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + y[:, :1],
        lambda x, y: torch.add(x[:, :1], y, alpha=3),
        lambda x, y: torch.sub(x, y, alpha=3),
        lambda x, y: 5 - x * y,
        lambda x, y: x + x + y,
        lambda x, y: x.float().double() + y,
        lambda x, y: (x + y.float()) * 2,
        lambda x, y: torch.linalg.solve(x.T @ x + torch.eye(4), y.T).T,
        lambda x, y: x.unsqueeze(1).squeeze(1).clone().view(4, 4) * y,
        lambda x, y: torch.nn.functional.linear(x, y[:, :4], y[0]),
        lambda x, y: torch.nn.functional.conv1d(x[:, None], y[:, None, :2])[:, 0],
        lambda x, y: torch.nn.functional.max_pool1d(x[:, None], 2).flatten(1) * y[:, :2],
        lambda x, y: torch.nn.functional.max_pool1d(x[:, None], 2, return_indices=True)[0].flatten(1) * y[:, 0:1],
        lambda x, y: torch.stack(torch.topk(x, 2)[0].unbind(1), 1) + y[:, :2],
    ],
)
def test_any_operation_has_autograds_derivative(function):
    derivative(function, draw(4, 4), draw(4, 4).abs())


def test_an_input_that_only_picks_gets_nothing():
    derivative(lambda x, y: x.gather(1, y.argsort(1)), draw(3, 4), draw(3, 4))


def test_a_batch_norm_with_learnt_affine_from_the_input():
    norm = nn.functional.batch_norm
    derivative(lambda x: norm(x, torch.ones(3).double(), torch.full((3,), 2.0).double(), x[0], x[1]), draw(4, 3))


def test_several_results_at_once():
    recorded = record(Function(lambda x: torch.cat(x.split([1, 2], 1)[::-1], 1)), draw(2, 3))
    node = next(node for node in recorded.tape.nodes if "split" in node.operator)
    one, two = draw(2, 1), draw(2, 2)
    assert torch.equal(pulled_back(node, [one, two])[node.values()[0]], torch.cat([one, two], 1))
    assert torch.equal(pulled_back(node, [None, two])[node.values()[0]], torch.cat([one * 0, two], 1))


def test_an_operation_without_a_derivative_is_named():
    recorded = record(Function(lambda x: torch.igamma(x.abs(), x.abs())), draw(2, 3))
    with pytest.raises(NotApplicableError, match=r"operation igamma with the result \(2, 3\) has no derivative"):
        propagate(recorded.tape, draw(2, 3), lambda _: gradient)


def test_a_step_without_a_slope_passes_nothing_on():
    recorded = record(Function(lambda x: (x > 0).double()), draw(2, 3))
    assert propagate(recorded.tape, draw(2, 3), lambda _: gradient) == [None]


@pytest.mark.parametrize("bias", [False, True])
def test_complex_weights_are_conjugated_on_the_way_back(bias):
    dense = zoo.seeded(nn.Linear(3, 2, bias=bias, dtype=torch.complex128))
    near = zoo.seeded(nn.Conv1d(3, 2, 2, bias=bias, dtype=torch.complex128))
    derivative(lambda x: dense(torch.fft.rfft(x)).abs(), draw(2, 5))
    derivative(lambda x: near(torch.fft.rfft(x)).abs().flatten(1), draw(2, 3, 5))


def test_where_memory_ends_the_operation_is_not_blamed():
    recorded = record(Function(lambda x: x[:, None].expand(2, 2**52, 3)[:, 0]), draw(2, 3))
    with pytest.raises(RuntimeError, match="allocate memory") as caught:
        propagate(recorded.tape, draw(2, 3), lambda _: gradient)
    assert not isinstance(caught.value, NotApplicableError)
