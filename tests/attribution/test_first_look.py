from __future__ import annotations

import pytest
import torch
from torch import nn

from pellucid.attribution.first_look import FirstLook, refuse_training
from pellucid.core.errors import NotApplicableError


@pytest.mark.parametrize(
    "part",
    [
        nn.Dropout(0.1),
        nn.AlphaDropout(0.1),
        nn.BatchNorm2d(3),
        nn.InstanceNorm1d(3, track_running_stats=True),
        nn.RReLU(),
        nn.LSTM(2, 2, 2, dropout=0.5),
        nn.MultiheadAttention(4, 2, dropout=0.1),
    ],
    ids=lambda part: type(part).__name__,
)
def test_what_acts_otherwise_in_training_is_refused(part):
    module = nn.Sequential(nn.Sequential(part))
    with pytest.raises(NotApplicableError, match=r"module '0\.0' .*evaluation mode.*module\.eval\(\)"):
        refuse_training(module)
    refuse_training(module.eval())


@pytest.mark.parametrize("part", [nn.Dropout(0.0), nn.InstanceNorm1d(3), nn.LSTM(2, 2), nn.ReLU(), nn.LayerNorm(2)])
def test_what_acts_alike_in_both_modes_is_not(part):
    refuse_training(nn.Sequential(part).train())


def test_a_scripted_dropout_is_known_by_its_name():
    with pytest.deprecated_call():
        scripted = torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).train())
    with pytest.raises(NotApplicableError, match="Dropout"):
        refuse_training(scripted)


def test_a_batch_norm_without_statistics_is_refused_in_either_mode():
    with pytest.raises(NotApplicableError, match="track_running_stats"):
        refuse_training(nn.BatchNorm1d(2, track_running_stats=False).eval())


def test_random_numbers_are_seen_whoever_draws_them():
    x = torch.ones(2, 4)
    for draw in (torch.rand_like, torch.bernoulli, nn.functional.dropout, lambda x: x + torch.randn(4)):
        with pytest.raises(NotApplicableError, match="random numbers"), FirstLook():
            draw(x)
    with FirstLook():
        nn.functional.dropout(x, 0.5, training=False)
        nn.functional.scaled_dot_product_attention(x, x, x)


def test_statistics_of_a_batch_are_refused_and_of_one_row_doubted():
    norm, many = nn.functional.batch_norm, torch.arange(24.0).reshape(2, 3, 4)
    with pytest.raises(NotApplicableError, match="statistics of its batch"), FirstLook():
        norm(many, None, None, training=True)
    with FirstLook() as look:
        norm(many[:1], None, None, training=True)
    assert look.doubtful
    with FirstLook() as look:
        nn.functional.instance_norm(many)
    assert look.doubtful


def test_the_cost_of_a_pass_is_what_it_writes():
    x = torch.zeros(8, 16)
    with FirstLook() as look:
        y = torch.relu(x + 1)
        y.view(-1)
    assert look.bytes == 2 * 8 * 16 * 4
