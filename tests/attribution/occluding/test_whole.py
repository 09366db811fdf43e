from __future__ import annotations

import pytest
import torch
from occluded import both, missed, planned, run_of, windows_of
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.occluding.record import Unfit

X = torch.randn(1, 2, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Net(nn.Module):
    """A convolution, something done with it, one number a channel."""

    def __init__(self, operation) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.operation = nn.Conv1d(2, 4, 3, padding=1).double(), operation

    def forward(self, x):
        return self.operation(self.conv(x)).flatten(2).amax(-1)


FITS = {
    "view": lambda y: y.view(len(y), 4, 5, 8),
    "view of the rest": lambda y: y.view(-1, 4, 20, 2),
    "expand": lambda y: y[:, :, None].expand(len(y), 4, 3, 40) * torch.ones(3, 1, dtype=y.dtype),
    "permute": lambda y: y.permute(0, 2, 1)[:, :4],
    "group norm": lambda y: functional.group_norm(y, 2),
    "layer norm": lambda y: functional.layer_norm(y, (40,)),
    "split": lambda y: y.split(20, 2)[1] + y.chunk(2, 2)[0],
    "sort": lambda y: y.sort(-1).values[..., 30:],
    "windows": lambda y: y.unfold(2, 4, 4),
    "turned round": lambda y: y.flip(-1).cumsum(-1),
    "rolled": lambda y: torch.roll(y, 3, -1) - y,
    "index": lambda y: y[:, [2, 0, 1, 1]],
    "matrix": lambda y: torch.matmul(y, torch.arange(80, dtype=y.dtype).reshape(40, 2)),
    "folded": lambda y: torch.tanh(y.flatten(0, 1)[:, None]).unflatten(0, (-1, 4)),
    "spectrum": lambda y: torch.fft.rfft(y).abs(),
}


@pytest.mark.parametrize("name", FITS)
def test_operations_run_on_as_many_rows_as_there_are_windows(name):
    module = Net(FITS[name])
    assert missed(*both(run_of(module, X), windows_of(X, 4, 2), most=7)) < 1e-9


UNFIT = {
    "turned": lambda y: y.transpose(0, 1).transpose(0, 1),
    "permuted": lambda y: y.permute(1, 0, 2).permute(1, 0, 2),
    "added up over rows": lambda y: y + y.sum(0, keepdim=True),
    "rolled over rows": lambda y: torch.roll(y, 1),
    "picked": lambda y: y[[0] * len(y)],
    "softmax of rows": lambda y: torch.softmax(y, 0),
    "as it lies": lambda y: y.as_strided((len(y), 4, 20), (160, 40, 2)),
}


@pytest.mark.parametrize("name", UNFIT)
def test_operations_on_other_rows_are_refused(name):
    with pytest.raises(Unfit, match=r"rows|lie"):
        planned(Net(UNFIT[name]), X, 4, 4)


def test_a_convolution_of_whole_layers_takes_what_is_behind_it_along():
    module = zoo.network("hard_gate", 2, dtype=torch.float64)
    plan = planned(module, zoo.inputs(2, 1, dtype=torch.float64), 12, 12)
    steps = [step.outs[0].node.operator for _, steps in plan.stages for step in steps]
    assert steps[:3] == ["hardswish"] * 3  # of the stem, of the expansion and its norm, of the depthwise and its norm
    assert steps.count("add") == 1
    assert steps.count("convolution") == 1  # a hard sigmoid is not taken along
