"""Optimisers and schedules against their closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from pellucid.core.errors import SettingError
from pellucid.training.fit_settings import FitSettings, Stage
from pellucid.training.optimisation import optimizer_of, plateau_of, schedule_of


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(1, 1)
        self.head = nn.Linear(1, 1)


def settings(**values: object) -> FitSettings:
    return FitSettings(stages=(Stage(epochs=4),), learning_rate=0.1, **values).settled("conv_net")  # type: ignore[arg-type]  # keywords


def rates(fit: FitSettings, steps: int) -> list[float]:
    optimizer = optimizer_of(Small(), fit)
    schedule = schedule_of(optimizer, fit, steps)
    assert schedule is not None
    found = []
    for _ in range(fit.epochs * steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_schedules_are_their_formulas() -> None:
    cosine = rates(settings(schedule="cosine"), 2)
    assert cosine == pytest.approx([0.1 * (1 + math.cos(math.pi * step / 8)) / 2 for step in range(8)])
    falling = rates(settings(schedule="exponential", schedule_factor=0.5), 2)
    assert falling == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125])
    cycle = rates(settings(schedule="one_cycle"), 5)
    assert cycle[0] == pytest.approx(0.1 / 25)
    assert max(cycle) == pytest.approx(0.1)
    assert schedule_of(optimizer_of(Small(), settings(schedule="constant")), settings(schedule="constant"), 2) is None


def test_a_plateau_lowers_the_rate_after_its_patience_and_stops_at_its_floor() -> None:
    fit = settings(schedule="plateau", schedule_patience=2, schedule_floor=0.005)
    optimizer = optimizer_of(Small(), fit)
    plateau = plateau_of(optimizer, fit)
    assert plateau is not None
    found = []
    for loss in [1.0, 0.9, 0.9, 0.9, 0.8, 0.9, 0.9, 0.9]:
        plateau.step(loss)
        found.append(optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.005, 0.005])


def test_l2_is_in_the_gradient_of_adam_and_decay_beside_it_in_adamw() -> None:
    module = Small()
    weight = module.body.weight.detach().clone()
    adam = optimizer_of(module, settings(optimizer="adam", l2=0.3))
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    adam.step()
    # Whatever its size, the first step of Adam is the rate in the gradient's direction: here that of l2 alone.
    assert torch.allclose(module.body.weight, weight - 0.1 * weight.sign(), atol=1e-6)
    module = Small()
    weight = module.body.weight.detach().clone()
    decoupled = optimizer_of(module, settings(weight_decay=0.3))
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    decoupled.step()
    assert torch.allclose(module.body.weight, weight * (1 - 0.1 * 0.3))


def test_only_what_is_trainable_is_trained() -> None:
    module = Small()
    module.body.requires_grad_(False)
    (group,) = optimizer_of(module, settings()).param_groups
    assert [id(value) for value in group["params"]] == [id(value) for value in module.head.parameters()]
    module.requires_grad_(False)
    with pytest.raises(SettingError, match="all are frozen"):
        optimizer_of(module, settings())
