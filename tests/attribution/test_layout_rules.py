"""Each rule against what the gradient says: which inputs a cell of the result depends on."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from pellucid.attribution.layout import Atom, is_blank, of_input
from pellucid.attribution.layout_rules import after
from pellucid.attribution.recorder import Recorder

BATCH, CHANNELS, TIME = 2, 3, 24
SIDE = 12


def recorded(function, x):
    entrance = x.clone()
    with Recorder(entrance) as recorder:
        out = function(entrance)
    return out, recorder.layout(out)


def seen(function, x, axis, cell, input_axis):
    """Return the first and last position along an input axis on which one cell of the result depends."""
    leaf = x.clone().requires_grad_()
    function(leaf).select(axis, cell).square().sum().backward()
    others = [i for i in range(x.ndim) if i != input_axis]
    touched = leaf.grad.abs().sum(others).nonzero().flatten()
    return int(touched[0]), int(touched[-1])


def conv(x, **settings):
    weight = torch.ones(5, x.shape[1] // settings.get("groups", 1), *(3,) * (x.ndim - 2))
    return (functional.conv1d if x.ndim == 3 else functional.conv2d)(x, weight, **settings)


CASES = {
    "convolution": conv,
    "stride, padding": lambda x: conv(x, stride=2, padding=1),
    "dilation": lambda x: conv(x, dilation=2, padding=2),
    "two convolutions": lambda x: conv(conv(x, stride=2), stride=2),
    "transposed": lambda x: functional.conv_transpose1d(conv(x, stride=4), torch.ones(5, 2, 4), stride=4),
    "max pooling": lambda x: functional.max_pool1d(x, 3, 2, 1),
    "mean pooling": lambda x: functional.avg_pool1d(x, 4),
    "adaptive pooling": lambda x: functional.adaptive_avg_pool1d(x, 6),
    "slice": lambda x: x[:, :, 3:-2:2],
    "negative slice": lambda x: x[..., -9:],
    "chunk": lambda x: x.chunk(2, 2)[1],
    "padding": lambda x: functional.pad(x, (2, 1)),
    "reflection": lambda x: functional.pad(x, (-4, 0)),
    "transposition": lambda x: x.transpose(1, 2).contiguous(),
    "permutation": lambda x: x.permute(2, 0, 1),
    "unsqueezed": lambda x: x[:, None].squeeze(1) * 2,
    "folded": lambda x: x.flatten(0, 1).unflatten(0, x.shape[:2]),
    "expanded": lambda x: x + x[:, :1].expand_as(x),
    "residual": lambda x: conv(x, padding=1)[:, :3] + x,
    "in place": lambda x: conv(x).add_(1).relu_(),
    "concatenated": lambda x: torch.cat([x, conv(x, padding=1)], 1),
    "stacked": lambda x: torch.stack([x, x.square()], 1).sum(1),
    "linear": lambda x: functional.linear(x.transpose(1, 2), torch.ones(4, 3), torch.ones(4)),
    "product": lambda x: torch.bmm(x.transpose(1, 2), torch.ones(BATCH, 3, 2)),
    "reduced channels": lambda x: x.mean(1, keepdim=True),
    "gathered maximum": lambda x: x.max(1).values,
    "normed": lambda x: functional.batch_norm(x, torch.zeros(3), torch.ones(3)),
    "upsampled": lambda x: functional.interpolate(conv(x, stride=4), scale_factor=4, mode="nearest"),
    "activated": lambda x: functional.hardswish(functional.prelu(functional.logsigmoid(x), torch.ones(1) / 2)),
    "masked": lambda x: x.index_put((x > 0.5,), torch.tensor(0.0)) + x.masked_scatter(x > 0.7, torch.zeros(144)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cell_sees_what_its_layout_says(case):
    x = torch.linspace(0.1, 1, BATCH * CHANNELS * TIME).reshape(BATCH, CHANNELS, TIME)
    _, layout = recorded(CASES[case], x)
    (at, atom), *none = [(i, atom) for i, axis in enumerate(layout) for atom in axis if atom.axis == 2]
    assert none == []
    for cell in (2, atom.size // 2):
        first, last = seen(CASES[case], x, at, cell, 2)
        low, high = (max(0, edge + cell * atom.jump) for edge in (atom.start, atom.end))
        if case in ("transposed", "upsampled"):  # the true field depends on the phase: the centre is what counts
            assert abs((low + high) - (first + last)) / 2 <= 3
        elif case == "max pooling":
            assert low <= first <= last <= high
        else:
            assert (low, high) == (first, last)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.flip(2),
        lambda x: torch.fft.rfft(x, dim=2).abs(),
        lambda x: x.sort(2).values,
        lambda x: x.roll(1, 2),
        lambda x: x.cumsum(2),
        lambda x: x.cummax(2).values,
        lambda x: x.take(torch.arange(x.numel() - 1, -1, -1).reshape(x.shape)),
        lambda x: x.take_along_dim(x.argsort(2), 2),
        lambda x: x.index_put((torch.zeros(1, dtype=torch.long),), x.flip(2)[:1]),
        lambda x: x.scatter(2, torch.arange(TIME - 1, -1, -1).expand(x.shape), x),
        lambda x: functional.grid_sample(x[:, None], torch.zeros(BATCH, CHANNELS, TIME, 2), align_corners=False),
        lambda x: torch.cdist(x, x[:, :1].expand(-1, TIME, -1)),
        lambda x: functional.channel_shuffle(x[..., None], 3),
    ],
)
def test_what_moves_positions_about_is_lost(function):
    _, layout = recorded(function, torch.rand(BATCH, CHANNELS, TIME))
    assert all(is_blank(axis) for axis in layout)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: functional.group_norm(x, 1),
        lambda x: functional.layer_norm(x, (TIME,)),
        lambda x: x.softmax(2),
        lambda x: x.log_softmax(1),
        lambda x: x.double().tril(),
        lambda x: x.repeat(1, 1, 1) + torch.complex(x, x).abs(),
        lambda x: torch.maximum(x, torch.zeros_like(x)),
    ],
)
def test_what_weighs_positions_leaves_them_where_they_are(function):
    _, layout = recorded(function, torch.rand(BATCH, CHANNELS, TIME))
    assert layout[2] == (Atom(TIME, 2),)


def test_an_operator_of_ones_own_is_lost():
    (layout,) = after("mine::mirrored", {"x": (x := torch.rand(1, 4))}, {id(x): of_input((1, 4))}, [x])
    assert all(is_blank(axis) for axis in layout)


def test_two_axes_are_followed_at_once():
    picture = torch.rand(BATCH, CHANNELS, SIDE, SIDE)
    _, layout = recorded(lambda x: conv(conv(x, stride=(2, 1), padding=(1, 0)), padding=1), picture)
    (row,), (column,) = layout[2:]
    assert ((row.start, row.end, row.jump), (column.start, column.end, column.jump)) == ((-3, 3, 2), (-1, 3, 1))


def test_depthwise_convolutions_keep_channels_apart():
    x = torch.rand(BATCH, CHANNELS, TIME)
    _, apart = recorded(lambda x: functional.conv1d(x, torch.ones(3, 1, 3), groups=3), x)
    _, mixed = recorded(conv, x)
    assert apart[1][0].axis == 1
    assert mixed[1][0].axis is None


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_keeps_time(batch_first):
    encoder = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=batch_first).eval()
    order = (0, 2, 1) if batch_first else (2, 0, 1)
    _, layout = recorded(lambda x: encoder(x.permute(order)), torch.rand(BATCH, 4, TIME).requires_grad_())
    assert layout[1 if batch_first else 0][0].axis == 2


def test_a_recurrent_layer_keeps_time():
    lstm = nn.LSTM(CHANNELS, 5, batch_first=True)
    _, layout = recorded(lambda x: lstm(x.transpose(1, 2))[0], torch.rand(BATCH, CHANNELS, TIME))
    assert layout[1][0].axis == 2
