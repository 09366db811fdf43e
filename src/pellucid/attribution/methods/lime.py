"""LIME: a linear model of how the logit answers when parts of the input are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from pellucid.attribution.coalitions import Masks, all_fit, every, folded, group_size
from pellucid.attribution.run import Run
from pellucid.attribution.surrogate import Array, Surrogate
from pellucid.attribution.surrogate_fit import effective, fitted
from pellucid.core.errors import SettingError

_WIDTH = 0.85  # sigma: a copy with half of its parts kept counts half
_LEAST_R2 = 0.5
_ROWS_A_WEIGHT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lime(Surrogate):
    """What each part of the input adds to the logit, in the linear model that fits best near the input.

    w = argmin sum over z of pi(z) (f(z) - b - z w)^2 + lambda |w|^2,   pi(z) = exp(-D(z)^2 / 0.85^2)

    z in {0, 1} says which parts are kept, D(z)^2 = 1 - mean(z) how far that is from the input. The weight of a part is
    spread evenly over its elements, so that it is their sum. In `details`: `weights` (batch, target, part), in the
    order of the labels, 0 where a sample lacks the part; `parts`, the label map used; `intercept`, the weighted `r2`
    and `effective_samples` = (sum pi)^2 / sum pi^2, (batch, target).

    Parameters
    ----------
    parts, samples, seed, baseline
        As for every `Surrogate`.
    parts_kept
        Keep that many weights at most, chosen along the Lasso path (K-Lasso) and fitted again with a ridge of 1e-3.

    Axioms: linearity; none of completeness: intercept + sum of weights is the surrogate's score, not the network's.
    Cost: `samples` passes forward for each sample, 2^parts where all subsets are taken, for all classes together.
    Source: Ribeiro et al. 2016, arXiv 1602.04938, equation 1, algorithm 1. Departures: rows of Hadamard matrices with
    their complements where it draws masks at random; ridge with a penalty that leaving rows out chooses (none where
    all masks are there), where it has K-Lasso; this distance and width, where its package takes the cosine and 0.25.
    With fewer rows than 2 to 4 a part, which all complements need, the masks keep products of two parts that follow
    each other in number apart from the parts' own weights; the ridge fits these products beside them and drops them.
    """

    parts_kept: int | None = None

    def __post_init__(self) -> None:
        Surrogate.__post_init__(self)  # a dataclass with slots has no super()
        if self.parts_kept is not None and self.parts_kept < 1:
            raise SettingError(f"parts_kept must be 1 or more; got {self.parts_kept}.")

    def design(self, count: int) -> tuple[Masks, Array]:
        """Return all subsets, or a design of fewer, and how near each row is."""
        masks = every(count) if all_fit(count, self.samples) else folded(count, self.samples, self.seed)
        return masks, np.exp((masks.mean(1) - 1) / _WIDTH**2)

    def fitted(self, run: Run, masks: Masks, importance: Array, values: Array) -> Mapping[str, Array]:
        """Return the linear model and how well it fits."""
        count, size = masks.shape[1], effective(importance)
        model = fitted(masks, values, importance, self.parts_kept, group_size(count, self.samples))
        if model.r2.min() < _LEAST_R2:
            run.warn(
                f"the weighted R2 lies below {_LEAST_R2} (details['r2']): a sum over these parts does not describe "
                "the score"
            )
        wanted = _ROWS_A_WEIGHT * min(count, self.parts_kept or count)
        if len(masks) < 2**count and size < wanted:
            run.warn(f"{size:.0f} effective samples are few for these parts; {wanted} or more are wanted")
        return {
            "weights": model.weights,
            "intercept": model.intercept,
            "r2": model.r2,
            "effective_samples": np.full(len(model.r2), size),
        }

    def declared(self, run: Run, found: dict[str, Tensor]) -> None:
        """Declare the model."""
        run.declare(details=found)
