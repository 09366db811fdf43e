"""Loss and score on the choosing set, by hand and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import nn

from pellucid.training.choosing import ChoosingSet, choosing_figures, choosing_loss, macro_auc
from pellucid.training.fit_settings import LossSettings

CPU = torch.device("cpu")


class First(nn.Module):
    """Logits are the first samples of the first lead, a class each."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.classes = classes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0, : self.classes + 1] * self.scale  # one output more than classes, as auxiliary ones are


def drawn(labels: np.ndarray) -> tuple[ChoosingSet, np.ndarray]:
    signals = np.random.default_rng(0).integers(-2000, 2000, size=(len(labels), 2, 6)).astype(np.int16)
    return ChoosingSet(signals, labels, 100.0), signals[:, 0, : labels.shape[1]] / 1000


def test_exclusive_classes_have_cross_entropy_accuracy_and_balanced_accuracy() -> None:
    target = np.random.default_rng(1).integers(0, 3, 150)
    data, logits = drawn(np.eye(4, dtype=bool)[target])  # nobody has the fourth class
    figures = choosing_figures(First(4), data, CPU, LossSettings(name="cross_entropy"))
    wanted = float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(target)))
    assert figures["choosing_loss"] == pytest.approx(wanted, abs=1e-6)
    assert figures["choosing_accuracy"] == pytest.approx((logits.argmax(1) == target).mean())
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        balanced = balanced_accuracy_score(target, logits.argmax(1))
    assert figures["choosing_score"] == pytest.approx(balanced)


def test_other_classes_have_the_mean_auc_of_those_that_have_both() -> None:
    labels = np.random.default_rng(2).random((80, 3)) < 0.3
    labels[:, 1] = False
    data, logits = drawn(labels)
    figures = choosing_figures(First(3), data, CPU, LossSettings(name="bce"))
    wanted = np.mean([roc_auc_score(labels[:, c], logits[:, c]) for c in (0, 2)])
    assert figures["choosing_score"] == pytest.approx(wanted)
    assert "choosing_accuracy" not in figures
    truth = torch.from_numpy(labels).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.from_numpy(logits), truth)
    assert choosing_loss(First(3), data, CPU) == pytest.approx(float(loss), abs=1e-6)


def test_nothing_to_rank_is_chance() -> None:
    assert macro_auc(np.zeros((4, 2)), np.ones((4, 2), dtype=bool)) == 0.5
