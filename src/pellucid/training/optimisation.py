"""Optimisers and learning rates over the steps of a fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from pellucid.core.errors import SettingError
from pellucid.training.fit_settings import FitSettings


def optimizer_of(module: nn.Module, fit: FitSettings) -> Optimizer:
    """Return the optimiser of settled settings over the parameters that are to be trained.

    Raises
    ------
    SettingError
        When every parameter is frozen.
    """
    named = [(name, value) for name, value in module.named_parameters() if value.requires_grad]
    if not named:
        raise SettingError("a fit needs parameters to train; all are frozen. Set network.freeze to false, or unfreeze.")
    if fit.optimizer == "adam":
        return torch.optim.Adam([value for _, value in named], lr=fit.rate, weight_decay=fit.l2)
    if fit.optimizer == "sgd":
        return torch.optim.SGD([value for _, value in named], lr=fit.rate, momentum=fit.momentum, weight_decay=fit.l2)
    body = [value for name, value in named if not name.startswith("head.")]
    head = [value for name, value in named if name.startswith("head.")]
    decay = fit.weight_decay if fit.head_weight_decay is None else fit.head_weight_decay
    groups = [{"params": body, "weight_decay": fit.weight_decay}, {"params": head, "weight_decay": decay}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=fit.rate)


def schedule_of(optimizer: Optimizer, fit: FitSettings, steps: int) -> LRScheduler | None:
    """Return what sets the learning rate after each step, of `steps` an epoch; None for `constant` and `plateau`.

    Notes
    -----
    All count steps, so that a resumed fit goes on exactly where it ended. Only `one_cycle` moves the momentum too.
    """
    total = fit.epochs * steps
    if fit.schedule == "one_cycle":
        moved = fit.optimizer != "sgd" or fit.momentum > 0
        return OneCycleLR(optimizer, fit.rate, total_steps=total, cycle_momentum=moved)
    shape: dict[str, Callable[[int], float]] = {
        "cosine": lambda step: (1 + math.cos(math.pi * min(step / total, 1.0))) / 2,
        "exponential": lambda step: fit.factor ** (step // steps),
    }
    return LambdaLR(optimizer, shape[fit.schedule]) if fit.schedule in shape else None


def plateau_of(optimizer: Optimizer, fit: FitSettings) -> ReduceLROnPlateau | None:
    """Return what lowers the learning rate when the choosing loss does not fall; None for other schedules."""
    if fit.schedule != "plateau":
        return None
    return ReduceLROnPlateau(
        optimizer,
        factor=fit.factor,
        patience=fit.schedule_patience - 1,  # torch counts the epochs that it lets pass
        min_lr=fit.schedule_floor,
        threshold=0.0,
    )
