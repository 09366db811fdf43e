"""The derivative of every operation: in closed form where that is quicker, else by running it alone again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.acceptance import is_of_memory
from pellucid.attribution.operators import BATCH_NORMS, tensors_in
from pellucid.attribution.rules.engine import Step
from pellucid.attribution.tape.tape import Node, Value
from pellucid.core.errors import NotApplicableError

aten = torch.ops.aten
Closed = Callable[[Node, Tensor], "dict[Value, Tensor] | None"]


def gradient(step: Step) -> None:
    """Pass the gradient on: the rule of plain backpropagation."""
    gradients = [None if message is None else message.c for message in step.arrived]
    for value, found in pulled_back(step.node, gradients).items():
        step.send(value, c=found)


def pulled_back(node: Node, gradients: Sequence[Tensor | None]) -> dict[Value, Tensor]:
    """Return the gradient to each value that an operation read, from those to its results (vector-Jacobian product).

    Raises
    ------
    NotApplicableError
        For an operation that has no derivative.
    """
    closed = None if node.outs[0].data.is_complex() else _CLOSED.get(node.operator)  # which would need conjugates
    if closed is not None and gradients[0] is not None and all(g is None for g in gradients[1:]):
        found = closed(node, gradients[0])
        if found is not None:
            return found
    return _again(node, gradients)


def _again(node: Node, gradients: Sequence[Tensor | None]) -> dict[Value, Tensor]:
    values = [v for v in dict.fromkeys(node.values()) if v.data.is_floating_point() or v.data.is_complex()]
    with torch.enable_grad():
        leaves = {value: value.data.detach().requires_grad_() for value in values}
        try:
            outs = tensors_in(node.run(leaves))
            pairs = [(o, g) for o, g in zip(outs, gradients, strict=False) if g is not None]
            if not all(o.requires_grad for o, _ in pairs):
                return {}
            found: Sequence[Tensor | None] = torch.autograd.grad(
                [o for o, _ in pairs], list(leaves.values()), [g for _, g in pairs], allow_unused=True
            )
        except RuntimeError as error:
            if is_of_memory(error):
                raise
            raise NotApplicableError(f"{node} has no derivative: {str(error).splitlines()[0]}") from error
    return {value: g for value, g in zip(values, found, strict=True) if g is not None}


def convolution_transposed(gradient: Tensor, node: Node, weight: Tensor, like: Tensor) -> Tensor:
    """Return W^T s of a convolution with this weight, shaped like its input."""
    keys = ("stride", "padding", "dilation", "transposed", "output_padding", "groups")
    stride, padding, dilation, transposed, output_padding, groups = (node.arguments[key] for key in keys)
    only_input = [True, False, False]
    pointwise = all(size == 1 for size in weight.shape[2:]) and not transposed and not any(padding)
    if pointwise and any(step > 1 for step in stride):  # torch 2.13 crashes here for some widths
        strides = stride if len(stride) == like.ndim - 2 else stride * (like.ndim - 2)
        seen = (slice(None), slice(None), *(slice(None, None, step) for step in strides))
        one = [1] * len(strides)
        small = aten.convolution_backward(
            gradient, like[seen], weight, None, one, [0] * len(one), one, False, [0] * len(one), groups, only_input
        )[0]
        whole = torch.zeros_like(like)
        whole[seen] = small
        return whole
    found: Tensor = aten.convolution_backward(
        gradient, like, weight, None, stride, padding, dilation, transposed, output_padding, groups, only_input
    )[0]
    return found


def _convolution(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    source = node.arguments["input"]
    if not isinstance(source, Value) or not node.constant("weight") or not node.constant("bias"):
        return None
    return {source: convolution_transposed(gradient, node, node.arguments["weight"], source.data)}


def _linear(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    source = node.arguments["input"]
    if not isinstance(source, Value) or not node.constant("weight") or not node.constant("bias"):
        return None
    return {source: gradient @ node.arguments["weight"]}


def _relu(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    return {node.values()[0]: aten.threshold_backward(gradient, node.outs[0].data, 0)}


def _batch_norm(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    if [*dict.fromkeys(node.values())] != [node.arguments["input"]]:
        return None
    gain, _ = batch_norm_line(node)
    return {node.arguments["input"]: gradient * gain.reshape(-1, *(1,) * (gradient.ndim - 2))}


def batch_norm_line(node: Node, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return what a batch norm in evaluation mode multiplies each channel with, and what it adds then.

    g = gamma / sqrt(variance + eps),  t = beta - g mean.

    Parameters
    ----------
    dtype
        In which it is computed; None for that of the norm's own numbers.
    """
    found: dict[str, Any] = {
        name: item.to(dtype=dtype) if isinstance(item, Tensor) else item for name, item in node.arguments.items()
    }
    get = found.get
    scale = torch.rsqrt(found["running_var"] + get("eps", get("epsilon")))
    gain: Tensor = scale if get("weight") is None else scale * found["weight"]
    shift: Tensor = -gain * found["running_mean"]
    return gain, shift if get("bias") is None else shift + found["bias"]


def _add(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    found: dict[Value, Tensor] = {}
    sign = -1 if node.operator == "sub" else 1
    for name, factor in (("self", 1), ("other", sign * node.arguments.get("alpha", 1))):
        value = node.arguments[name]
        if isinstance(value, Value):
            if value in found or not value.data.is_floating_point() or value.data.dtype != gradient.dtype:
                return None
            part = gradient.sum_to_size(value.data.shape) if gradient.shape != value.data.shape else gradient
            found[value] = part if factor == 1 else part * factor
    return found


def _same(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    value = node.values()[0]
    if len(node.values()) != 1 or value.data.shape != gradient.shape or value.data.dtype != gradient.dtype:
        return None
    return {value: gradient}


def _view(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    value = node.values()[0]
    return {value: gradient.reshape(value.data.shape)}


def _max_pool(node: Node, gradient: Tensor) -> dict[Value, Tensor] | None:
    keys = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    source = node.arguments["self"]
    back = aten.max_pool2d_with_indices_backward
    return {source: back(gradient, source.data, *(node.arguments[key] for key in keys), node.outs[1].data)}


def _pad(node: Node, gradient: Tensor) -> dict[Value, Tensor]:
    return {node.values()[0]: aten.constant_pad_nd(gradient, [-size for size in node.arguments["pad"]])}


_CLOSED: dict[str, Closed] = {
    "convolution": _convolution,
    "linear": _linear,
    "relu": _relu,
    "add": _add,
    "sub": _add,
    "clone": _same,
    "alias": _same,
    "view": _view,
    "_unsafe_view": _view,
    "unsqueeze": _view,
    "squeeze": _view,
    "constant_pad_nd": _pad,
    "max_pool2d_with_indices": _max_pool,
    **dict.fromkeys(BATCH_NORMS, _batch_norm),
}
