"""Grad-CAM: a layer's maps, weighted by how the logit answers to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pellucid.attribution.activation import Activation
from pellucid.attribution.attribution import Kind
from pellucid.attribution.maps import interpolated
from pellucid.attribution.method import Method
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCam(Method):
    """Where in space or time a layer's features speak for the logit.

    a_k = mean over cells of dz_c/dA_k,   L = ReLU(sum over k of a_k A_k)

    The map comes on the input's grid by linear interpolation between the true centres of the cells, (batch, target, 1,
    *space). Where the layer keeps the leads apart, (batch, lead, feature, time), each lead has its own weights and map.

    Parameters
    ----------
    layer
        Dotted name. By default the last value with space or time before they are pooled away, after its activation.
    relu
        Keep only what speaks for the logit. A map without any is zero and marked empty.

    Axioms: none of completeness.
    Cost: one pass forward; for each class the way back to the layer only.
    Source: Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2.
    """

    recorded: ClassVar[bool] = True
    several_inputs: ClassVar[bool] = False

    layer: str | None = None
    relu: bool = True

    @property
    def kind(self) -> Kind:
        """Positive, unless the ReLU is left out."""
        return "positive" if self.relu else "signed"

    def relevance(self, run: Run) -> Tensor:
        """Return the map on the input's grid."""
        return mapped(run, run.activation(), relu=self.relu)


def mapped(run: Run, layer: Activation, *, relu: bool) -> Tensor:
    """Return a layer's map on the input's grid, and declare where its cells lie and what to doubt of it."""
    cells = torch.stack([_map(layer, gradient, relu) for gradient in layer.gradients(run.classes)], 1)
    run.declare(geometry=layer.geometry, cells=cells)
    doubts(run, layer)
    return interpolated(cells, layer.geometry, run.inputs.shape[3:])


def doubts(run: Run, layer: Activation) -> None:
    """Warn of a layer whose cells' places were guessed, or of which only the last call is shown."""
    if layer.guessed:
        run.warn("the places of the layer's cells could not be followed; they are taken to divide the input evenly")
    if len(run.forward.capture.calls) > 1:
        run.warn(f"the layer is called {len(run.forward.capture.calls)} times in one pass; its last call is shown")


def _map(layer: Activation, gradient: Tensor, relu: bool) -> Tensor:
    """Return one class's map on the cells, (batch, 1 or lead, *cells)."""
    weights = gradient.mean(layer.space, keepdim=True)
    feature = 2 if layer.geometry.by_lead else 1
    total = (weights * layer.values).sum(feature, keepdim=not layer.geometry.by_lead)
    return total.clamp(min=0) if relu else total
