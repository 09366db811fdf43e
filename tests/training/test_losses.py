"""Losses against hand-worked values."""

from __future__ import annotations

import math

import pytest
import torch

from pellucid.training.losses import bce_with_auxiliary


def test_classes_are_a_mean_and_unknown_auxiliary_targets_add_nothing() -> None:
    logits = torch.tensor([[0.0, math.log(3), 0.0], [0.0, math.log(3), 7.0]])
    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    nothing = torch.zeros(2, 0)
    plain = (2 * math.log(2) + math.log(4) + math.log(4 / 3)) / 4
    assert float(bce_with_auxiliary(logits[:, :2], labels, nothing, nothing, weight=0.3)) == pytest.approx(plain)
    auxiliary, known = torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [0.0]])
    # One known target among 2 records x 2 classes.
    wanted = plain + 0.3 * math.log(2) / 4
    assert float(bce_with_auxiliary(logits, labels, auxiliary, known, weight=0.3)) == pytest.approx(wanted)
