from __future__ import annotations

import pytest
import torch
from recordings import Function, record
from torch import nn

import zoo
from pellucid.attribution.rules.attention import attentions, refuse_windows
from pellucid.core.errors import NotApplicableError

SIZES = {
    "attention": [(4, 12, 12)],
    "multihead": [(2, 2, 8, 8)],
    "multihead_weights": [(4, 8, 8)],
    "attention_across": [(4, 2, 8)],
    "encoder": [(4, 8, 8)] * 2,
    "encoder_causal": [(4, 8, 8)] * 2,
    "vit": [(2, 2, 9, 9)] * 2,
}


@pytest.mark.parametrize("name", SIZES)
def test_the_attention_weights_of_each_layer_are_found(name):
    tape = record(zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)).tape
    found = attentions(tape, 2)
    heads = [value.data.reshape(2, -1, *value.data.shape[-2:]) for value in found]
    wanted = [torch.Size((2, torch.Size(size[:-2]).numel() // 2, *size[-2:])) for size in SIZES[name]]
    assert [value.shape for value in heads] == wanted
    assert all(torch.allclose(value.data.sum(-1), torch.ones(()).double()) for value in found)


@pytest.mark.parametrize(
    "module",
    [
        zoo.network("plain", 1, dtype=torch.float64),
        zoo.network("pool_attention", 1, dtype=torch.float64),
        zoo.network("gate", 1, dtype=torch.float64),
        Function(lambda x: torch.softmax(x, -1).mean(-1)),
    ],
)
def test_a_softmax_that_weighs_nothing_in_a_matrix_product_is_none(module):
    with pytest.raises(NotApplicableError, match="the module has no attention"):
        attentions(record(module, zoo.inputs(1, 2, dtype=torch.float64)).tape, 2)


class Attends(nn.Module):
    """Tokens 8 x 6 of (batch, 4, 24), in the shape that `groups` gives their keys, queries and values."""

    def __init__(
        self,
        groups,
        merged=lambda out, batch: out.transpose(1, 2).reshape(batch, 8, 6),
        paid=lambda weights, value: (weights, value),
    ):
        super().__init__()
        self.project, self.out = nn.Linear(12, 18), nn.Linear(6, 3)
        self.groups, self.merged, self.paid = groups, merged, paid

    def forward(self, x):
        tokens = self.project(x.reshape(len(x), 8, 12))
        query, key, value = (self.groups(part) for part in tokens.chunk(3, -1))
        weights = torch.softmax(query @ key.transpose(-2, -1), -1)
        weights, value = self.paid(weights, value)
        return self.out(self.merged(weights @ value, len(x)).mean(1))


HEADS = {
    "heads": Attends(lambda part: part.unflatten(-1, (2, 3)).transpose(1, 2)),
    "heads folded into the batch": Attends(
        lambda part: part.unflatten(-1, (2, 3)).transpose(1, 2).flatten(0, 1),
        lambda out, batch: out.unflatten(0, (batch, 2)).transpose(1, 2).flatten(2),
    ),
    "one key for both heads": Attends(lambda part: part[:, None, :, :3].repeat_interleave(2, 1)),
    "normed and scaled": Attends(
        lambda part: nn.functional.rms_norm(part.unflatten(-1, (2, 3)), (3,)).transpose(1, 2) / 2
    ),
    "one head": Attends(lambda part: part, lambda out, batch: out),
    "one feature a head": Attends(lambda part: part.mT[..., None]),
    "gated": Attends(lambda part: (heads := part.unflatten(-1, (2, 3)).transpose(1, 2)) * heads.sigmoid()),
    "samples inside of heads from the softmax on": Attends(
        lambda part: part.unflatten(-1, (2, 3)).transpose(1, 2),
        lambda out, batch: out.permute(1, 2, 0, 3).reshape(batch, 8, 6),
        lambda weights, value: (weights.transpose(0, 1), value.transpose(0, 1)),
    ),
    "masked behind the softmax": Attends(
        lambda part: part.unflatten(-1, (2, 3)).transpose(1, 2),
        paid=lambda weights, value: (weights.masked_fill(torch.eye(8, dtype=torch.bool), 0), value),
    ),
}
WINDOWS = {
    "folded into the batch": Attends(lambda part: part.reshape(-1, 4, 6), lambda out, batch: out.reshape(batch, 8, 6)),
    "an axis of their own": Attends(lambda part: part.unflatten(1, (2, 4)), lambda out, batch: out.flatten(1, 2)),
    "with heads": Attends(
        lambda part: part.reshape(-1, 4, 2, 3).transpose(1, 2),
        lambda out, batch: out.transpose(1, 2).reshape(batch, 8, 6),
    ),
    "shifted": Attends(
        lambda part: part.roll(2, 1).reshape(-1, 4, 6), lambda out, batch: out.reshape(batch, 8, 6).roll(-2, 1)
    ),
    "a grid of every other token": Attends(
        lambda part: part.unflatten(1, (4, 2)).transpose(1, 2), lambda out, batch: out.transpose(1, 2).flatten(1, 2)
    ),
    "samples inside of heads": Attends(
        lambda part: part.unflatten(-1, (2, 3)).permute(2, 0, 1, 3).flatten(0, 1),
        lambda out, batch: out.unflatten(0, (2, batch)).permute(1, 2, 0, 3).flatten(2),
    ),
    "samples inside of heads, an axis each": Attends(
        lambda part: part.unflatten(-1, (2, 3)).permute(2, 0, 1, 3),
        lambda out, batch: out.permute(1, 2, 0, 3).flatten(2),
    ),
}


def recorded(module):
    return record(zoo.seeded(module).double(), zoo.inputs(1, 2, dtype=torch.float64)).tape


@pytest.mark.parametrize("name", HEADS)
def test_heads_are_known_by_the_tokens_that_they_share(name):
    (weights,) = attentions(recorded(HEADS[name]), 2)
    refuse_windows(weights, 2)
    assert weights.data.shape[-2:] == (8, 8)


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_not_taken_for_heads(name):
    (weights,) = attentions(recorded(WINDOWS[name]), 2)
    with pytest.raises(NotApplicableError, match=r"operation _softmax with the result \(.*within windows"):
        refuse_windows(weights, 2)


class HeadsLast(nn.Module):
    """Weights of the shape (batch, query, key, head), over the keys."""

    def forward(self, x):
        tokens = x.reshape(len(x), 8, 3, 4)
        weights = torch.softmax(torch.einsum("bqhd,bkhd->bqkh", tokens, tokens), 2)
        return torch.einsum("bqkh,bkhd->bqhd", weights, tokens).mean((1, 2))


def test_weights_whose_keys_are_not_the_last_axis_are_refused():
    (weights,) = attentions(recorded(HeadsLast()), 2)
    with pytest.raises(NotApplicableError, match=r"result \(2, 8, 8, 3\) .*another axis than the last"):
        refuse_windows(weights, 2)


@pytest.mark.parametrize("name", ["attention", "multihead", "multihead_weights", "encoder", "encoder_causal", "vit"])
def test_torchs_own_attention_has_heads(name):
    tape = record(zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 3, dtype=torch.float64)).tape
    found = attentions(tape, 3)
    for weights in found:
        refuse_windows(weights, 3)
    assert len(found) == len(SIZES[name])
