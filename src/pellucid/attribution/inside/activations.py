"""What a layer says of some inputs, channel by channel, at the true places of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pellucid.attribution.acceptance import accepted
from pellucid.attribution.activation import activation
from pellucid.attribution.budget import DEFAULT, parsed, rows_at_once
from pellucid.attribution.first_look import refuse_training
from pellucid.attribution.forward import Forward
from pellucid.attribution.guard import guarded
from pellucid.attribution.inside.goal import within
from pellucid.attribution.layers import address
from pellucid.attribution.maps import Geometry
from pellucid.attribution.question import Inputs, Question, checked_inputs, checked_module

_Part = tuple[Tensor, Geometry, bool]  # values, where their cells lie, whether that is guessed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activations:
    """A layer's values.

    Attributes
    ----------
    values
        Shape (batch, channel, *cells), or (batch, lead, channel, *cells) where the layer keeps the leads apart.
    channels
        Which channels of the layer these are.
    geometry
        Where the cells lie on the input.
    guessed
        Whether the places could not be followed and the cells are taken to divide the input evenly.
    dead
        Channels of these that are zero in every cell of every input.
    """

    values: Tensor
    channels: tuple[int, ...]
    geometry: Geometry
    guessed: bool
    dead: tuple[int, ...]

    @property
    def axis(self) -> int:
        """Which axis of `values` holds the channels."""
        return 2 if self.geometry.by_lead else 1


def activations(
    module: nn.Module,
    inputs: Inputs,
    layer: str | nn.Module | None = None,
    channel: int | None = None,
    *,
    arguments: Sequence[Any] = (),
    output: str | int | None = None,
    memory: str | int = DEFAULT,
) -> Activations:
    """Return what a layer gives for some inputs.

    Parameters
    ----------
    module, inputs, arguments, output, memory
        As for every method. Of several inputs the cells' places are those on the first.
    layer
        Dotted name or submodule; by default the last value with space or time before they are pooled away.
    channel
        Only this one; its axis stays, of size 1.

    Raises
    ------
    InvalidInputError
        For NaN, integers or a channel that there is not.
    UnknownNameError
        For an unknown layer, with the nearest.
    NotApplicableError
        For a module in training mode or with chance in it, and a layer without space or time.

    Notes
    -----
    Cost: one pass forward.
    """
    module = checked_module(module)
    question = Question(
        module=module,
        inputs=checked_inputs(inputs)[0],
        arguments=tuple(arguments),
        output=output,
        layer=None if layer is None else address(module, layer),
        memory=parsed(memory),
        recorded=True,
    )
    with guarded(module, question.device_types):
        refuse_training(module)
        parts = list(_parts(question))
    values = torch.cat([part for part, _, _ in parts])
    _, geometry, guessed = parts[0]
    axis = 2 if geometry.by_lead else 1
    chosen = tuple(range(values.shape[axis]))
    if channel is not None:
        chosen = (within("channel", channel, values.shape[axis], f"{geometry.layer} has"),)
        values = values.narrow(axis, *chosen, 1).clone()
    silent = (values == 0).movedim(axis, 0).flatten(1).all(1).tolist()
    return Activations(
        values=values,
        channels=chosen,
        geometry=geometry,
        guessed=guessed,
        dead=tuple(number for number, zero in zip(chosen, silent, strict=True) if zero),
    )


def _parts(question: Question) -> Iterator[_Part]:
    """Yield the layer's values of the first sample, and of the others in chunks that fit into memory."""
    first, bytes_a_row = _part(question, slice(0, 1))
    yield first
    step = rows_at_once(question.memory, bytes_a_row)
    for start in range(1, question.batch, step):
        yield _part(question, slice(start, start + step))[0]


def _part(question: Question, rows: slice) -> tuple[_Part, int]:
    """Return what a layer gives for some samples, without the pass that it is of, and what a row of that cost."""
    samples = torch.arange(question.batch)[rows]
    tensors = tuple(tensor.detach()[rows] for tensor in question.inputs)
    arguments = question.arguments_for(samples)
    with accepted(question, tensors, arguments):
        forward = Forward(question, tensors, arguments, watched=True)
    found = activation(forward)
    return (found.values, found.geometry, found.guessed), forward.bytes_a_row
