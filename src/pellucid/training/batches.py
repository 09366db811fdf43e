"""Training batches, the same for the same seed and epoch whatever came before: that makes resuming exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.core.randomness import generator, torch_generator
from pellucid.datasets.augmentation import disturbed, stretches
from pellucid.datasets.picture_augmentation import altered
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.training.fit_settings import FitSettings
from pellucid.training.inputs import prepared, raw
from pellucid.training.settings import TrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a network learns from in one step.

    Attributes
    ----------
    inputs
        (record, lead, sample) or (record, channel, row, column), prepared.
    labels, auxiliary, known
        (record, class) and (record, target), 0 or 1: classes, auxiliary targets, and where these are known.
    rows
        (record,): where each stands in the training set.
    teacher
        (record, class): a teacher's logits, where the training set has them.
    """

    inputs: Tensor
    labels: Tensor
    auxiliary: Tensor
    known: Tensor
    rows: Tensor
    teacher: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        teacher = None if self.teacher is None else self.teacher.to(device)
        inputs, labels, auxiliary, known, rows = (
            value.to(device) for value in (self.inputs, self.labels, self.auxiliary, self.known, self.rows)
        )
        return Batch(inputs, labels, auxiliary, known, rows, teacher)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Everything in memory or memory-mapped, row by row.

    Attributes
    ----------
    signals
        (record, lead, sample) in microvolts, or (record, row, column) of 0 to 255.
    labels, auxiliary, known
        (record, class) and (record, target): classes, auxiliary targets, and where these are known.
    sampling_rate
        Of the signals, in Hz.
    teacher
        (record, class): logits of a teacher.
    preparation
        From records as they are to a network's input; without one signals are read as they are, in mV.
    """

    signals: NDArray[np.int16] | NDArray[np.uint8]
    labels: NDArray[np.bool_]
    auxiliary: NDArray[np.bool_]
    known: NDArray[np.bool_]
    sampling_rate: float
    teacher: NDArray[np.float32] | None = None
    preparation: EcgPreparation | SlicePreparation | None = None


class EpochBatches:
    """One epoch of cut and disturbed batches, in a new order each time if shuffled, then without the incomplete last.

    In the data set's own order an incomplete last batch of two records or more stays: the same records would never be
    seen.
    """

    def __init__(self, data: TrainingSet, config: TrainingConfig, epoch: int) -> None:
        self.data = data
        self.config = config
        self.stage = config.fit.stage(epoch)
        numbers = generator(config.seed, epoch)
        records = len(data.signals)
        self.order = numbers.permutation(records) if config.fit.shuffle else np.arange(records)
        self.draws = torch_generator(int(generator(config.seed, epoch, 1).integers(2**31)))

    def __len__(self) -> int:
        return steps(len(self.order), self.config.fit)

    def __iter__(self) -> Iterator[Batch]:
        data, size = self.data, self.config.fit.batch
        for step in range(len(self)):
            rows = np.sort(self.order[step * size : (step + 1) * size])
            values = self._picture(rows) if data.signals.dtype == np.uint8 else self._signals(rows)
            yield Batch(
                prepared(values, data.preparation, data.sampling_rate),
                torch.from_numpy(data.labels[rows]).float(),
                torch.from_numpy(data.auxiliary[rows]).float(),
                torch.from_numpy(data.known[rows]).float(),
                torch.from_numpy(rows),
                None if data.teacher is None else torch.from_numpy(data.teacher[rows]),
            )

    def _signals(self, rows: NDArray[np.intp]) -> Tensor:
        data, change = self.data, self.config.augmentation
        samples = data.signals.shape[-1]
        if self.stage.seconds:
            choice = int(torch.randint(len(self.stage.seconds), (), generator=self.draws))
            samples = min(round(self.stage.seconds[choice] * data.sampling_rate), samples)
        cut = stretches(cast("NDArray[np.int16]", data.signals), rows.tolist(), samples, self.draws)
        return disturbed(
            cut,
            data.sampling_rate,
            self.draws,
            gain=change.gain,
            wander=change.wander,
            noise=change.noise,
            lead_dropout=change.lead_dropout,
        )

    def _picture(self, rows: NDArray[np.intp]) -> Tensor:
        change = self.config.picture_augmentation
        return altered(
            raw(self.data.signals[rows]),
            self.draws,
            brightness=change.brightness,
            contrast=change.contrast,
            noise=change.noise,
            flip=change.flip,
            shift=change.shift,
            crop=change.crop,
        )


def steps(records: int, fit: FitSettings) -> int:
    """Return how many batches an epoch has."""
    return records // fit.batch + (not fit.shuffle and records % fit.batch >= 2)
