"""Where zennit 0.5.1 is wrong: the smallest case, what it returns, and ours."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.method import method

EXACT = {"rule": "epsilon", "eps": 1e-12}


class Sum(nn.Module):
    """Linear(x + Linear(x)), with a rectifier on the branch or without."""

    def __init__(self, act=nn.Identity):
        super().__init__()
        self.branch, self.act, self.out = nn.Linear(4, 4, bias=False), act(), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.out(x + self.act(self.branch(x)))


class Twice(nn.Module):
    """One linear layer in two places."""

    def __init__(self):
        super().__init__()
        self.one, self.act, self.out = nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.out(self.act(self.one(self.act(self.one(x)))))


class NormLater(nn.Module):
    """Batch norm behind a rectifier that is a function."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.out = nn.Conv1d(2, 3, 3, bias=False), nn.BatchNorm1d(3), nn.Linear(3, 3, bias=False)

    def forward(self, x):
        return self.out(self.norm(functional.relu(self.conv(x))).mean(-1))


class Gate(nn.Module):
    """One linear layer's answer, weighed by another's through a sigmoid."""

    def __init__(self):
        super().__init__()
        self.gate, self.value = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.act, self.out = nn.Sigmoid(), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.out(self.act(self.gate(x)) * self.value(x))


class Hidden(nn.Module):
    """Linear, a layer or function, linear."""

    def __init__(self, act):
        super().__init__()
        self.one, self.act, self.out = nn.Linear(4, 4, bias=False), act, nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.out(self.act(self.one(x)))


def built(module):
    return zoo.seeded(module).double()


def points(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def epsilon(zennit):
    """LRP-epsilon by zennit: (module, x) -> relevance of the first logit."""
    rule = (zennit.types.Linear, zennit.rules.Epsilon(1e-12))
    base = zennit.composites.layer_map_base(1e-12)

    def relevance(module, x, canonizers=()):
        composite = zennit.composites.LayerMapComposite([rule, *base], canonizers=list(canonizers))
        with zennit.attribution.Gradient(module, composite) as attributor:
            return attributor(x, lambda logits: logits * torch.eye(logits.shape[1], dtype=logits.dtype)[0])[1]

    return relevance


def ours(module, x):
    return method("lrp", **EXACT)(module, x, target=0).relevance


def test_a_sum_of_branches_doubles_the_relevance(epsilon):
    module, x = built(Sum()), points(3, 4)
    score = module(x)[:, 0].detach()
    assert torch.allclose(epsilon(module, x).sum(1), 2 * score, atol=1e-9)
    assert torch.allclose(ours(module, x).sum(1), score, atol=1e-9)


def test_a_rectified_branch_is_not_conserved_either(epsilon):
    module, x = built(Sum(nn.ReLU)), points(3, 4)
    score = module(x)[:, 0].detach()
    assert ((epsilon(module, x).sum(1) - score).abs() > 0.05 * score.abs()).all()
    assert torch.allclose(ours(module, x).sum(1), score, atol=1e-9)


def test_a_layer_used_twice_has_a_wrong_map(epsilon):
    module, x = built(Twice()), points(3, 4)
    leaf = x.clone().requires_grad_()
    right = x * torch.autograd.grad(module(leaf)[:, 0].sum(), leaf)[0]  # equal to LRP-0 without biases
    assert (epsilon(module, x) - right).abs().max() > 0.1 * right.abs().max()
    assert torch.allclose(ours(module, x), right, atol=1e-9)


def test_merging_a_later_norm_changes_even_the_forward_pass(zennit):
    module, x = built(NormLater()), points(2, 2, 8)
    merged = zennit.composites.EpsilonPlus(canonizers=[zennit.canonizers.SequentialMergeBatchNorm()])
    before = module(x).detach()
    with merged.context(module) as changed:
        assert (changed(x) - before).abs().max() > 0.1 * before.abs().max()
    answer = method("lrp", rule="epsilon_plus", eps=1e-12)(module, x, target=0)
    assert torch.allclose(answer.score, before[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    "build",
    [Gate, lambda: Hidden(functional.silu), lambda: Hidden(nn.LayerNorm(4, bias=False))],
    ids=["gate", "silu", "layer_norm"],
)
def test_gates_smooth_functions_and_layer_norm_are_not_conserved(epsilon, build):
    module, x = built(build()), points(3, 4)
    score = module(x)[:, 0].detach()
    assert ((epsilon(module, x).sum(1) - score).abs() > 0.05 * score.abs()).all()
    assert torch.allclose(ours(module, x).sum(1), score, atol=1e-8)
