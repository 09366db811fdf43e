"""Where relevance went: score = sum of relevance + what biases, epsilon and constants took, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pellucid.core.errors import InvalidInputError

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

    def table(self, sample: int = 0, target: int = 0) -> pd.DataFrame:
        """Return columns layer, cause, relevance of one sample and target, in the order of execution.

        Parameters
        ----------
        sample, target
            Positions in the batch and among the targets asked for.

        Raises
        ------
        InvalidInputError
            For a sample or target that there is not.
        """
        import pandas as pd

        lines = {line: taken.reshape(len(taken), -1) for line, taken in self.lines.items()}
        count = next(iter(lines.values())).shape
        if not (0 <= sample < count[0] and 0 <= target < count[1]):
            raise InvalidInputError(
                f"ledger.table needs a sample in 0 to {count[0] - 1} and a target in 0 to {count[1] - 1}; got "
                f"{sample} and {target}."
            )
        rows = [(layer, cause, float(taken[sample, target])) for (layer, cause), taken in lines.items()]
        return pd.DataFrame(rows[::-1], columns=["layer", "cause", "relevance"])

    def _repr_html_(self) -> str:
        return self.table().to_html(index=False, border=0)


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
