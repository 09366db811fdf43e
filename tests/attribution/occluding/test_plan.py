from __future__ import annotations

import numpy as np
import torch
from occluded import planned

import zoo
from pellucid.attribution.occluding.plan import Chunk


def chunk(channel=None, rows=5):
    module, x = zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
    plan = planned(module, x, 4, 4)
    source = plan.record.source
    changes = torch.arange(rows * 4.0, dtype=torch.float64).reshape(rows, 1, 1, 4)
    states = {source: changes if channel is not None else changes.repeat(1, 4, 1, 1)}
    if channel is not None:
        plan.narrow.add(source)
    return Chunk(plan, np.arange(rows), channel, states), source


def test_windows_are_taken_apart_and_put_together():
    whole, source = chunk()
    before = whole.states[source].clone()
    assert whole.split(5) == [whole]
    parts = whole.split(2)
    assert [part.rows.tolist() for part in parts] == [[0, 1], [2, 3], [4]]
    for part in parts:
        part.states[source] = part.states[source] * 2
        part.whole(source)
    whole.join(parts)
    assert torch.equal(whole.states[source], 2 * before)
    assert whole.wholes[source].shape == (5, 4, 24)


def test_one_channel_among_all():
    own, source = chunk(channel=2)
    assert own.narrow(source).shape == (5, 1, 1, 4)
    slab = own.slab(source)
    assert slab.shape == (5, 4, 1, 4)
    assert torch.equal(slab[:, 2:3], own.narrow(source))
    assert slab[:, [0, 1, 3]].abs().sum() == 0


def test_a_change_made_whole():
    own, source = chunk()
    found = own.whole(source)
    clean = source.data[:1]
    for row in range(5):
        wanted = clean[0].clone()
        wanted[:, 4 * row : 4 * row + 4] += own.states[source][row, :, 0]
        assert torch.allclose(found[row], wanted)
    assert own.whole(source) is found


def test_values_are_forgotten_after_their_last_use():
    own, _ = chunk()
    plan = own.plan
    logits = plan.run(own)
    assert logits.shape == (5, 3)
    assert list(own.states) == [plan.record.tape.logits]
    assert own.wholes == {}
