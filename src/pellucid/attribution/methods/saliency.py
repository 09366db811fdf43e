"""Saliency: the size of the gradient."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from pellucid.attribution.attribution import Kind
from pellucid.attribution.method import Method
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Saliency(Method):
    """How strongly the logit answers to a small change of each input.

    R = |dz_c/dx|, or dz_c/dx with `signed`

    Parameters
    ----------
    signed
        Keep the sign of the gradient.

    Axioms: none of completeness; says nothing of how much an input contributed.
    Cost: one pass forward, one back a class.
    Source: Simonyan et al. 2014, arXiv 1312.6034, section 3. For colour images they take the largest over the channels;
    here each channel keeps its own.
    """

    signed: bool = False

    @property
    def kind(self) -> Kind:
        """Positive, unless the sign was asked for."""
        return "signed" if self.signed else "positive"

    def relevance(self, run: Run) -> Tensor:
        """Return the gradient, without its sign by default."""
        gradient = run.gradient()
        return gradient if self.signed else gradient.abs()
