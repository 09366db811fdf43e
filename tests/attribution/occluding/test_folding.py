from __future__ import annotations

import pytest
import torch
from occluded import run_of
from torch import nn

from pellucid.attribution.occluding.folding import extended, folded, gain_and_shift, over_axes
from pellucid.attribution.tape.recording import Recorded

X = torch.randn(2, 2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Net(nn.Module):
    """A convolution, a branch beside it, and something done with both."""

    def __init__(self, operation) -> None:
        super().__init__()
        self.conv, self.across = nn.Conv1d(2, 4, 3, padding=1), nn.Conv1d(2, 4, 1)
        self.norm, self.operation = nn.BatchNorm1d(4), operation
        self.norm.running_mean[:], self.norm.running_var[:] = torch.arange(4.0), torch.arange(1.0, 5)
        self.double().eval()

    def forward(self, x):
        return self.operation(self, x, self.conv(x)).sum(-1)


def nodes(operation):
    return Recorded(run_of(Net(operation), X).question, (X,), ()).tape.nodes


CHAINS = {
    "norm": (lambda net, x, y: net.norm(y), 2, 2),
    "norm and relu": (lambda net, x, y: torch.relu(net.norm(y)), 2, 3),
    "sum": (lambda net, x, y: y + net.across(x), 1, 2),
    "norm, sum, relu": (lambda net, x, y: torch.relu(net.norm(y) + net.across(x)), 2, 4),
    "sum and silu": (lambda net, x, y: nn.functional.silu(y + net.across(x)), 1, 2),
    "silu": (lambda net, x, y: nn.functional.silu(y), 1, 2),
    "gelu": (lambda net, x, y: nn.functional.gelu(y), 1, 1),
    "used twice": (lambda net, x, y: net.norm(y) + y, 1, 1),
    "added to itself": (lambda net, x, y: y + y, 1, 1),
    "added in part": (lambda net, x, y: torch.add(y, net.across(x), alpha=2), 1, 1),
    "broadcast": (lambda net, x, y: y + x[:, :1], 1, 1),
    "a constant added": (lambda net, x, y: y + 1, 1, 1),
}


@pytest.mark.parametrize("name", CHAINS)
def test_what_goes_with_a_convolution(name):
    operation, linear, every = CHAINS[name]
    found = nodes(operation)
    one = folded(found[0])
    assert len(one.nodes) == linear
    more = extended(one, set())
    assert len(more.nodes) == every
    other = None if more.other is None else more.other.data[:, :, None]
    result = more.kernel.whole(X[:, :, None], other, more.after)[:, :, 0]
    assert torch.allclose(result, more.out.data, atol=1e-12)


def test_a_sum_is_taken_by_one_of_two():
    found = nodes(lambda net, x, y: y + net.across(x))
    assert [node.operator for node in found] == ["convolution", "convolution", "add", "sum"]
    assert len(extended(folded(found[1]), {found[2]}).nodes) == 1


def test_weights_that_depend_on_the_input_are_no_kernel():
    def operation(net, x, y):
        return nn.functional.conv1d(y, x.mean() * net.conv.weight.mean(1, keepdim=True).expand(4, 4, 3))

    assert [folded(node) is None for node in nodes(operation) if node.operator == "convolution"] == [False, True]
    up = nodes(lambda net, x, y: nn.functional.conv_transpose1d(y, net.conv.weight))
    assert [folded(node) is None for node in up if node.operator == "convolution"] == [False, True]


@pytest.mark.parametrize("affine", [True, False])
def test_a_batch_norm_is_a_factor_and_a_term(affine):
    norm = nn.BatchNorm1d(2, affine=affine).double().eval()
    norm.running_mean[:], norm.running_var[:] = torch.tensor([1.0, 2]), torch.tensor([0.5, 3])
    node = _recorded(norm)[0]
    gain, shift = gain_and_shift(node)
    assert torch.allclose(norm(X), X * gain[:, None] + shift[:, None], atol=1e-12)
    assert gain_and_shift(nodes(lambda net, x, y: y)[-1]) is None


def _recorded(norm):
    class Summed(nn.Module):
        def forward(self, x):
            return norm(x).sum(-1)

    return Recorded(run_of(Summed(), X).question, (X,), ()).tape.nodes


def test_settings_of_a_kernel_for_two_axes():
    assert over_axes([3], 1, 0) == (0, 3)
    assert over_axes([], 1, 1) == (1, 1)
    assert over_axes([3], 2, 0) == (3, 3)
    assert over_axes([3, 4], 2, 0) == (3, 4)
    assert over_axes((), 2, 1) == (1, 1)
