"""Guided backprop: the gradient, positive only, at every rectifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from pellucid.attribution.method import Method
from pellucid.attribution.rules.rectified import at_rectifiers, guided, reserve
from pellucid.attribution.rules.way_back import changed_gradients
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidedBackprop(Method):
    """The gradient with what is negative cut off at every rectifier on the way back.

    At y = max(x, 0):   c_x = 1[x > 0] * max(c_y, 0)

    As module, function, in place, scripted, used many times. Known as rectifiers are ReLU and ReLU6, threshold,
    hardtanh and clamp from zero on, maximum and fmax with zero, x * (x > 0) and where(x > 0, x, 0); what is written in
    another way, such as (x + |x|) / 2, keeps the plain gradient.

    Axioms: none. Known to look alike for every class and for random weights: a picture of edges, not of reasons.
    Cost: one pass forward, for each class one back.
    Source: Springenberg et al. 2015, arXiv 1412.6806, section 3.4.
    """

    taped: ClassVar[bool] = True

    def relevance(self, run: Run) -> Tensor:
        """Return the guided gradient."""
        found = run.once(self.name, lambda: changed_gradients(run, lambda t: at_rectifiers(t, guided, self.name)))
        remark = reserve(run.recorded.tape)
        if remark is not None:
            run.warn(remark)
        return found[run.number]
