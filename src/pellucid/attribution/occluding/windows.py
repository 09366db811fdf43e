"""The windows that are replaced one after the other, and how their answers become a value for each sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from pellucid.core.errors import InvalidInputError

Window = tuple[slice, ...]  # indexes one input, (*input): a channel or all of them, and a span of each axis
_SHARE = 16  # of an axis: the default window


@dataclass(frozen=True, slots=True)
class Spans:
    """The windows along one axis.

    Attributes
    ----------
    spans
        Each from its first sample to the one after its last, clipped to the axis.
    weights
        Shape (window, sample): how much of a window's answer goes into a sample's; columns sum to 1.
    """

    spans: tuple[slice, ...]
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Grid:
    """All windows over one input: for each channel, or for all of them, each combination of the axes' spans.

    Attributes
    ----------
    channels
        Those replaced together.
    axes
        In space or time.
    """

    channels: tuple[slice, ...]
    axes: tuple[Spans, ...]

    @property
    def windows(self) -> list[Window]:
        """The windows, channel by channel, the last axis fastest."""
        return list(product(self.channels, *(axis.spans for axis in self.axes)))

    def spread(self, answers: Tensor) -> Tensor:
        """Return (window, target) as (target, channel, *space), each sample with the mean of its windows.

        A sample's windows are all combinations of those over it along each axis, so that the mean is taken axis by
        axis. The channel axis has size 1 where channels are replaced together.
        """
        spread = answers.T.reshape(answers.shape[1], len(self.channels), *(len(axis.spans) for axis in self.axes))
        for number, axis in enumerate(self.axes, start=2):
            spread = torch.tensordot(spread.movedim(number, -1), axis.weights.to(spread), dims=1).movedim(-1, number)
        return spread


def grid(
    shape: Sequence[int],
    window: int | Sequence[int] | None,
    stride: int | Sequence[int] | None,
    *,
    each: bool,
    centred: bool,
) -> Grid:
    """Return the windows over an input.

    Parameters
    ----------
    shape
        Of one input: (channel, *space). Features without space or time, (feature,), are replaced one by one.
    window
        Samples along each axis; None for a sixteenth of it. One larger than the axis takes all of it.
    stride
        From one window to the next; None for half a window.
    each
        Channel by channel.
    centred
        Windows lie around every `stride`-th sample, from the first, and answer for the samples nearest to that one;
        otherwise they begin at the axis' first sample, and their answers are averaged.

    Raises
    ------
    InvalidInputError
        For a wrong number of windows or strides, and for a stride that leaves samples out.
    """
    sizes = tuple(shape[1:])
    wanted = _for_axes(window, sizes, "window")
    steps = _for_axes(stride, sizes, "stride")
    laid = _centred if centred else _from_the_first
    axes = tuple(laid(size, *_measures(size, *own)) for size, *own in zip(sizes, wanted, steps, strict=True))
    apart = each or not sizes
    channels = tuple(slice(c, c + 1) for c in range(shape[0])) if apart else (slice(0, shape[0]),)
    return Grid(channels, axes)


def _measures(size: int, window: int | None, stride: int | None) -> tuple[int, int]:
    """Return the width of the windows along an axis, and the way from one to the next."""
    width = min(size, max(1, round(size / _SHARE)) if window is None else window)
    step = min(size, max(1, width // 2) if stride is None else stride)
    if step > width:
        raise InvalidInputError(
            f"stride must be at most the window, {width} along an axis of {size}, or samples are left out; got {step}."
        )
    return width, step


def _for_axes(value: int | Sequence[int] | None, sizes: tuple[int, ...], name: str) -> tuple[int | None, ...]:
    if value is None or isinstance(value, int) or not sizes:
        return (value if isinstance(value, int) else None,) * len(sizes)
    if len(value) != len(sizes):
        raise InvalidInputError(
            f"{name} must be one number, or one for each of the input's {len(sizes)} axes in space or time; "
            f"got {len(value)}."
        )
    return tuple(value)


def _from_the_first(size: int, width: int, step: int) -> Spans:
    count = math.ceil((size - width) / step) + 1
    spans = tuple(slice(n * step, min(n * step + width, size)) for n in range(count))
    over = torch.zeros(count, size, dtype=torch.float64)
    for number, span in enumerate(spans):
        over[number, span] = 1
    return Spans(spans, over / over.sum(0))


def _centred(size: int, width: int, step: int) -> Spans:
    firsts = [centre - width // 2 for centre in range(0, size, step)]
    spans = tuple(slice(max(0, first), min(size, first + width)) for first in firsts)
    nearest = ((torch.arange(size) + step // 2) // step).clamp(max=len(spans) - 1)
    return Spans(spans, torch.nn.functional.one_hot(nearest, len(spans)).T.double())
