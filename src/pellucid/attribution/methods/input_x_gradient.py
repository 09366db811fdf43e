"""Input times gradient: each input's share of the logit, to first order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from pellucid.attribution.method import Method
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class InputXGradient(Method):
    """Input times gradient: the first-order share of each input in the logit.

    R = x * dz_c/dx

    Axioms: none in general; completeness for piecewise linear networks without biases. Blind where the input is zero,
    whatever the network does with a zero.
    Cost: one pass forward, one back a class.
    Source: Shrikumar et al. 2016, arXiv 1605.01713, section 3.
    """

    def relevance(self, run: Run) -> Tensor:
        """Return the input times the gradient."""
        return run.inputs * run.gradient()
