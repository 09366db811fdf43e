"""One scale for all of a map: how strong relevance must be to show in full colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERCENTILE = 99.5
KINDS = ("signed", "positive")


@dataclass(frozen=True, slots=True)
class Scale:
    """Relevance of `limit` or more (in size) is shown in full colour; 0 says that the map is empty.

    `chosen` is True where the caller gave the limit, False where it is the 99.5th percentile of |relevance|.
    """

    limit: float
    kind: str = "signed"
    chosen: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.limit == 0

    @property
    def words(self) -> str:
        """What the colour bar says about itself."""
        if self.empty:
            return "the map is empty: zero everywhere"
        if self.chosen:
            return f"full colour from {self.limit:.3g} on, as chosen;\none scale for the whole map"
        rank = f"the {PERCENTILE:g}th percentile\nof |relevance|"
        return f"full colour from {self.limit:.3g} on, {rank}; one scale for the whole map"


def scale_of(relevance: NDArray[np.floating], *, kind: str | None = None, limit: float | None = None) -> Scale:
    """Return the scale of a map: its 99.5th percentile of |relevance|, or the given limit.

    Parameters
    ----------
    relevance
        Any shape. A map whose percentile is zero (nearly all of it is) is scaled to its largest value.
    kind
        "signed" or "positive"; by default signed if any value is below zero.

    Raises
    ------
    InvalidInputError
        For values that are not finite, negative ones in a positive map, or a limit that is not above zero.
    """
    values = np.asarray(relevance, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InvalidInputError("relevance must be finite; got NaN or infinite values.")
    lowest = float(values.min(initial=0.0))
    kind = kind or ("signed" if lowest < 0 else "positive")
    if kind not in KINDS:
        raise InvalidInputError(f"kind of relevance must be 'signed' or 'positive'; got {kind!r}.")
    if kind == "positive" and lowest < 0:
        raise InvalidInputError(f"relevance of kind 'positive' must not be below 0; got {lowest:g}. Say kind='signed'.")
    if limit is not None:
        if not 0 < limit < np.inf:
            raise InvalidInputError(f"scale must be a relevance above 0; got {limit!r}.")
        return Scale(float(limit), kind, chosen=True)
    sizes = np.abs(values)
    robust = float(np.percentile(sizes, PERCENTILE)) if sizes.size else 0.0
    return Scale(robust or float(sizes.max(initial=0.0)), kind)
