"""Lead-wise Grad-CAM: a map for each lead, of a layer in which the leads have not met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from pellucid.attribution.activation import Activation, activation
from pellucid.attribution.attribution import Kind
from pellucid.attribution.forward import Forward
from pellucid.attribution.method import Method
from pellucid.attribution.methods.grad_cam import mapped
from pellucid.attribution.run import Run
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import generator

_DRAWS = 2  # random inputs: a feature that rests on one may answer to the other
_ROUNDING = 100.0  # spacings of floating-point numbers, of the largest value: less is no answer
_WANTED = (
    "It needs a layer that keeps the leads apart: unfolded, (batch, lead, feature, time), or with channels in groups "
    "of leads, (batch, lead x feature, time). Choose one with layer=; `grad_cam` gives one map for all leads"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadGradCam(Method):
    """Where in each lead a layer's features speak for the logit.

    a_lk = mean over cells of dz_c/dA_lk,   L_l = sum over k of a_lk A_lk

    Each lead has its own weights and map, (batch, target, lead, time), on the input's grid by linear interpolation
    between the true centres of the cells. That the leads are apart is tested with the first sample of a call: random
    inputs with noise in one lead must change this lead's features and no other's.

    Parameters
    ----------
    layer
        Dotted name. By default the last value with time before it is pooled away, after its activation.
    relu
        Keep only what speaks for the logit.
    allow_leak
        Answer also where the leads have met; the answer then bears the warning "leads mixed", and has one map for all
        leads, (batch, target, 1, time), where the channels are not even groups of as many as there are leads.

    Axioms: none of completeness.
    Cost: one pass forward; for each class the way back to the layer; with the first sample (inside `smooth_grad`, with
    every chunk of it) a pass forward for each lead, twice.
    Source: Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2, lead by lead. Departure: no ReLU by default, so
    that evidence against the class is kept.
    """

    recorded: ClassVar[bool] = True
    several_inputs: ClassVar[bool] = False

    layer: str | None = None
    relu: bool = False
    allow_leak: bool = False

    @property
    def kind(self) -> Kind:
        """Signed, unless the ReLU is asked for."""
        return "positive" if self.relu else "signed"

    def relevance(self, run: Run) -> Tensor:
        """Return the maps of the leads on the input's grid, one for all of them where its channels are no groups."""
        layer = run.activation()
        apart = _by_lead(layer, run.rows[0].shape)
        met = _met(layer, run) if apart is None else _leak(run) if 0 in run.samples else None
        if met is not None and not self.allow_leak:
            raise NotApplicableError(
                f"a map for each lead makes no sense where the leads have met: {met}. {_WANTED}, and allow_leak=True "
                "draws these all the same."
            )
        if met is not None:
            run.warn(f"leads mixed: {met}; what stands at a lead is not of this lead alone")
        return mapped(run, apart or layer, relu=self.relu)


def _by_lead(layer: Activation, shape: torch.Size) -> Activation | None:
    """Return a layer with its leads unfolded, (batch, lead, feature, time); None if its channels are no groups."""
    if len(shape) != 3:
        return None
    if layer.geometry.by_lead:
        return layer
    leads, arrange = shape[1], layer._arrange
    if leads < 2 or layer.values.shape[1] % leads:
        return None

    def unfolded(tensor: Tensor) -> Tensor:
        return torch.unflatten(arrange(tensor), 1, (leads, -1))

    return replace(
        layer,
        values=torch.unflatten(layer.values, 1, (leads, -1)),
        geometry=replace(layer.geometry, by_lead=True),
        _arrange=unfolded,
    )


def _met(layer: Activation, run: Run) -> str:
    shape = tuple(run.rows[0].shape[1:])
    if len(shape) != 2:
        return f"the input must be (lead, time), and has the shape {shape}"
    return f"{layer.geometry.layer} has {layer.values.shape[1]} channels, no groups of {shape[0]} leads"


def _leak(run: Run) -> str | None:
    """Return in words which lead's features change with another lead; None where all are apart."""
    shape = run.rows[0].shape[1:]
    for draw in range(_DRAWS):
        noise = _noise(run, draw)
        points = noise[:1].repeat(1 + shape[0], 1, 1)
        for lead in range(shape[0]):
            points[1 + lead, lead] = noise[1, lead]
        values = _values(run, points)
        least = _ROUNDING * torch.finfo(values.dtype).eps * values.abs().max()
        changed = (values[1:] - values[:1]).abs().flatten(2).amax(2) > least
        for lead, listener in changed.nonzero().tolist():
            if lead != listener:
                return f"noise in lead {lead} changes the features of lead {listener}"
    return None


def _noise(run: Run, draw: int) -> Tensor:
    """Return two random inputs with the size of the first sample's values."""
    first = run.rows[0][:1]
    size = first.square().mean().sqrt()
    drawn = generator(0, draw).standard_normal((2, *first.shape[1:]))
    return torch.from_numpy(drawn).to(first) * torch.where(size > 0, size, torch.ones_like(size))


def _values(run: Run, points: Tensor) -> Tensor:
    """Return the layer's values for these inputs, (row, lead, feature, time), in chunks that fit into memory."""
    step, pieces = run.together(), []
    for start in range(0, len(points), step):
        rows = points[start : start + step]
        arguments = run.question.arguments_for(torch.zeros(len(rows), dtype=torch.int64))
        values = activation(Forward(run.question, (rows,), arguments)).values
        pieces.append(values if values.ndim == 4 else torch.unflatten(values, 1, (rows.shape[1], -1)))
    return torch.cat(pieces)
