from __future__ import annotations

import torch
from occluded import both, missed, planned, run_of, windows_of
from torch import nn

from pellucid.attribution.occluding import stages


class Narrowing(nn.Module):
    """A small slab, a gate that makes everything large and whole, and little at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Conv1d(2, 8, 3, padding=1), nn.Conv1d(8, 8, 8, stride=8), nn.Linear(8, 3)

    def forward(self, x):
        x = torch.relu(self.one(x))
        return self.head(torch.relu(self.two(x * x.mean(-1, keepdim=True))).mean(-1))


def test_large_values_take_fewer_windows_at_once(monkeypatch):
    module, x = Narrowing().double(), torch.randn(1, 2, 512, dtype=torch.float64)
    monkeypatch.setattr(stages, "_CACHE", 2**18)
    plan = planned(module, x, 32, 16)
    (slabs, first), *rest = plan.stages
    whole = 8 * 512 * 8  # bytes of one window's layer
    assert [step.outs[0].node.operator for step in first] == ["convolution", "relu", "mean"]
    assert slabs == 2**18 // (2 * 8 * 34 * 8 + 1)
    assert rest[0][0] == 2**18 // (8 * 34 * 8 + whole + 8 * 8 + 1)  # the gated layer, of its slab and the gate
    assert [step.outs[0].node.operator for step in rest[0][1]] == ["mul", "relu"]
    rooms = [room for room, _ in rest]
    assert rooms == sorted(rooms)
    assert rooms[-1] > 100


def test_windows_taken_apart_come_together_again(monkeypatch):
    module, x = Narrowing().double(), torch.randn(1, 2, 512, dtype=torch.float64)
    windows = windows_of(x, 32, 16, each=True)
    for size in (1, 2**17, 2**24):
        monkeypatch.setattr(stages, "_CACHE", size)
        assert missed(*both(run_of(module, x), windows, most=100)) < 1e-9
