"""What gradient ascent climbs: a class's logit, a channel's mean, or one unit of a channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pellucid.attribution.acceptance import accepted
from pellucid.attribution.activation import activation, arranged
from pellucid.attribution.finite import all_finite
from pellucid.attribution.forward import Forward
from pellucid.attribution.layers import Capture, address
from pellucid.attribution.layout import spatial
from pellucid.attribution.question import Question
from pellucid.attribution.target import logits_of, resolve, whole
from pellucid.core.errors import InvalidInputError, NotApplicableError

Unit = int | Sequence[int] | Literal["centre"]
Target = int | tuple[str | nn.Module, int] | tuple[str | nn.Module, int, Unit]


class Goal:
    """The value to be raised, as a function of one input.

    Parameters
    ----------
    module
        In evaluation mode.
    target
        A class; (layer, channel), the mean over its cells; (layer, channel, unit), the cell of that index (after that
        of the lead, where the layer keeps leads apart) or "centre".
    example
        An input of the right shape, (1, *input).
    arguments, output
        As for every method.

    Attributes
    ----------
    words
        What is raised, for titles.
    """

    def __init__(
        self, module: nn.Module, target: Target, example: Tensor, arguments: Sequence[Any], output: str | int | None
    ) -> None:
        self._module, self._output = module, output
        self._layer = address(module, target[0]) if _is_of_layer(target) else None  # type: ignore[index]  # a tuple
        question = Question(
            module=module,
            inputs=(example,),
            arguments=tuple(arguments),
            output=output,
            layer=self._layer,
            recorded=self._layer is not None,
        )
        self._arguments = question.arguments_for(torch.zeros(1, dtype=torch.int64))
        with accepted(question, (example,), self._arguments):
            first = Forward(question, (example,), self._arguments, watched=True)
        if self._layer is None:
            found = resolve(target, batch=1, logits=first.logits.shape[1])  # type: ignore[arg-type]  # an index
            if not found.single:
                raise InvalidInputError(
                    f"target must be one class, (layer, channel) or (layer, channel, unit); got {target!r}. "
                    "Climb once for each class."
                )
            self._channel = int(found.classes[0, 0])
            self._unit: tuple[int, ...] | None = None
            self.words = f"class {self._channel}"
            return
        _, channel, *unit = target  # type: ignore[misc]  # a tuple
        self._arrange = _arrangement(first, tuple(example.shape))
        values = self._arrange(first.capture.kept())
        self._channel = within("channel", channel, values.shape[1], "there are")
        self._unit = _unit(unit[0], tuple(values.shape[2:])) if unit else None
        place = "" if self._unit is None else f", unit {', '.join(map(str, self._unit))}"
        self.words = f"channel {self._channel} of layer {self._layer}{place}"

    def __call__(self, x: Tensor) -> Tensor:
        """Return the value for an input (*input)."""
        capture = Capture(self._module, self._layer)
        with capture:
            out = self._module(x[None].clone(), *self._arguments)
        if self._layer is None:
            return logits_of(out, self._output, 1)[0, self._channel]
        values = self._arrange(capture.kept())[0, self._channel]
        return values.mean() if self._unit is None else values[self._unit]

    def climbed(self, x: Tensor) -> tuple[float, Tensor]:
        """Return the value for an input and the gradient there."""
        leaf = x.detach().clone().requires_grad_()
        value = self(leaf)
        if not value.requires_grad:
            raise NotApplicableError(f"the input does not reach {self.words}, or the way back is cut.")
        found: tuple[Tensor | None, ...] = torch.autograd.grad(value, leaf, allow_unused=True)
        gradient = found[0]
        if gradient is None or not all_finite(gradient):
            raise NotApplicableError(f"the gradient of {self.words} is NaN, infinite or does not reach the input.")
        return float(value.detach()), gradient


def _is_of_layer(target: object) -> bool:
    return isinstance(target, tuple | list) and len(target) in (2, 3) and isinstance(target[0], str | nn.Module)


def _arrangement(forward: Forward, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    """Return what brings a layer's value into the order (batch, channel, [lead,] *cells)."""
    kept = forward.capture.kept()
    if kept.ndim == 2:
        return lambda tensor: tensor
    by_lead = activation(forward).geometry.by_lead
    layout = forward.recorder.layout(kept) if forward.recorder is not None else None

    def arrange(tensor: Tensor) -> Tensor:
        followed = layout is not None and spatial(layout, range(2, len(shape)))
        ordered = arranged(tensor, layout, shape) if layout is not None and followed else tensor
        return ordered.movedim(2, 1) if by_lead else ordered

    return arrange


def _unit(unit: Unit, sizes: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(unit, str):
        if unit != "centre":
            raise InvalidInputError(f"unit must be an index of a cell or 'centre'; got {unit!r}.")
        return tuple(size // 2 for size in sizes)
    numbers = tuple(unit) if isinstance(unit, Iterable) else (unit,)
    if len(numbers) != len(sizes):
        raise InvalidInputError(
            f"unit must have {len(sizes)} indices, for a channel has the cells {sizes}; got {numbers}."
        )
    return tuple(within("unit", number, size, "there are") for number, size in zip(numbers, sizes, strict=True))


def within(what: str, number: Any, count: int, has: str) -> int:
    """Return the index of one of `count`; `has` says whose they are.

    Raises
    ------
    InvalidInputError
        For anything but a whole number in 0 to `count` - 1.
    """
    try:
        found = whole(number)
    except TypeError:
        found = -1
    if not 0 <= found < count:
        raise InvalidInputError(f"{what} must lie in 0 to {count - 1}, for {has} {count}; got {number!r}.")
    return found
