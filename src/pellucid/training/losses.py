"""Losses over logits."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def bce_with_auxiliary(
    logits: Float[Tensor, "record output"],
    labels: Float[Tensor, "record class"],
    auxiliary: Float[Tensor, "record target"],
    known: Float[Tensor, "record target"],
    *,
    weight: float,
) -> Float[Tensor, ""]:
    """Return the mean binary cross-entropy over classes plus `weight` times the auxiliary one.

    Parameters
    ----------
    logits
        (record, class and auxiliary target), the classes first.
    labels
        (record, class), 0 or 1.
    auxiliary, known
        (record, target): 0 or 1, and whether the table says so; unknown ones add nothing.
    weight
        Of the auxiliary part, which is its sum divided by records and by classes: one target weighs as a class does.
    """
    classes = labels.shape[1]
    loss = binary_cross_entropy_with_logits(logits[:, :classes], labels)
    if auxiliary.shape[1] == 0:
        return loss
    extra = binary_cross_entropy_with_logits(logits[:, classes:], auxiliary, reduction="none")
    return loss + weight * (extra * known).sum() / (len(labels) * classes)
