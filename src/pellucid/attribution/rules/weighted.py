"""What convolutions and dense layers have in common: z = W x + b, with a batch norm behind it folded in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.operators import BATCH_NORMS
from pellucid.attribution.rules.derivatives import batch_norm_line, convolution_transposed
from pellucid.attribution.tape.tape import Node, Value

aten = torch.ops.aten


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A weighted operation of one dependent input.

    Attributes
    ----------
    source
        x.
    z
        Its result, behind the folded batch norm where there is one.
    weight, bias
        As the operation holds them, before folding.
    convolution
        Whether it is one; the others are dense.
    apply, transposed
        x, W, b -> W x + b, and s, W -> W^T s.
    gain, shift
        Of the folded batch norm, one an output channel: z = gain * (W x) + shift. Without one gain is None.
    """

    source: Value
    z: Tensor
    weight: Tensor
    bias: Tensor | None
    convolution: bool
    apply: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    transposed: Callable[[Tensor, Tensor], Tensor]
    gain: Tensor | None
    shift: Tensor | None
    _outward: Callable[[Tensor], Tensor]

    @property
    def x(self) -> Tensor:
        """Its input."""
        return self.source.data

    def whole_weight(self) -> Tensor:
        """Return W with the batch norm folded in."""
        return self.weight if self.gain is None else self.weight * self._outward(self.gain)

    def whole_bias(self) -> Tensor | None:
        """Return b with the batch norm folded in."""
        return self.bias if self.gain is None else self.shift

    def spread(self, channels: Tensor) -> Tensor:
        """Return numbers of the output channels, shaped to go with z."""
        return channels.reshape(-1, *(1,) * (self.z.ndim - 2)) if self.convolution else channels


def weighted(node: Node, norm: Node | None = None) -> Weighted | None:
    """Return an operation as a weighted one, None if it is none or more than one of its inputs depends on x.

    Parameters
    ----------
    norm
        The batch norm behind it, to be folded in.
    """
    maker = _MAKERS.get(node.operator)
    if maker is None or len(node.values()) != 1 or node.outs[0].data.is_complex():
        return None
    found = maker(node)
    if found is None:
        return None
    gain = shift = None
    bias = found.pop("bias", None)
    out = node.outs[0].data
    if norm is not None:
        out = norm.outs[0].data
        gain, shift = batch_norm_line(norm)
        shift = shift if bias is None else shift + gain * bias
        # under autocast inside the module the layer computes in less precision than the norm's numbers have
        gain, shift = gain.to(out.dtype), shift.to(out.dtype)
    return Weighted(z=out, bias=bias, gain=gain, shift=shift, **found)


def folded_norm(node: Node) -> Node | None:
    """Return the convolution or dense layer that a batch norm can be folded into: its only input, used only here."""
    source = node.arguments.get("input")
    if node.operator not in BATCH_NORMS or not isinstance(source, Value) or len(node.values()) != 1:
        return None
    producer = source.node
    if producer is None or len(source.users) != 1 or producer.operator not in ("convolution", "linear", "addmm"):
        return None
    if source.data.dtype != node.outs[0].data.dtype:
        return None
    return producer if producer.operator == "convolution" or source.data.ndim == 2 else None


def _convolution(node: Node) -> dict[str, Any] | None:
    source, weight = node.arguments["input"], node.arguments["weight"]
    if not isinstance(source, Value):
        return None
    keys = ("stride", "padding", "dilation", "transposed", "output_padding", "groups")
    how = [node.arguments[key] for key in keys]
    flipped, groups = node.arguments["transposed"], node.arguments["groups"]

    def outward(gain: Tensor) -> Tensor:
        ones = (1,) * (weight.ndim - 2)
        if not flipped:
            return gain.reshape(-1, 1, *ones)
        return (
            gain.reshape(groups, 1, -1, *ones).expand(-1, len(weight) // groups, *(-1,) * (1 + len(ones))).flatten(0, 1)
        )

    return {
        "source": source,
        "weight": weight,
        "bias": node.arguments["bias"],
        "convolution": True,
        "apply": lambda x, w, b: aten.convolution(x, w, b, *how),
        "transposed": lambda s, w: convolution_transposed(s, node, w, source.data),
        "_outward": outward,
    }


def _dense(source: Value, weight: Tensor, bias: Tensor | None) -> dict[str, Any]:
    """Return x W^T + b."""
    return {
        "source": source,
        "weight": weight,
        "bias": bias,
        "convolution": False,
        "apply": torch.nn.functional.linear,
        "transposed": lambda s, w: s @ w,
        "_outward": lambda gain: gain[:, None],
    }


def _linear(node: Node) -> dict[str, Any] | None:
    source = node.arguments["input"]
    return _dense(source, node.arguments["weight"], node.arguments["bias"]) if isinstance(source, Value) else None


def _addmm(node: Node) -> dict[str, Any] | None:
    source, weight, bias = (node.arguments[key] for key in ("mat1", "mat2", "self"))
    if not isinstance(source, Value) or node.arguments["beta"] != 1 or node.arguments["alpha"] != 1:
        return None
    return _dense(source, weight.T, bias) if bias.ndim == 1 else None


def _product(node: Node) -> dict[str, Any]:
    """Return a matrix product with a constant on either side."""
    left, right = node.arguments["self"], node.arguments["mat2"]
    source = left if isinstance(left, Value) else right
    if source is left:
        return {
            **_dense(source, right, None),
            "apply": lambda x, w, b: x @ w if b is None else x @ w + b,
            "transposed": lambda s, w: s @ w.transpose(-2, -1),
        }
    return {
        **_dense(source, left, None),
        "apply": lambda x, w, b: w @ x if b is None else w @ x + b,
        "transposed": lambda s, w: w.transpose(-2, -1) @ s,
    }


_MAKERS: dict[str, Callable[[Node], dict[str, Any] | None]] = {
    "convolution": _convolution,
    "linear": _linear,
    "addmm": _addmm,
    "mm": _product,
    "bmm": _product,
}
WEIGHTED_OPERATORS = tuple(_MAKERS)
