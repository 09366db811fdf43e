"""Random: a floor that looks at nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.attribution.attribution import Kind
from pellucid.attribution.method import Method
from pellucid.attribution.run import Run
from pellucid.core.errors import SettingError
from pellucid.core.provenance import array_hash
from pellucid.core.randomness import generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Random(Method):
    """Noise, evenly between 0 and 1: what a method must beat to say anything.

    The noise follows from the seed, the sample's own values and the class, so that a sample has the same alone and in
    a batch, and two samples have not.

    Parameters
    ----------
    seed
        0 or more.

    Axioms: none.
    Cost: none but the pass that gives the score.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingError(f"seed must be 0 or more; got {self.seed}.")

    @property
    def kind(self) -> Kind:
        """Always positive."""
        return "positive"

    def relevance(self, run: Run) -> Tensor:
        """Return noise for each sample and class."""
        samples = run.rows[run.number]
        noise = [
            torch.stack([self._noise(sample, int(number), run.number) for number in numbers])
            for sample, numbers in zip(samples, run.classes, strict=True)
        ]
        return torch.stack(noise)

    def _noise(self, sample: Tensor, number: int, which: int) -> Tensor:
        content = int(array_hash(sample.detach().cpu().float().numpy())[:16], 16)
        noise = generator(self.seed, content, number, which).random(tuple(sample.shape))
        return torch.from_numpy(noise).to(sample)
