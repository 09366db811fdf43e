from __future__ import annotations

import pytest
import torch
from occluded import both, missed, planned, regions, run_of, windows_of
from torch import nn
from torch.nn import functional

X = torch.randn(1, 2, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Net(nn.Module):
    """Two branches, something done with them, and every channel's squares summed."""

    def __init__(self, operation) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.near, self.far = nn.Conv1d(2, 4, 3, padding=1), nn.Conv1d(2, 4, 8, padding=4)
        self.norm, self.operation = nn.BatchNorm1d(4), operation
        self.norm.running_mean[:], self.norm.running_var[:] = torch.arange(4.0), torch.arange(1.0, 5)
        self.double().eval()

    def forward(self, x):
        y = self.operation(self.near(x), self.far(x)[..., :-1], self)
        return torch.where(y > 0, y, y * y).sum(-1)


SLABS = {
    "relu": lambda a, b, net: torch.relu(a),
    "relu_ of a sum": lambda a, b, net: (a + b).relu_(),
    "a value used twice": lambda a, b, net: torch.relu(a) + torch.tanh(a) * 2,
    "silu": lambda a, b, net: functional.silu(a),
    "gelu": lambda a, b, net: functional.gelu(a, approximate="tanh"),
    "elu": lambda a, b, net: functional.elu(a, 0.3),
    "leaky_relu": lambda a, b, net: functional.leaky_relu_(a, 0.2),
    "hardtanh": lambda a, b, net: functional.hardtanh(a, -0.1, 0.3),
    "clamp": lambda a, b, net: a.clamp(max=0.1),
    "softplus": lambda a, b, net: functional.softplus(a, 2.0),
    "exp": lambda a, b, net: torch.exp(a),
    "neg": lambda a, b, net: -a,
    "mul": lambda a, b, net: 3 * a,
    "div": lambda a, b, net: a / 3,
    "batch norm of a sum": lambda a, b, net: net.norm(a + b),
    "batch norm of a convolution": lambda a, b, net: net.norm(a),
    "add": lambda a, b, net: torch.add(a, b, alpha=0.5),
    "sub": lambda a, b, net: b - a,
    "sub twice": lambda a, b, net: a.sub(b, alpha=2).sub(a),
    "to itself": lambda a, b, net: a + a,
    "a constant added": lambda a, b, net: 1 - (a + torch.ones(1, 4, 40, dtype=a.dtype)),
    "cat": lambda a, b, net: torch.cat([a, torch.zeros(len(a), 1, 40, dtype=a.dtype), b], 1),
    "in place": lambda a, b, net: a.add_(b).mul_(2),
}


@pytest.mark.parametrize("name", SLABS)
def test_what_is_done_on_slabs(name):
    module = Net(SLABS[name])
    if name != "cat":  # its zeros have two rows
        assert missed(*both(run_of(module, X), windows_of(X, 5, 3), most=40)) < 1e-9
        assert missed(*both(run_of(module, X), windows_of(X, 1, 1, each=True), most=7)) < 1e-9
    last = [value for value in planned(module, X, 5, 5).regions if value.node is not None][-1]
    assert last.data.shape[1] == (9 if name == "cat" else 4)
    assert any(node.operator in ("gt", "where") for node in last.users)


WHOLE = {
    "a gate": lambda a, b, net: a * torch.sigmoid(b),
    "a channel's own factor": lambda a, b, net: a * torch.arange(4.0, dtype=a.dtype)[:, None],
    "prelu": lambda a, b, net: functional.prelu(a, torch.arange(4.0, dtype=a.dtype)),
    "divided": lambda a, b, net: 2 / (3 + a.abs()),
    "softmax": lambda a, b, net: torch.softmax(a, 1),
    "broadcast": lambda a, b, net: a + b.mean(-1, keepdim=True),
    "cat in time": lambda a, b, net: torch.cat([a, b], 2),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_done_on_whole_layers(name):
    module = Net(WHOLE[name])
    assert missed(*both(run_of(module, X), windows_of(X, 5, 3))) < 1e-9
    last = [value for value in planned(module, X, 5, 5).regions if value.node is not None][-1]
    assert not any(node.operator in ("gt", "where") for node in last.users)


def test_a_sum_has_the_hull_of_its_parts():
    plan = planned(Net(SLABS["add"]), X, 5, 5)
    assert regions(plan)["add"] == (1, 12)


def test_minus_infinity_has_no_change():
    module = Net(lambda a, b, net: torch.clamp(a - torch.inf, max=0).exp() + a)
    quick, plain = both(run_of(module, X), windows_of(X, 5, 5))
    assert plain.isfinite().all()
    assert not quick.isfinite().all()  # which is noticed, and the plain way is taken
