from __future__ import annotations

import pytest
import torch
from occluded import both, missed, planned, regions, run_of, windows_of
from torch import nn
from torch.nn import functional

X = torch.randn(1, 2, 17, 15, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Net(nn.Module):
    """An operation between a convolution and the sum of every channel."""

    def __init__(self, operation) -> None:
        super().__init__()
        self.conv, self.operation = nn.Conv2d(2, 4, 3, padding=1).double(), operation

    def forward(self, x):
        return torch.tanh(self.operation(self.conv(x))).flatten(2).sum(-1)


CONVOLUTIONS = [
    {"kernel_size": 1, "stride": 2},
    {"kernel_size": 3, "stride": 3, "padding": 0},
    {"kernel_size": (4, 5), "padding": 4},
    {"kernel_size": 3, "dilation": (1, 3), "padding": 2, "groups": 2},
    {"kernel_size": 2, "stride": (1, 2), "groups": 4},
    {"kernel_size": 5, "stride": 4, "padding": (2, 3), "bias": False},
]


@pytest.mark.parametrize("window", [1, 3, 4])
@pytest.mark.parametrize("settings", CONVOLUTIONS)
def test_convolutions(settings, window):
    torch.manual_seed(0)
    module = Net(nn.Conv2d(4, 4, **settings).double())
    assert regions(planned(module, X, window, window))["tanh"] != (17, 15)
    for each in (False, True):
        assert missed(*both(run_of(module, X), windows_of(X, window, 1, each=each), most=300)) < 1e-9


POOLS = {
    "max": lambda x: functional.max_pool2d(x, 3, 2, 1),
    "max dilated": lambda x: functional.max_pool2d(x, 2, (1, 3), 1, 2),
    "max ceil": lambda x: functional.max_pool2d(x, 4, 3, 1, ceil_mode=True),
    "avg": lambda x: functional.avg_pool2d(x, 3, 2, 1),
    "avg of one axis": lambda x: functional.avg_pool2d(x, (1, 4)),
    "avg divided": lambda x: functional.avg_pool2d(x, 3, 2, divisor_override=5),
}


@pytest.mark.parametrize("pool", POOLS)
def test_poolings(pool):
    torch.manual_seed(0)
    module = Net(POOLS[pool])
    assert {"max_pool2d_with_indices", "avg_pool2d"} & set(regions(planned(module, X, 2, 2)))
    assert missed(*both(run_of(module, X), windows_of(X, 2, 1), most=300)) < 1e-9


WHOLE = {
    "its places are used": lambda x: functional.max_pool2d(x, 2, return_indices=True)[1].to(x.dtype) / 100,
    "as many as there are": lambda x: functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    "cut at the end": lambda x: functional.avg_pool2d(x, 4, 3, ceil_mode=True),
}


@pytest.mark.parametrize("pool", WHOLE)
def test_poolings_that_are_done_on_whole_layers(pool):
    torch.manual_seed(0)
    module = Net(WHOLE[pool])
    assert not {"max_pool2d_with_indices", "avg_pool2d"} & set(regions(planned(module, X, 2, 2)))
    assert missed(*both(run_of(module, X), windows_of(X, 2, 1))) < 1e-9


def test_a_slab_is_no_larger_than_what_the_windows_reach():
    module = nn.Sequential(nn.Conv1d(1, 2, 5, padding=2), nn.ReLU(), nn.Conv1d(2, 2, 4, stride=4), nn.ReLU())
    plan = planned(nn.Sequential(module, nn.Flatten(), nn.Linear(32, 3)), torch.zeros(1, 1, 64), 8, 8)
    widths = [
        region.widths[1] for value, region in plan.regions.items() if value.node and value.node.operator == "relu"
    ]
    assert widths == [12, 4]  # 8 + 4; 12 samples from two before a multiple of 8 on: four fours
