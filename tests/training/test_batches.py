"""Batches depend on seed and epoch alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.training.batches import EpochBatches, TrainingSet
from pellucid.training.fit_settings import AugmentationSettings, FitSettings, PictureAugmentationSettings, Stage
from pellucid.training.settings import DataSettings, TrainingConfig

STILL = AugmentationSettings(gain=0, wander=0, noise=0)


def data(records: int = 10) -> TrainingSet:
    signals = np.arange(records, dtype=np.int16)[:, None, None] * np.ones((1, 2, 100), dtype=np.int16)
    labels = np.eye(records, 3, dtype=bool)
    return TrainingSet(signals, labels, labels[:, :1], ~labels[:, :1], 100.0)


def config(*seconds: float, seed: int = 0, still: bool = True, **fit: object) -> TrainingConfig:
    settings = FitSettings(stages=(Stage(epochs=9, seconds=seconds),), batch=4, **fit)  # type: ignore[arg-type]  # keywords
    change = STILL if still else AugmentationSettings()
    return TrainingConfig(name="t", seed=seed, data=DataSettings(dataset="d:1"), fit=settings, augmentation=change)


def epoch(number: int, seed: int = 1) -> list[torch.Tensor]:
    return [batch.inputs for batch in EpochBatches(data(), config(0.5, 0.25, seed=seed, still=False), number)]


def test_the_same_epoch_is_the_same_and_another_is_another() -> None:
    first, again, other = epoch(3), epoch(3), epoch(4)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_every_record_once_but_for_the_last_incomplete_batch() -> None:
    batches = list(EpochBatches(data(), config(1.0), 0))
    seen = [round(float(row[0, 0]) * 1000) for batch in batches for row in batch.inputs]
    assert len(batches) == 2
    assert len(set(seen)) == 8
    labels = torch.cat([batch.labels for batch in batches])
    assert [bool(row.any()) for row in labels] == [position < 3 for position in seen]


def test_longer_stretches_than_the_record_are_the_whole_record() -> None:
    (batch, *_) = EpochBatches(data(), config(5.0), 0)
    assert batch.inputs.shape == (4, 2, 100)


def test_an_unshuffled_epoch_keeps_the_order_and_its_incomplete_end() -> None:
    batches = list(EpochBatches(data(), config(shuffle=False), 0))
    assert [row for batch in batches for row in batch.rows.tolist()] == list(range(10))
    assert [len(batch.inputs) for batch in batches] == [4, 4, 2]
    assert len(EpochBatches(data(9), config(shuffle=False), 0)) == 2  # one record alone has no batch statistics


def test_rows_and_teacher_follow_the_records() -> None:
    logits = np.arange(20, dtype=np.float32).reshape(10, 2)
    for batch in EpochBatches(replace(data(), teacher=logits), config(), 3):
        assert batch.teacher is not None
        assert torch.equal(batch.teacher[:, 0], 2.0 * batch.rows)
        assert torch.allclose(batch.inputs[:, 0, 0] * 1000, batch.rows.float())


def test_pictures_are_standardised_and_altered() -> None:
    pictures = np.full((8, 6, 5), 51, dtype=np.uint8)
    whole = replace(
        data(8), signals=pictures, preparation=SlicePreparation(size=(6, 5), channels=3, mean=(0.1,), std=(0.5,))
    )
    (batch, _) = EpochBatches(whole, config(), 0)
    assert batch.inputs.shape == (4, 3, 6, 5)
    assert not torch.allclose(batch.inputs, torch.tensor(0.2))
    none = PictureAugmentationSettings(brightness=0, contrast=0, noise=0)
    (batch, _) = EpochBatches(whole, replace(config(), picture_augmentation=none), 0)
    assert torch.allclose(batch.inputs, torch.tensor(0.2))  # (51/255 - .1) / .5


def test_signals_are_brought_to_the_rate_and_length_of_the_network() -> None:
    wanted = EcgPreparation(leads=("I", "II"), sampling_rate=200, length=300, padding="both")
    (batch, _) = EpochBatches(replace(data(8), preparation=wanted), config(), 0)
    assert batch.inputs.shape == (4, 2, 300)
    assert torch.all(batch.inputs[:, :, :50] == 0)
    assert torch.allclose(batch.inputs[:, 0, 150] * 1000, batch.rows.float(), atol=0.2)
