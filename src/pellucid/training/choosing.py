"""The records that decide which epoch is kept: a network's loss and score on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.training.fit_settings import LossSettings
from pellucid.training.inputs import input_batches
from pellucid.training.losses import plain_loss
from pellucid.training.ranking import Ranking


@dataclass(frozen=True, slots=True, eq=False)
class ChoosingSet:
    """The records that decide when to stop: as in `TrainingSet`, with labels of the network's classes."""

    signals: NDArray[np.int16] | NDArray[np.uint8]
    labels: NDArray[np.bool_]
    sampling_rate: float = float("nan")
    preparation: EcgPreparation | SlicePreparation | None = None


@torch.no_grad()
def choosing_logits(module: nn.Module, data: ChoosingSet, device: torch.device) -> Tensor:
    """Return (record, class) of the choosing set, in eval mode. Cost: one forward pass a record."""
    module.eval()
    reference = next(module.parameters())
    return torch.cat(
        [
            module(inputs.to(device, reference.dtype))[:, : data.labels.shape[1]].double().cpu()
            for inputs in input_batches(data.signals, data.preparation, data.sampling_rate)
        ]
    )


def choosing_loss(
    module: nn.Module, data: ChoosingSet, device: torch.device, settings: LossSettings | None = None
) -> float:
    """Return the loss of the classes alone, without class weights; binary cross-entropy where none is named."""
    labels = torch.from_numpy(data.labels).double()
    return float(plain_loss(settings or LossSettings(), choosing_logits(module, data, device), labels))


def choosing_figures(
    module: nn.Module, data: ChoosingSet, device: torch.device, settings: LossSettings
) -> dict[str, float]:
    """Return `choosing_loss`, `choosing_score` (higher is better) and, for exclusive classes, `choosing_accuracy`.

    The score is balanced accuracy (the mean recall of the classes that are there) with cross-entropy, else the mean
    AUC of the classes that have positives and negatives, 0.5 where there is none.
    """
    logits = choosing_logits(module, data, device)
    figures = {"choosing_loss": float(plain_loss(settings, logits, torch.from_numpy(data.labels).double()))}
    values = logits.numpy()
    if settings.name == "cross_entropy":
        right = values.argmax(axis=1) == data.labels.argmax(axis=1)
        recalls = [right[has].mean() for has in data.labels.T if has.any()]
        return figures | {"choosing_score": float(np.mean(recalls)), "choosing_accuracy": float(right.mean())}
    return figures | {"choosing_score": macro_auc(values, data.labels)}


def macro_auc(values: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """Return the mean area under the ROC curve of the classes with positives and negatives, 0.5 without any."""
    if not np.isfinite(values).all():
        return 0.5
    everyone, once = np.arange(len(values)), np.ones((len(values), 1))
    areas = [
        Ranking(value, has, everyone, len(values)).auc_and_average_precision(once)[0].item()
        for value, has in zip(values.T, labels.T, strict=True)
        if has.any() and not has.all()
    ]
    return float(np.mean(areas)) if areas else 0.5
