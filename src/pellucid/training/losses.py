"""Losses over logits: what a configuration asks for, as a function of logits and batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from pellucid.training.fit_settings import LossSettings

if TYPE_CHECKING:
    from pellucid.training.batches import Batch

Loss = Callable[[Tensor, "Batch"], Tensor]
"""From logits (record, class and auxiliary target) and their batch to a number."""


def loss_of(settings: LossSettings, labels: NDArray[np.bool_], *, weight: float) -> Loss:
    """Return the loss of a configuration.

    Parameters
    ----------
    settings
        Which, and with what class weights. Without a name it is `bce`.
    labels
        (record, class) of the training set, which the class weights are counted on.
    weight
        Of the auxiliary part, which is divided as the classes' part is: one target weighs as a class does.

    Notes
    -----
    With p the sigmoid: bce = -log p or -log(1-p); mse = (p - y)^2, both the mean over records and classes;
    focal = alpha sum_c [y (1-p)^gamma + (1-y) p^gamma] bce_c, the mean over records (S1: alpha multiplies both signs).
    Cross-entropy is of the softmax, the mean over records. Balanced weights are N / (K n_c) for class c of K with n_c
    of N records; where classes do not exclude each other N / (2 n) for the positives and for the negatives of each.
    """
    counts = labels.sum(axis=0)
    if settings.name == "cross_entropy":
        weights = torch.from_numpy(_balance(counts, len(labels), labels.shape[1])).float()
        return lambda logits, batch: _exclusive(logits, batch.labels, weights if _balanced(settings) else None)
    positives, negatives = (
        torch.from_numpy(_balance(some, len(labels), 2)).float() for some in (counts, len(labels) - counts)
    )

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        classes = batch.labels.shape[1]
        each = by_class(settings, logits[:, :classes], batch.labels)
        if _balanced(settings):
            each = each * torch.where(batch.labels > 0, positives.to(each), negatives.to(each))
        total = each.sum()
        if batch.auxiliary.shape[1]:
            extra = by_class(settings, logits[:, classes:], batch.auxiliary)
            total = total + weight * (extra * batch.known).sum()
        return total / (len(each) if settings.name == "focal" else each.numel())

    return loss


def plain_loss(
    settings: LossSettings, logits: Float[Tensor, "record class"], labels: Float[Tensor, "record class"]
) -> Tensor:
    """Return the loss of the classes alone, without class weights: what epochs are compared by."""
    if settings.name == "cross_entropy":
        return _exclusive(logits, labels, None)
    each = by_class(settings, logits, labels)
    return each.sum() / (len(each) if settings.name == "focal" else each.numel())


def by_class(
    settings: LossSettings, logits: Float[Tensor, "record class"], labels: Float[Tensor, "record class"]
) -> Float[Tensor, "record class"]:
    """Return the loss of each class of each record, for the losses that have a sigmoid a class."""
    if settings.name == "mse":
        return (torch.sigmoid(logits) - labels).square()
    each = binary_cross_entropy_with_logits(logits, labels, reduction="none")
    if settings.name == "focal":
        alpha, gamma = settings.focus
        # (1 - p)^gamma by its logarithm: with gamma below 1 the power itself has no gradient where p rounds to 1.
        wrong = labels * logsigmoid(-logits) + (1 - labels) * logsigmoid(logits)
        each = alpha * torch.exp(gamma * wrong) * each
    return each


def _exclusive(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    target = labels.argmax(dim=1)
    each = cross_entropy(logits, target, reduction="none")
    return (each if weights is None else each * weights.to(each)[target]).mean()


def _balanced(settings: LossSettings) -> bool:
    return settings.class_weights == "balanced"


def _balance(counts: NDArray[np.int64], records: int, kinds: int) -> NDArray[np.float64]:
    """Return N / (kinds n) for each count, 0 where there is none."""
    return np.where(counts > 0, records / (kinds * np.maximum(counts, 1)), 0.0)
