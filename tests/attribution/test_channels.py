"""Leads are apart exactly where the gradient says so."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from pellucid.attribution.layout import lead_axis
from pellucid.attribution.recorder import Recorder

BATCH, CHANNELS, TIME = 2, 3, 24


def recorded(function, x):
    entrance = x.clone()
    with Recorder(entrance) as recorder:
        out = function(entrance)
    return recorder.layout(out)


def conv(x, **settings):
    return functional.conv1d(x, torch.ones(5, x.shape[1], 3), **settings)


LEADS_APART = {
    "pointwise": lambda x: torch.relu(x) * 2,
    "folded convolution": lambda x: functional.conv1d(x.flatten(0, 1)[:, None], torch.ones(2, 1, 3)).unflatten(
        0, (2, 3)
    ),
    "rows of a picture": lambda x: functional.conv2d(x[:, None], torch.ones(2, 1, 1, 3)).transpose(1, 2),
    "gate of each lead": lambda x: x * torch.sigmoid(x.mean(2, keepdim=True)),
    "norm over time": lambda x: functional.layer_norm(x, (TIME,)),
    "softmax over time": lambda x: x.softmax(2),
    "attention within a lead": lambda x: functional.scaled_dot_product_attention(
        x[..., None], x[..., None], x[..., None]
    ),
}
LEADS_MIXED = {
    "convolution and skip": lambda x: conv(x, padding=1)[:, :3] + x,
    "gate of all leads": lambda x: x * torch.sigmoid(functional.linear(x.mean(2), torch.ones(3, 3)))[:, :, None],
    "gate over time": lambda x: x * x.mean(1, keepdim=True),
    "norm over leads": lambda x: functional.layer_norm(x, (CHANNELS, TIME)),
    "norm over a group of leads": lambda x: functional.group_norm(x, 1),
    "softmax over leads": lambda x: x.softmax(1),
    "softmax over leads from the end": lambda x: x.softmax(-2),
    "running sum": lambda x: x.cumsum(1),
    "attention between leads": lambda x: functional.scaled_dot_product_attention(x, x, x),
    "product of leads": lambda x: torch.bmm(torch.bmm(x, x.transpose(1, 2)), x),
    "turned": lambda x: x + x[:, [1, 2, 0]],
    "neighbours": lambda x: torch.cat([x[:, 1:], x[:, :1]], 1) + x,
    "a part written over": lambda x: x.clone().index_fill_(1, torch.tensor([1]), 0) + mean_into_first(x),
}


def mean_into_first(x):
    y = x.clone()
    y[:, 0] += x.mean(1)
    return y


@pytest.mark.parametrize("case", [*LEADS_APART, *LEADS_MIXED])
def test_leads_are_apart_exactly_where_the_gradient_says_so(case):
    function = (LEADS_APART | LEADS_MIXED)[case]
    x = torch.linspace(0.1, 2, BATCH * CHANNELS * TIME).reshape(BATCH, CHANNELS, TIME).sin()
    layout = recorded(function, x)
    crossing = False
    for lead in range(CHANNELS):
        leaf = x.clone().requires_grad_()
        function(leaf)[:, lead].square().sum().backward()
        crossing |= bool((leaf.grad.abs().sum((0, 2)) > 1e-9)[torch.arange(CHANNELS) != lead].any())
    assert crossing == (case in LEADS_MIXED)
    assert (lead_axis(layout, x.shape) is None) == crossing
