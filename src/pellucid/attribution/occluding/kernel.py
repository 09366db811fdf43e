"""A convolution ready to be run often: in two dimensions, channels last, packed where torch offers that."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    _packed: _Packed | None = field(default=None, repr=False)
    _channels: dict[int, Kernel] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.weight = self.weight.contiguous(memory_format=LAST)

    def scaled(self, gain: Tensor, shift: Tensor) -> Kernel:
        """Return the convolution with a factor and a term behind each of its channels, both in double precision.

        W' = g W,  b' = g b + t
        """
        weight = (self.weight * gain[:, None, None, None]).to(self.weight.dtype)
        bias = shift if self.bias is None else self.bias * gain + shift
        return Kernel(weight, bias.to(self.weight.dtype), self.sweep, self.groups)

    def of_channel(self, number: int) -> Kernel:
        """Return what the convolution, one without groups, does with a single channel of its input."""
        if number not in self._channels:
            weight = self.weight[:, number : number + 1]
            self._channels[number] = Kernel(weight, self.bias, self.sweep, self.groups)
        return self._channels[number]

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
        weight = self._weight_for(settings, x)
        if weight is None:
            return _plain(x, self.weight, bias, settings, other, after)
        return _run_packed(x, weight, bias, settings, other, after)

    def _weight_for(self, settings: Settings, x: Tensor) -> Tensor | None:
        """Return the packed weight, None at first: what is packed for layers of one size is slow for others."""
        use = (*settings, *x.shape[2:])
        if self._packed is None or self._packed.use != use:
            self._packed = _Packed(use)
        elif self._packed.weight is None and x.dtype == torch.float32 and x.device.type == "cpu" and packs():
            self._packed.weight = _pack(self.weight, settings, x)
        return self._packed.weight


@dataclass(slots=True, eq=False)
class _Packed:
    """A weight packed for one use, from the second time on."""

    use: tuple[object, ...]
    weight: Tensor | None = None


def _plain(
    x: Tensor, weight: Tensor, bias: Tensor | None, settings: Settings, other: Tensor | None, after: str | None
) -> Tensor:
    padding, stride, dilation, groups = settings
    result = torch.conv2d(x, weight, bias, stride, padding, dilation, groups)
    result = result if other is None else result.add_(other)
    if after is None:
        return result
    found: Tensor = getattr(torch.ops.aten, f"{after}_")(result)
    return found


def _pack(weight: Tensor, settings: Settings, x: Tensor) -> Tensor:
    padding, stride, dilation, groups = settings
    found: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, padding, stride, dilation, groups, list(x.shape)
    )
    return found


def _run_packed(
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
        with torch.no_grad():
            packed = _pack(weight, settings, x)
            return all(
                torch.allclose(
                    _run_packed(x, packed, bias, settings, other, after),
                    _plain(x, weight, bias, settings, other, after),
                    atol=1e-5,
                )
                for other, known in ((None, AFTER), (x, AFTER_SUM))
                for after in (None, *known)
            )
    except (AttributeError, RuntimeError, TypeError):
        return False
