from __future__ import annotations

import pytest
import torch
from recordings import Function, record
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.propagated import batch_stays_first
from pellucid.core.randomness import torch_generator

X = torch.randn(3, 4, generator=torch_generator(2), dtype=torch.float64)
W = torch.randn(4, 4, generator=torch_generator(3), dtype=torch.float64)


def draws(*shape):
    return torch.randn(shape, generator=torch_generator(4), dtype=torch.float64)


class Steps(nn.Module):
    """A recurrent layer that wants time first."""

    def __init__(self, kind):
        super().__init__()
        self.layer, self.head = kind(4, 5, bidirectional=True), nn.Linear(10, 3)

    def forward(self, x):
        return self.head(self.layer(x.permute(2, 0, 1))[0][-1])


def buffer_of_leads(x):
    rows = x.new_zeros(3, len(x), 4)
    for number in range(3):
        rows[number] = torch.relu(x * W[number] + 0.2)
    return rows.sum(0)


def buffer_by_sample(x):
    rows = x.new_zeros(len(x), 3, 4)
    for number in range(3):
        rows[:, number] = torch.relu(x * W[number] + 0.2)
    return rows.sum(1)


MOVES = {
    "joined": lambda x: torch.relu(torch.cat([x, 2 * x + 1], 0) @ W + 0.3).unflatten(0, (2, -1)).sum(0),
    "repeated": lambda x: torch.relu(x.repeat(3, 1) @ W + 0.3).unflatten(0, (3, -1)).sum(0),
    "expanded": lambda x: torch.relu(x.expand(3, -1, -1) @ W + 0.3).sum(0),
    "spread": lambda x: torch.relu(x * W[:3, None] + 0.3).sum(0),
    "stacked": lambda x: torch.stack([x @ W, x @ W.T], 0).relu().sum(0),
    "turned": lambda x: torch.relu((W.T @ x.T).T + 0.3),
    "permuted": lambda x: torch.relu(x[:, :, None].permute(1, 0, 2) + 0.3).sum(2).mT @ W,
    "buffer": buffer_of_leads,
}
STAYS = {
    "rows": lambda x: torch.relu(x @ W + 0.3),
    "folded": lambda x: torch.relu(x.reshape(-1, 2) @ W[:2, :2] + 0.3).reshape(len(x), -1),
    "joined beside": lambda x: torch.cat([x, x * 2 + 1], 1) @ W.repeat(2, 1),
    "buffer": buffer_by_sample,
    "indexed": lambda x: x[:, [1, 0, 3, 2]] @ W + 0.3,
    "repeated in place": lambda x: torch.relu(x.repeat_interleave(2, 0) + 0.3).unflatten(0, (-1, 2)).sum(1),
}


@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("name", MOVES)
def test_another_axis_outermost_is_seen(name, batch):
    assert not batch_stays_first(record(Function(MOVES[name]), X[:batch]).tape, batch)


@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("name", STAYS)
def test_samples_outermost_are_seen(name, batch):
    assert batch_stays_first(record(Function(STAYS[name]), X[:batch]).tape, batch)


def assert_alone_as_together(module, x, **settings):
    ask = method("lrp", **settings)
    together = ask(module, x, target="all")
    assert together.gap.max() < 1e-9
    for number in range(len(x)):
        alone = ask(module, x[number : number + 1], target="all")
        assert torch.allclose(together.relevance[number], alone.relevance[0], rtol=1e-9, atol=1e-11)
        assert list(together.ledger.lines) == list(alone.ledger.lines)
        for line, taken in alone.ledger.lines.items():
            assert torch.allclose(together.ledger.lines[line][number], taken[0], rtol=1e-8, atol=1e-10), line


@pytest.mark.parametrize("settings", [{"relative_eps": 0.1}, {"rule": "zplus", "relative_eps": 0.1}, {"eps": 0.2}])
@pytest.mark.parametrize("name", [*MOVES, *STAYS])
def test_a_sample_alone_is_as_in_a_batch_however_axes_move(name, settings):
    assert_alone_as_together(Function({**MOVES, **STAYS}[name]), X, **settings)


@pytest.mark.parametrize("rule", ["epsilon", "epsilon_plus"])
@pytest.mark.parametrize(
    "name",
    ["plain", "leads_folded", "leads_apart", "buffers", "views", "encoder", "vit", "norms", "scripted", "padded"],
)
def test_a_sample_alone_is_as_in_a_batch(name, rule):
    module, x = zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    assert_alone_as_together(module, x * torch.tensor([1.0, 5.0])[:, None, None], rule=rule, relative_eps=0.05)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_a_recurrent_layer_that_wants_time_first(kind):
    assert_alone_as_together(zoo.seeded(Steps(kind).double()), draws(3, 4, 6), relative_eps=0.05)


def test_samples_that_take_different_branches_have_lines_of_their_own():
    def function(x):
        y = x.permute(1, 0).T
        return y @ W + 1.0 if bool((x > 0.9).any()) else torch.sigmoid(y) * 2

    x = torch.tensor([[1.0, 0.0, 0.5, -1.0], [0.1, 0.2, -0.3, 0.4]]).double()
    ask = method("lrp")
    together, alone = ask(Function(function), x, target=0), [ask(Function(function), row[None], target=0) for row in x]
    for number, answer in enumerate(alone):
        assert torch.equal(together.relevance[number], answer.relevance[0])
    assert together.ledger.lines["(add)", "constants"].tolist() == [1, 0]
