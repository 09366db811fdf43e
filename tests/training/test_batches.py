"""Batches depend on seed and epoch alone."""

from __future__ import annotations

import numpy as np
import torch

from pellucid.training.batches import EpochBatches, TrainingSet
from pellucid.training.settings import AugmentationSettings, Stage

STILL = AugmentationSettings(gain=0, wander=0, noise=0)


def data(records: int = 10) -> TrainingSet:
    signals = np.arange(records, dtype=np.int16)[:, None, None] * np.ones((1, 2, 100), dtype=np.int16)
    labels = np.eye(records, 3, dtype=bool)
    return TrainingSet(signals, labels, labels[:, :1], ~labels[:, :1], 100.0)


def epoch(number: int, seed: int = 1) -> list[torch.Tensor]:
    stage = Stage(epochs=1, seconds=(0.5, 0.25))
    batches = EpochBatches(data(), stage, AugmentationSettings(), batch=4, seed=seed, epoch=number)
    return [batch.signals for batch in batches]


def test_the_same_epoch_is_the_same_and_another_is_another() -> None:
    first, again, other = epoch(3), epoch(3), epoch(4)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_every_record_once_but_for_the_last_incomplete_batch() -> None:
    batches = list(EpochBatches(data(), Stage(epochs=1, seconds=(1.0,)), STILL, batch=4, seed=0, epoch=0))
    seen = [round(float(row[0, 0]) * 1000) for batch in batches for row in batch.signals]
    assert len(batches) == 2
    assert len(set(seen)) == 8
    labels = torch.cat([batch.labels for batch in batches])
    assert [bool(row.any()) for row in labels] == [position < 3 for position in seen]


def test_longer_stretches_than_the_record_are_the_whole_record() -> None:
    (batch, *_) = EpochBatches(data(), Stage(epochs=1, seconds=(5.0,)), STILL, batch=4, seed=0, epoch=0)
    assert batch.signals.shape == (4, 2, 100)
