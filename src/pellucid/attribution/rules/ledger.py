"""Where relevance went: score = sum of relevance + what biases, epsilon and constants took, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import pandas as pd

BIAS, EPSILON, CONSTANTS, NOT_CONSERVED = "bias", "epsilon", "constants", "not conserved by the rule"
Line = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """What was taken on the way back, by layer and cause.

    Attributes
    ----------
    lines
        (layer, cause) -> relevance, shape (batch,) or (batch, target). A layer is the dotted name of the submodule in
        which the operation ran, and the operation. Causes: bias, epsilon, constants, "not conserved by the rule".
    """

    lines: Mapping[Line, Tensor]

    def total(self) -> Tensor:
        """Return all that was taken, shape (batch,) or (batch, target)."""
        return torch.stack(list(self.lines.values())).sum(0)

    def table(self, *where: int) -> pd.DataFrame:
        """Return columns layer, cause, relevance of one sample (and target), in the order of execution."""
        import pandas as pd

        rows = [(layer, cause, float(taken[where])) for (layer, cause), taken in self.lines.items()]
        return pd.DataFrame(rows[::-1], columns=["layer", "cause", "relevance"])

    def _repr_html_(self) -> str:
        first = next(iter(self.lines.values()))
        return self.table(*(0,) * first.ndim).to_html(index=False, border=0)


class Book:
    """Collects the lines of one way back, each of shape (batch,)."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.lines: dict[Line, Tensor] = {}

    def take(self, layer: str, cause: str, rows: Tensor) -> None:
        """Add what an operation took of each row; rows are samples, or samples with another axis folded in."""
        taken = rows.reshape(self.batch, -1).sum(1)
        known = self.lines.get((layer, cause))
        self.lines[layer, cause] = taken if known is None else known + taken
