"""A convolution ready to be run often: in two dimensions, channels last, packed where torch offers that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import torch
from torch import Tensor

from pellucid.attribution.occluding.region import Pair, Sweep
from pellucid.attribution.occluding.slabs import LAST

AFTER = {"relu": "relu", "silu": "swish", "sigmoid": "sigmoid", "tanh": "tanh", "hardswish": "hardswish"}
AFTER_SUM = ("relu",)
Settings = tuple[Pair, Pair, Pair, int]


@dataclass(slots=True, eq=False)
class Kernel:
    """A convolution's weight, and how it goes over a layer.

    Attributes
    ----------
    weight
        Shape (channel out, channel in / groups, height, width).
    bias
        Shape (channel out,), or None.
    """

    weight: Tensor
    bias: Tensor | None
    sweep: Sweep
    groups: int
    _packed: dict[Settings, Tensor] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.weight = self.weight.contiguous(memory_format=LAST)

    def scaled(self, gain: Tensor, shift: Tensor) -> Kernel:
        """Return the convolution with a factor and a term behind each of its channels, both in double precision.

        W' = g W,  b' = g b + t
        """
        weight = self.weight * gain[:, None, None, None]
        bias = shift if self.bias is None else self.bias.double() * gain + shift
        return replace(self, weight=weight.to(self.weight.dtype), bias=bias.to(self.weight.dtype), _packed={})

    def of_channel(self, number: int) -> Kernel:
        """Return what the convolution, one without groups, does with a single channel of its input."""
        return replace(self, weight=self.weight[:, number : number + 1], _packed={})

    def change(self, delta: Tensor, padding: Pair) -> Tensor:
        """Return what a change of the input does to the result: the convolution without its bias."""
        return self._run(delta, None, padding)

    def whole(self, values: Tensor, other: Tensor | None, after: str | None) -> Tensor:
        """Return the convolution of whole layers, another layer added, and an activation of `AFTER` behind that."""
        return self._run(values, self.bias, self.sweep.padding, other, after)

    def _run(
        self, x: Tensor, bias: Tensor | None, padding: Pair, other: Tensor | None = None, after: str | None = None
    ) -> Tensor:
        settings = (padding, self.sweep.stride, self.sweep.dilation, self.groups)
        if x.dtype == torch.float32 and x.device.type == "cpu" and packs():
            if settings not in self._packed:
                self._packed[settings] = _pack(self.weight, settings, x)
            return _packed(x, self._packed[settings], bias, settings, other, after)
        return _plain(x, self.weight, bias, settings, other, after)


def _plain(
    x: Tensor, weight: Tensor, bias: Tensor | None, settings: Settings, other: Tensor | None, after: str | None
) -> Tensor:
    padding, stride, dilation, groups = settings
    result = torch.conv2d(x, weight, bias, stride, padding, dilation, groups)
    result = result if other is None else result.add_(other)
    if after is None:
        return result
    found: Tensor = getattr(torch.ops.aten, after)(result)
    return found


def _pack(weight: Tensor, settings: Settings, x: Tensor) -> Tensor:
    padding, stride, dilation, groups = settings
    found: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, padding, stride, dilation, groups, list(x.shape)
    )
    return found


def _packed(
    x: Tensor, weight: Tensor, bias: Tensor | None, settings: Settings, other: Tensor | None, after: str | None
) -> Tensor:
    run, name = torch.ops.mkldnn._convolution_pointwise, None if after is None else AFTER[after]
    found: Tensor
    if other is None:
        found = run.default(x, weight, bias, *settings, name or "none", [], "")
    else:
        found = run.binary(x, other, weight, bias, *settings, "add", None, name, [], None)
    return found


@cache
def packs() -> bool:
    """Return whether torch offers oneDNN's packed convolutions, which are private to it, and they are right."""
    x = torch.linspace(-1, 2, 64).reshape(1, 4, 4, 4).to(memory_format=LAST)
    weight, bias = torch.linspace(-1, 1, 144).reshape(4, 4, 3, 3).to(memory_format=LAST), torch.linspace(-1, 1, 4)
    settings: Settings = ((1, 1), (1, 1), (1, 1), 1)
    try:
        packed = _pack(weight, settings, x)
        return all(
            torch.allclose(
                _packed(x, packed, bias, settings, other, after),
                _plain(x, weight, bias, settings, other, after),
                atol=1e-5,
            )
            for other, known in ((None, AFTER), (x, AFTER_SUM))
            for after in (None, *known)
        )
    except (AttributeError, RuntimeError, TypeError):
        return False
