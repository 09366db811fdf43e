from __future__ import annotations

import pytest
import torch
from occluded import both, missed, planned, regions, run_of, windows_of
from torch import nn
from torch.nn import functional

from pellucid.attribution.occluding.record import Unfit

X = {
    1: torch.randn(1, 2, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64),
    2: torch.randn(1, 2, 12, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64),
}


class Net(nn.Module):
    """Something done with the input, then a convolution and a maximum."""

    def __init__(self, dim, operation) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = (nn.Conv1d if dim == 1 else nn.Conv2d)(2, 4, 3).double()
        self.operation = operation

    def forward(self, x):
        return torch.tanh(self.conv(self.operation(x))).flatten(2).amax(-1)


SLABS = {
    "a border": (1, lambda x: functional.pad(x, (3, 1), value=0.5)),
    "a border of minus infinity": (1, lambda x: functional.max_pool1d(functional.pad(x, (3, 1), value=-torch.inf), 5)),
    "cut": (1, lambda x: functional.pad(x, (-3, -4))),
    "cut and a border": (1, lambda x: functional.pad(x, (5, -4))),
    "borders": (2, lambda x: functional.pad(x, (1, 2, 3, -1), value=2.0)),
    "a border of one axis": (2, lambda x: functional.pad(x, (1, 2))),
    "a height of one": (1, lambda x: functional.avg_pool2d(x[:, :, None], (1, 2)).squeeze(2)),
    "a slice": (1, lambda x: x[..., 3:-2]),
    "a slice from behind": (2, lambda x: x[:, :, -9:-1, :-2]),
    "cloned": (2, lambda x: x.clone()),
    "viewed as it is": (2, lambda x: x.view(x.shape)),
}


@pytest.mark.parametrize("name", SLABS)
def test_the_change_stays_a_slab(name):
    dim, operation = SLABS[name]
    module, x = Net(dim, operation), X[dim]
    assert "tanh" in regions(planned(module, x, 3, 3))
    for each in (False, True):
        assert missed(*both(run_of(module, x), windows_of(x, 3, 2, each=each), most=50)) < 1e-9


WHOLE = {
    "channels padded": (1, lambda x: functional.pad(x[:, :1], (0, 0, 0, 1))),
    "an axis behind": (1, lambda x: (x[..., None] * 2).squeeze(-1)),
    "other sizes": (2, lambda x: x.view(len(x), 2, 10, 12)),
    "every other": (2, lambda x: x[..., ::2]),
    "channels cut": (1, lambda x: torch.cat([x[:, 1:], x[:, :1]], 1)),
    "turned": (2, lambda x: x.transpose(2, 3)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_change_becomes_whole(name):
    dim, operation = WHOLE[name]
    module, x = Net(dim, operation), X[dim]
    assert "tanh" not in regions(planned(module, x, 3, 3))
    assert missed(*both(run_of(module, x), windows_of(x, 3, 2), most=50)) < 1e-9


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [(2, 3), (-1, -2), (3,), (1, 2, 3)])
def test_means(axes, keep):
    class Mean(Net):
        def forward(self, x):
            return torch.tanh(self.conv(x)).mean(axes, keepdim=keep).reshape(len(x), -1)

    module = Mean(2, None)
    plan = planned(module, X[2], 3, 3)
    steps = [step for _, steps in plan.stages for step in steps if step.outs[0].node.operator == "mean"]
    assert missed(*both(run_of(module, X[2]), windows_of(X[2], 3, 2))) < 1e-9
    assert len(steps) == 1
    assert "mean" not in regions(plan)


def test_an_empty_piece():
    module = Net(1, lambda x: torch.cat([x[..., :0], x], -1))
    assert missed(*both(run_of(module, X[1]), windows_of(X[1], 3, 2), most=50)) < 1e-9


def test_a_mean_without_axes_cannot_be_followed():
    with pytest.raises(Unfit, match=r"operation mean with the result .* has no axis of rows"):
        planned(Net(1, lambda x: x * x.mean()), X[1], 3, 3)
