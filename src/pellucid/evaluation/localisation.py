"""Whether relevance stands where the truth does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from pellucid.core.errors import InvalidInputError
from pellucid.core.randomness import generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """How much more positive relevance stands in a mask than its area would get by chance.

    Attributes
    ----------
    share
        Of the positive relevance, inside the mask (0 to 1).
    area
        Of the record, inside the mask (0 to 1).
    value
        `share / area`: 1 is chance, `1 / area` the most.
    moved
        The same with the mask moved in time, the mean of several moves: what knowing the leads alone is worth.
    """

    share: float
    area: float
    value: float
    moved: float


def mask_lift(
    relevance: Float[np.ndarray, "lead sample"],
    mask: Bool[np.ndarray, "_lead _sample"],
    *,
    moves: int = 20,
    seed: int = 0,
) -> Lift:
    """Return the lift of positive relevance in a mask, beside that of the mask moved in time.

    Parameters
    ----------
    relevance
        (lead, sample).
    mask
        Of the same shape, neither empty nor full.
    moves
        Circular shifts, drawn evenly over the record.

    Raises
    ------
    InvalidInputError
        When shapes differ, or the mask holds nothing or everything.

    Notes
    -----
    Zero where no relevance is positive. Source: relevance mass accuracy (Arras et al. 2022, arXiv 2003.07258), divided
    by the area.
    """
    if relevance.shape != mask.shape or relevance.ndim != 2:
        raise InvalidInputError(
            f"relevance and mask must be of one shape (lead, sample); got {relevance.shape}, {mask.shape}."
        )
    if not mask.any() or mask.all():
        raise InvalidInputError("the mask must hold some of the record, not nothing and not everything.")
    positive = np.clip(relevance, 0, None)
    total = float(positive.sum())
    area = float(mask.mean())
    if total == 0:
        return Lift(share=0.0, area=area, value=0.0, moved=0.0)
    share = float(positive[mask].sum()) / total
    shifts = generator(seed).integers(1, mask.shape[1], size=moves)
    moved = np.mean([positive[np.roll(mask, shift, axis=1)].sum() for shift in shifts]) / total
    return Lift(share=share, area=area, value=share / area, moved=float(moved) / area)
