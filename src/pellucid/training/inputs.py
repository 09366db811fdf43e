"""Rows of a data set as a network's input, a batch at a time: the same as the network's card does to one record."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.slices import SliceDataset
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.records.leads import STANDARD

Preparation = EcgPreparation | SlicePreparation


def rows_of(source: Dataset, preparation: Preparation) -> NDArray[np.int16] | NDArray[np.uint8]:
    """Return all records of a data set: (record, lead, sample) in microvolts or (record, row, column) of 0 to 255.

    Raises
    ------
    InvalidInputError
        When one is of ECGs and the other of slices.
    UnreadableFileError
        Naming the first file that cannot be read.
    """
    if isinstance(preparation, SlicePreparation) != isinstance(source, SliceDataset):
        reads = "slices" if isinstance(preparation, SlicePreparation) else "ECGs"
        raise InvalidInputError(f"the network reads {reads}; data set {source.name} holds none. Choose another.")
    try:
        if isinstance(preparation, SlicePreparation) and isinstance(source, SliceDataset):
            return source.pictures(preparation.size)
        return source.signals()
    except UnreadableFileError as error:
        raise UnreadableFileError(
            f"{error} Or leave it out: pellucid audit writes a split file without what cannot be read, which "
            f"{source.name} takes as ,split=FILE."
        ) from error


def raw(rows: NDArray[np.int16] | NDArray[np.uint8]) -> Tensor:
    """Return signals (record, lead, sample) in mV, or pictures (record, 1, row, column) of 0 to 1."""
    values = torch.from_numpy(rows.astype(np.float32))
    return values[:, None] / 255 if rows.dtype == np.uint8 else values / 1000


def prepared(values: Tensor, preparation: Preparation | None, sampling_rate: float) -> Tensor:
    """Return what the network reads of `raw` values.

    Parameters
    ----------
    values
        Signals in mV at `sampling_rate`, of the standard leads or of those that the preparation names; or pictures.
    preparation
        None leaves them as they are.
    """
    if isinstance(preparation, SlicePreparation):
        mean, std = (torch.tensor(numbers).view(1, -1, 1, 1) for numbers in (preparation.mean, preparation.std))
        return (values.expand(-1, preparation.channels, -1, -1) - mean) / std
    if preparation is None:
        return values
    if values.shape[1] == len(STANDARD) and preparation.leads != STANDARD:
        values = values[:, [STANDARD.index(lead) for lead in preparation.leads]]
    if _is_ready(preparation, sampling_rate, values.shape[-1]):
        return values
    return torch.from_numpy(preparation.batch(values.numpy(), sampling_rate))


def input_batches(
    rows: NDArray[np.int16] | NDArray[np.uint8], preparation: Preparation | None, sampling_rate: float, size: int = 64
) -> Iterator[Tensor]:
    """Yield what the network reads of all rows, so many at a time."""
    for start in range(0, len(rows), size):
        yield prepared(raw(rows[start : start + size]), preparation, sampling_rate)


def _is_ready(preparation: EcgPreparation, sampling_rate: float, samples: int) -> bool:
    same = preparation.sampling_rate == sampling_rate and not preparation.filters
    plain = preparation.gain == 1 and preparation.unit == "mV"
    shorter = preparation.padding == "none" and samples < preparation.length
    return same and plain and (samples == preparation.length or shorter)
