"""Class activation map: the exact share of each cell in a logit that is a sum over cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pellucid.attribution.activation import Activation
from pellucid.attribution.additive import HasAdditiveMap
from pellucid.attribution.maps import Geometry, distributed
from pellucid.attribution.method import Method
from pellucid.attribution.methods.grad_cam import doubts
from pellucid.attribution.run import Run
from pellucid.core.errors import NotApplicableError

_EVEN = 1e-4  # of the largest weight: how far a mean's weights may differ between cells in float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Cam(Method):
    """Each cell's exact share of the logit, where the network is a sum over cells.

    M[cell] = sum over k of w_ck A_k[cell] / cells,   sum of M + bias = z_c

    For a head of mean pooling and one linear layer, and for a network that offers its own `additive_map` (LeadNet),
    whose maps keep the leads apart. A share lies evenly on the samples of its cell, so that the sum is kept.

    Parameters
    ----------
    layer
        Dotted name of the values that are pooled. By default they are found.

    Axioms: completeness up to the bias, which is `base`.
    Cost: one pass forward; for each class the way back through the head. Of a network's own map: two passes forward.
    Source: Zhou et al. 2016, arXiv 1512.04150, equation 2. Departures: divided by the number of cells, so that the map
    adds up to the logit; a share is spread over its own samples, not interpolated.
    """

    recorded: ClassVar[bool] = True
    several_inputs: ClassVar[bool] = False

    layer: str | None = None

    def relevance(self, run: Run) -> Tensor:
        """Return the shares on the input's grid."""
        module = run.question.module
        if self.layer is None and isinstance(module, HasAdditiveMap):
            cells, geometry, bias = _own_map(module, run)
        else:
            cells, geometry, bias = _map_of_head(run)
        run.declare(geometry=geometry, cells=cells, base=bias, variation=cells.abs().flatten(2).sum(-1))
        return distributed(cells, geometry, run.inputs.shape[3:])


def _own_map(module: HasAdditiveMap, run: Run) -> tuple[Tensor, Geometry, Tensor]:
    with torch.no_grad():
        rows = run.rows[0].clone()  # a module may write into what it is given
        shares = module.additive_map(rows, *run.question.arguments_for(run.samples))
    maps = shares.maps
    leads = run.rows[0].shape[1]
    if maps.ndim != 4 or maps.shape[2] != leads:
        raise NotApplicableError(
            f"additive_map must give maps of the shape (batch, class, lead, cell) for {leads} leads; it gives "
            f"{tuple(maps.shape)}."
        )
    chosen = run.classes.to(maps.device)
    cells = maps.gather(1, chosen[:, :, None, None].expand(-1, -1, *maps.shape[2:]))
    bias = shares.bias.detach().expand(len(maps), maps.shape[1]).gather(1, chosen)
    place = Geometry("additive_map", (maps.shape[3],), (float(shares.offset),), (float(shares.jump),), None, True)
    return cells, place, bias


def _map_of_head(run: Run) -> tuple[Tensor, Geometry, Tensor]:
    layer = run.activation()
    obstacle = layer.obstacle()
    if obstacle is not None:
        raise NotApplicableError(_refusal(obstacle))
    doubts(run, layer)
    cells = torch.stack([_shares(layer, gradient) for gradient in layer.gradients(run.classes)], 1)
    return cells, layer.geometry, run.scores() - cells.flatten(2).sum(-1)


def _shares(layer: Activation, gradient: Tensor) -> Tensor:
    spread = gradient.amax(layer.space) - gradient.amin(layer.space)
    if bool((spread > _EVEN * gradient.abs().max()).any()):
        raise NotApplicableError(_refusal("the head weighs the positions differently"))
    feature = 2 if layer.geometry.by_lead else 1
    return (gradient * layer.values).sum(feature, keepdim=not layer.geometry.by_lead)


def _refusal(obstacle: str) -> str:
    return (
        f"a class activation map needs a head of mean pooling and one linear layer; {obstacle}. "
        "`grad_cam` takes any head; layer= chooses other values."
    )
