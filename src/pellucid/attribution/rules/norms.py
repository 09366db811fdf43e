"""Layer, group and root-mean-square norms with their scale held constant."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.tape.tape import Node, Value


def centred(node: Node, c: Tensor) -> tuple[Value, Tensor, Tensor | None]:
    """Return the input of a norm, what goes on to it, and its bias shaped to go with the result.

    Parameters
    ----------
    c
        What arrived, shaped like the result.
    """
    arguments: dict[str, Any] = node.arguments
    source: Value = arguments["input"]
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
