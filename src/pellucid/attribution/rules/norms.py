"""Norms with their scale held constant."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.tape.tape import Node, Value
from pellucid.core.errors import NotApplicableError


def source_of(node: Node) -> Value:
    """Return the input of a norm.

    Raises
    ------
    NotApplicableError
        Where its weight, bias or statistics depend on the module's input as well.
    """
    source = node.arguments["input"]
    if not isinstance(source, Value) or node.values() != (source,):
        raise NotApplicableError(
            "layer-wise relevance propagation needs a norm's weight, bias and running statistics to be constant; those "
            f"of {node} depend on the input. `integrated_gradients` and `occlusion` need no rule for it."
        )
    return source


def centred(node: Node, c: Tensor) -> tuple[Value, Tensor, Tensor | None]:
    """Return the input of a layer, group or root-mean-square norm, what goes on to it, and its bias as wide as `c`.

    Parameters
    ----------
    c
        What arrived, shaped like the result.
    """
    arguments: dict[str, Any] = node.arguments
    source = source_of(node)
    if node.operator == "native_layer_norm":
        dims = list(range(-len(arguments["normalized_shape"]), 0))
        scaled = c if arguments["weight"] is None else c * arguments["weight"]
        found = (scaled - scaled.mean(dims, keepdim=True)) * node.outs[2].data
        return source, found, arguments["bias"]
    if node.operator == "native_group_norm":
        return _group(node, source, c)
    dims = list(range(-len(arguments["normalized_shape"]), 0))
    scaled = c if arguments["weight"] is None else c * arguments["weight"]
    eps = arguments["eps"] if arguments["eps"] is not None else torch.finfo(c.dtype).eps
    return source, scaled * torch.rsqrt(source.data.square().mean(dims, keepdim=True) + eps), None


def _group(node: Node, source: Value, c: Tensor) -> tuple[Value, Tensor, Tensor | None]:
    ones = (1,) * (c.ndim - 2)
    weight, bias = (
        None if node.arguments[name] is None else node.arguments[name].reshape(1, -1, *ones)
        for name in ("weight", "bias")
    )
    scaled = c if weight is None else c * weight
    groups = scaled.reshape(len(c), node.arguments["group"], -1)
    rows = node.outs[2].data.reshape(len(c), -1, 1)
    found = (groups - groups.mean(-1, keepdim=True)) * rows
    return source, found.reshape(c.shape), bias
