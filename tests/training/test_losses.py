"""Losses against hand-worked values and torch's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pellucid.training.batches import Batch
from pellucid.training.fit_settings import LossSettings
from pellucid.training.losses import loss_of, plain_loss

LOGITS = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])  # probabilities 1/2 and 3/4
LABELS = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
NOTHING = torch.zeros(2, 0)


def value(settings: LossSettings, logits: torch.Tensor, labels: torch.Tensor, *more: torch.Tensor) -> float:
    auxiliary, known = more or (torch.zeros(len(labels), 0),) * 2
    batch = Batch(logits, labels, auxiliary, known, torch.arange(len(labels)))
    return float(loss_of(settings, labels.numpy() > 0, weight=0.3)(logits, batch))


def test_bce_is_a_mean_and_unknown_auxiliary_targets_add_nothing() -> None:
    plain = (2 * math.log(2) + math.log(4) + math.log(4 / 3)) / 4
    assert value(LossSettings(), LOGITS, LABELS) == pytest.approx(plain)
    auxiliary, known = torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [0.0]])
    logits = torch.cat([LOGITS, torch.tensor([[0.0], [7.0]])], dim=1)
    # One known target among 2 records x 2 classes.
    wanted = plain + 0.3 * math.log(2) / 4
    assert value(LossSettings(name="bce"), logits, LABELS, auxiliary, known) == pytest.approx(wanted)


def test_mse_and_focal_are_their_formulas() -> None:
    assert value(LossSettings(name="mse"), LOGITS, LABELS) == pytest.approx((1 / 4 + 9 / 16 + 1 / 4 + 1 / 16) / 4)
    # alpha (1 - p)^gamma -log p for positives, alpha p^gamma -log(1 - p) for negatives, summed over classes.
    focal = [0.5**2 * math.log(2), 0.75**2 * math.log(4), 0.5**2 * math.log(2), 0.25**2 * math.log(4 / 3)]
    found = value(LossSettings(name="focal", alpha=4, gamma=2), LOGITS, LABELS)
    assert found == pytest.approx(4 * sum(focal) / 2)
    whole = value(LossSettings(name="focal"), LOGITS[:1], LABELS[:1])
    assert whole == pytest.approx(10 * (0.5**5 * math.log(2) + 0.75**5 * math.log(4)))


def test_focal_has_a_gradient_where_the_network_is_certain() -> None:
    settings = LossSettings(name="focal", alpha=1, gamma=0.5)
    logits = torch.tensor([[200.0, -200.0, 200.0]], requires_grad=True)
    loss = plain_loss(settings, logits, torch.tensor([[1.0, 1.0, 0.0]]))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(400)
    np.testing.assert_allclose(logits.grad, [[0.0, -1.0, 1.0]], atol=1e-6)  # that of bce: (1 - p)^gamma is 1


def test_cross_entropy_is_torchs_and_its_balanced_weights_are_counts() -> None:
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([0, 0, 0, 1, 1, 2])
    labels = torch.nn.functional.one_hot(target, 3).float()
    settings = LossSettings(name="cross_entropy")
    wanted = float(torch.nn.functional.cross_entropy(logits, target))
    assert value(settings, logits, labels) == pytest.approx(wanted)
    assert float(plain_loss(settings, logits, labels)) == pytest.approx(wanted)
    # N / (K n) = 6 / (3 x 3), 6 / (3 x 2), 6 / 3: their mean over records is 1, which is torch's own division.
    weight = torch.tensor([2 / 3, 1.0, 2.0])
    balanced = LossSettings(name="cross_entropy", class_weights="balanced")
    wanted = float(torch.nn.functional.cross_entropy(logits, target, weight=weight))
    assert value(balanced, logits, labels) == pytest.approx(wanted)
    assert float(plain_loss(balanced, logits, labels)) != pytest.approx(wanted)


def test_balanced_positives_and_negatives_of_a_class_weigh_the_same() -> None:
    labels = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    batch = Batch(labels, labels, NOTHING.new_zeros(4, 0), NOTHING.new_zeros(4, 0), torch.arange(4))
    loss = loss_of(LossSettings(class_weights="balanced"), labels.numpy() > 0, weight=0.0)
    logits = torch.zeros(4, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(logits, batch), logits)
    np.testing.assert_allclose(slope.flatten(), [-0.25, 1 / 12, 1 / 12, 1 / 12], rtol=1e-6)
