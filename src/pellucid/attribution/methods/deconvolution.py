"""Deconvolution: back through transposed filters and switches, positive only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from pellucid.attribution.method import Method
from pellucid.attribution.rules.rectified import at_rectifiers, deconvolved, reserve
from pellucid.attribution.rules.way_back import changed_gradients
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Deconvolution(Method):
    """The input pattern that a deconvolutional network makes of the logit.

    At y = max(x, 0):   c_x = max(c_y, 0), wherever x was positive

    Max-pools are undone by their switches, the places where the largest value stood. Rectifiers are those that
    `guided_backprop` knows.

    Parameters
    ----------
    switches
        Keep the switches in `details["switches of LAYER"]`: for each pooled cell the place of the largest value,
        counted along the flattened axes in space or time. `pellucid look --layer` of a max pool draws them.

    Axioms: none. Known to look alike for every class and for random weights.
    Cost: one pass forward, for each class one back.
    Source: Zeiler and Fergus 2014, arXiv 1311.2901, section 2.1.
    """

    taped: ClassVar[bool] = True

    switches: bool = False

    def relevance(self, run: Run) -> Tensor:
        """Return the deconvolved logit."""
        found = run.once(self.name, lambda: changed_gradients(run, lambda t: at_rectifiers(t, deconvolved, self.name)))
        remark = reserve(run.recorded.tape)
        if remark is not None:
            run.warn(remark)
        if self.switches:
            run.declare(details=_switches(run))
        return found[run.number]


def _switches(run: Run) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for node in run.recorded.tape.nodes:
        if node.operator.startswith(("max_pool", "adaptive_max_pool")):
            source, places = node.values()[0].node, node.outs[1].data
            if source is not None and source.operator == "unsqueeze":  # torch pools over time as over an image
                places = places.squeeze(-2)
            name = f"switches of {node.place or node.operator}"
            name = name if name not in found else f"{name}, operation {node.index}"
            found[name] = places[:, None].expand(len(places), run.classes.shape[1], *places.shape[1:])
    return found
