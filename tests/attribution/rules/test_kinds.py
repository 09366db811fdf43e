from __future__ import annotations

import pytest
import torch
from recordings import Function, record
from torch import nn

from pellucid.attribution.method import method
from pellucid.attribution.rules.kinds import GATES, KINDS, SOFTMAX, is_gate, kind_of, limit_at_zero, starts_at_zero
from pellucid.core.errors import NotApplicableError

X = torch.tensor([[1.0, -2.0, 3.0]]).double()


def last(function):
    return record(Function(function), X).tape.nodes[-1]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: x.flip(1), "move"),
        (lambda x: x.mean(1, keepdim=True), "linear"),
        (torch.relu, "activation"),
        (lambda x: x.clamp(min=-1, max=1), "activation"),
        (lambda x: x.clamp(min=1), "through"),
        (lambda x: x.clamp(max=-1), "through"),
        (lambda x: x**2, "activation"),
        (lambda x: x.abs() ** 0.5, "through"),
        (lambda x: 2**x, "through"),
        (torch.sigmoid, "through"),
        (lambda x: x + 1, "sum"),
        (lambda x: 2 * x, "product"),
        (lambda x: x / 2, "quotient"),
        (lambda x: torch.softmax(x, 1), "softmax"),
        (lambda x: torch.nn.functional.threshold(x, 0.5, 0.0), "activation"),
        (lambda x: torch.nn.functional.threshold(x, 0.5, 2.0), "through"),
        (lambda x: (2 * x).index_put((torch.tensor([0]), torch.tensor([1])), x[:, 0]), "move"),
        (lambda x: (2 * x).index_put((torch.tensor([0]), torch.tensor([1])), x[:, 0], accumulate=True), "linear"),
    ],
)
def test_the_kind_of_an_operation(function, kind):
    assert kind_of(last(function)) == kind


def test_an_operation_without_a_kind_is_named():
    with pytest.raises(NotApplicableError, match=r"no rule for operation prod with the result \(1, 1\)\. `integrated"):
        kind_of(last(lambda x: x.prod(1, keepdim=True)))


@pytest.mark.parametrize(
    ("function", "limit"),
    [(torch.tanh, 1.0), (torch.nn.functional.silu, 0.5), (lambda x: x**2, 0.0), (lambda x: x.pow(1.0), 1.0)],
)
def test_the_limit_of_an_activation_is_its_slope_at_zero(function, limit):
    assert limit_at_zero(last(function)) == limit
    near = torch.tensor(1e-9).double()
    assert (function(near) / near).item() == pytest.approx(limit, abs=1e-6)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind == "activation"])
def test_every_activation_is_zero_at_zero_with_that_limit(name):
    settings = {"pow": (3,), "threshold": (0.5, 0.0), "clamp": (-1, 1), "clamp_min": (-1,), "clamp_max": (1,)}
    settings |= {"_prelu_kernel": (torch.ones(1).double(),)}
    operator = getattr(torch.ops.aten, name)
    near = torch.tensor([0.0, 1e-9]).double()
    y = operator(near, *settings.get(name, ()))
    assert y[0] == 0
    node = record(Function(lambda x: operator(x, *settings.get(name, ()))), X / 10).tape.nodes[-1]
    assert starts_at_zero(node)
    if name not in ("abs", "selu", "threshold", "softshrink"):  # a kink at zero, or flat around it
        assert (y[1] / near[1]).item() == pytest.approx(limit_at_zero(node), abs=1e-6)


def factor(function):
    node = record(Function(function), X).tape.nodes[-1]
    return node.arguments["other"]


@pytest.mark.parametrize(
    ("gate", "yes"),
    [
        (torch.sigmoid, True),
        (lambda x: 1 - torch.sigmoid(x), True),
        (lambda x: torch.sigmoid(x).flip(1) * 2, True),
        (lambda x: torch.softmax(x, 1), True),
        (lambda x: x > 0, True),
        (lambda x: (x > 0).double() * 3, True),
        (lambda x: x.argmax(1, keepdim=True), True),
        (lambda x: x, False),
        (torch.tanh, False),
        (lambda x: torch.sigmoid(x) + x, False),
        (lambda x: torch.relu(torch.sigmoid(x)), False),
    ],
)
def test_a_factor_is_a_gate_where_it_only_weighs(gate, yes):
    assert is_gate(factor(lambda x: torch.mul(x * 2, gate(x))), GATES) == yes


def test_the_softmax_can_be_taken_out_of_the_gates():
    assert not is_gate(factor(lambda x: torch.mul(x * 2, torch.softmax(x, 1))), GATES - SOFTMAX)


def test_what_is_linear_with_constant_weights_is_a_linear_layer():
    share, offset = torch.tensor([0.25, 0.75]).double(), torch.tensor([2.0, -1.0]).double()
    swap, mixing = torch.eye(2).flip(1).double(), torch.diag(share).double()
    twins = [
        (lambda x: torch.lerp(x, x.flip(1), share), torch.eye(2).double() - mixing + mixing @ swap, None),
        (lambda x: torch.lerp(x, x.flip(1), 0.3), 0.7 * torch.eye(2).double() + 0.3 * swap, None),
        (lambda x: torch.lerp(x, offset, share), torch.eye(2).double() - mixing, share * offset),
        (lambda x: torch.addcmul(x, x.flip(1), share, value=3), torch.eye(2).double() + 3 * mixing @ swap, None),
        (lambda x: torch.addcmul(offset, share, x), mixing, offset),
        (
            lambda x: torch.addcdiv(x, x.flip(1), share, value=0.5),
            torch.eye(2).double() + mixing.inverse() / 2 @ swap,
            None,
        ),
        (lambda x: x.cumsum(1), torch.ones(2, 2).double().tril(), None),
        (lambda x: x.nansum(1, keepdim=True).expand(-1, 2), torch.ones(2, 2).double(), None),
        (lambda x: x.nan_to_num(), torch.eye(2).double(), None),
    ]
    x = torch.tensor([[3.0, -1.7]]).double()
    for function, weight, bias in twins:
        layer = nn.Linear(2, 2, bias=bias is not None).double()
        layer.weight.data = weight
        if bias is not None:
            layer.bias.data = bias
        for end in (nn.Identity(), Function(torch.tanh), Function(torch.exp)):
            found, expected = (
                method("lrp", eps=1e-9)(nn.Sequential(part, end), x, target="all")
                for part in (Function(function), layer)
            )
            assert torch.allclose(found.score, expected.score, rtol=1e-12)
            assert torch.allclose(found.relevance, expected.relevance, rtol=1e-6, atol=1e-6)
            assert found.gap.max() < 1e-9


@pytest.mark.parametrize(
    "function", [lambda x: x.prod(1, keepdim=True), lambda x: x.logcumsumexp(1), lambda x: torch.atan2(x, x + 1)]
)
def test_what_has_no_evident_rule_is_refused_by_name_shape_and_place(function):
    with pytest.raises(
        NotApplicableError, match=r"has no rule for operation \w+ with the result \(1, \d\) in submodule '0'"
    ):
        method("lrp")(nn.Sequential(Function(function), nn.Flatten()), torch.ones(1, 2), target=0)
