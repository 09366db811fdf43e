"""An exponential moving average of a network's weights and buffers, with a warm-up."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Keeps `average = d * average + (1 - d) * now` with d = min(decay, (1 + n) / (10 + n)) after n steps.

    Batch statistics are averaged like weights; integer buffers are copied.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one more step into the average."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        now = module.state_dict()
        averages, values = [], []
        for name, average in self.module.state_dict().items():
            if average.is_floating_point():
                averages.append(average)
                values.append(now[name])
            else:
                average.copy_(now[name])
        torch._foreach_lerp_(averages, values, 1 - decay)
