"""Training batches, the same for the same seed and epoch whatever came before: that makes resuming exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.core.randomness import generator, torch_generator
from pellucid.datasets.augmentation import disturbed, stretches
from pellucid.training.settings import AugmentationSettings, Stage


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Signals (record, lead, sample) in mV with 0/1 labels, auxiliary targets and where these are known."""

    signals: Tensor
    labels: Tensor
    auxiliary: Tensor
    known: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Everything in memory or memory-mapped: signals in microvolts, labels and auxiliary targets, row by row."""

    signals: NDArray[np.int16]
    labels: NDArray[np.bool_]
    auxiliary: NDArray[np.bool_]
    known: NDArray[np.bool_]
    sampling_rate: float


class EpochBatches:
    """One epoch of shuffled, cut and disturbed batches; the last incomplete one is dropped."""

    def __init__(
        self, data: TrainingSet, stage: Stage, augmentation: AugmentationSettings, *, batch: int, seed: int, epoch: int
    ) -> None:
        self.data = data
        self.stage = stage
        self.augmentation = augmentation
        self.batch = batch
        self.order = generator(seed, epoch).permutation(len(data.signals))
        self.draws = torch_generator(int(generator(seed, epoch, 1).integers(2**31)))

    def __len__(self) -> int:
        return len(self.order) // self.batch

    def __iter__(self) -> Iterator[Batch]:
        data, change = self.data, self.augmentation
        for step in range(len(self)):
            rows = np.sort(self.order[step * self.batch : (step + 1) * self.batch])
            choice = int(torch.randint(len(self.stage.seconds), (), generator=self.draws))
            samples = min(round(self.stage.seconds[choice] * data.sampling_rate), data.signals.shape[-1])
            signals = stretches(data.signals, rows.tolist(), samples, self.draws)
            signals = disturbed(
                signals, data.sampling_rate, self.draws, gain=change.gain, wander=change.wander, noise=change.noise
            )
            yield Batch(
                signals,
                torch.from_numpy(data.labels[rows]).float(),
                torch.from_numpy(data.auxiliary[rows]).float(),
                torch.from_numpy(data.known[rows]).float(),
            )
