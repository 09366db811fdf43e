"""Guided Grad-CAM: the fine picture of guided backprop where Grad-CAM says that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from pellucid.attribution.method import Method
from pellucid.attribution.methods.grad_cam import GradCam
from pellucid.attribution.methods.guided_backprop import GuidedBackprop
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidedGradCam(Method):
    """Grad-CAM on the input's grid times guided backprop.

    Parameters
    ----------
    layer
        Of Grad-CAM; a dotted name, by default found as there.

    Axioms: none. Its fine structure is that of guided backprop, which hardly depends on class and weights.
    Cost: two passes forward; for each class one way back and one to the layer.
    Source: Selvaraju et al. 2017, arXiv 1610.02391, section 3.2. Grad-CAM is interpolated linearly between the true
    centres of its cells.
    """

    recorded: ClassVar[bool] = True
    several_inputs: ClassVar[bool] = False

    layer: str | None = None

    @property
    def looks_back(self) -> bool:
        """Guided backprop does."""
        return True

    def relevance(self, run: Run) -> Tensor:
        """Return the product."""
        return GradCam(layer=self.layer).relevance(run) * GuidedBackprop().relevance(run)
