"""KernelSHAP: each part's fair share of what the logit gains from a baseline to the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from pellucid.attribution.coalitions import Masks, all_fit, every, kernel_weighted
from pellucid.attribution.run import Run
from pellucid.attribution.shapley import exact, regressed
from pellucid.attribution.surrogate import Array, Surrogate


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelShap(Surrogate):
    """The Shapley value of each part: its gain, averaged over all orders in which the parts can be put in.

    phi_i = sum over S without i of |S|! (n - 1 - |S|)! / n! (v(S + i) - v(S))

    v(S) is the logit with the parts outside S replaced. Up to 12 parts, and where `samples` is enough for it, all
    coalitions are looked at, and the values are exact; else they are the weighted regression on `samples` coalitions.
    The value of a part is spread evenly over its elements, so that it is their sum. In `details`: `weights`, the
    values, (batch, target, part), in the order of the labels, 0 where a sample lacks the part; `parts`, the label map
    used.

    A function may be given at the call, `rebuild=`: it gets perturbed inputs (row, *input) and returns them with what
    depends on the parts computed anew (the derived limb leads of an ECG out of I and II), where labels are -1. It must
    leave the input itself as it is, or the sum misses the score.

    Parameters
    ----------
    parts, samples, seed, baseline
        As for every `Surrogate`.

    Axioms: completeness, sum R = z_c(x) - z_c(x'), of the regression too; symmetry, dummy, linearity where exact.
    Cost: `samples` passes forward for each sample, 2^parts where all subsets are taken, for all classes together.
    Source: Lundberg and Lee 2017, arXiv 1705.07874, theorem 2. Departures: coalitions are drawn with their complements
    (Covert and Lee 2021, arXiv 2012.01536), and the sum is held by elimination where it gives a large weight.
    """

    options: ClassVar[tuple[str, ...]] = (*Surrogate.options, "rebuild")

    samples: int = 2048

    def design(self, count: int) -> tuple[Masks, Array]:
        """Return the coalitions, none of the parts first and all of them last, and the kernel of those between."""
        if all_fit(count, self.samples):
            return every(count), np.zeros(2**count)  # the closed form has its own weights
        masks, kernel = kernel_weighted(count, self.samples - 2, self.seed)
        none = np.zeros((1, count), dtype=np.bool_)
        return np.concatenate([none, masks, ~none]), np.pad(kernel, 1)

    def fitted(self, run: Run, masks: Masks, importance: Array, values: Array) -> Mapping[str, Array]:
        """Return the Shapley values, and what the score runs through."""
        count, ends = masks.shape[1], {"base": values[0], "variation": np.ptp(values, axis=0)}
        if len(masks) == 2**count:
            return {"weights": exact(values), **ends}
        shares, determined = regressed(masks[1:-1], importance[1:-1], values[1:-1], values[0], values[-1])
        if not determined:
            run.warn(f"{self.samples} samples do not decide the shares of {count} parts")
        return {"weights": shares, **ends}

    def declared(self, run: Run, found: dict[str, Tensor]) -> None:
        """Declare the values, and the score of the empty coalition that they add up from."""
        run.declare(base=found.pop("base"), variation=found.pop("variation"), details=found)
