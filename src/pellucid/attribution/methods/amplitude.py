"""Amplitude: a floor that looks at the signal only, never at the network."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from pellucid.attribution.attribution import Kind
from pellucid.attribution.baseline import median
from pellucid.attribution.method import Method
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplitude(Method):
    """How far each sample lies from the middle of its channel: what a method must beat to have read the network.

    R = |x - median(x)|, the median over space or time, channel by channel

    Axioms: none; the same for every class and every network.
    Cost: none but the pass that gives the score.
    """

    @property
    def kind(self) -> Kind:
        """Always positive."""
        return "positive"

    def relevance(self, run: Run) -> Tensor:
        """Return the distance from the median of each channel."""
        inputs = run.inputs
        middle = median(inputs.flatten(min(3, inputs.ndim - 1)))
        return (inputs - middle.reshape(middle.shape + (1,) * (inputs.ndim - middle.ndim))).abs()
