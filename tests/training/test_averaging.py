"""The moving average of weights."""

from __future__ import annotations

import torch
from torch import nn

from pellucid.training.averaging import WeightAverage


def test_the_average_is_the_formula_step_by_step() -> None:
    module = nn.BatchNorm1d(1)
    average = WeightAverage(module, decay=0.3)
    wanted = 1.0
    for step, value in enumerate([2.0, 5.0, -1.0]):
        with torch.no_grad():
            module.weight.fill_(value)
        average.update(module)
        decay = min(0.3, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * value
    assert abs(float(average.module.state_dict()["weight"]) - wanted) < 1e-6


def test_batch_statistics_are_averaged_and_counts_copied() -> None:
    module = nn.BatchNorm1d(1)
    average = WeightAverage(module, decay=0.9)
    module(torch.tensor([[3.0], [5.0]]))
    average.update(module)
    kept = average.module.state_dict()
    assert 0 < float(kept["running_mean"]) < 0.4
    assert int(kept["num_batches_tracked"]) == 1
    assert not average.module.training
