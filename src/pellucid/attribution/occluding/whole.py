"""Operations on whole values: the operator itself, on as many rows as there are windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.occluding import pointwise, sweeping
from pellucid.attribution.occluding.folding import Folded
from pellucid.attribution.occluding.plan import Chunk, Plan, Unfit
from pellucid.attribution.occluding.slabs import LAST
from pellucid.attribution.tape.tape import Node, Value, substituted

_ANY_ORDER = {*pointwise.RULES, *sweeping.RULES, "mean", "linear", "constant_pad_nd"}  # of axes in memory
_RECORDED = 2  # rows on the tape
_VIEWS = ("view", "_unsafe_view")
_REFUSED = ("read", "write", "as_strided", "_local_scalar_dense", "set_", "resize_")
_AXES = ("dim", "dims", "dim0", "dim1", "start_dim", "axis")


def again(plan: Plan, node: Node) -> Callable[[Chunk], tuple[Tensor, ...]]:
    """Return what runs an operation on whole values.

    Raises
    ------
    Unfit
        Where the rows of its results are not those of the input.
    """
    _refuse_other_rows(plan, node)

    def compute(chunk: Chunk) -> tuple[Tensor, ...]:
        rows = len(chunk.rows)
        arguments = {
            name: substituted(_sized(node, name, value, rows), chunk.whole) for name, value in node.arguments.items()
        }
        if node.operator in _VIEWS:
            return (arguments["self"].reshape(arguments["size"]),)  # values are laid out in another order here
        if node.operator not in _ANY_ORDER:
            arguments = {name: _in_order(value) for name, value in arguments.items()}
        out = node.function(arguments)
        return (out,) if isinstance(out, Tensor) else tuple(item for item in out if isinstance(item, Tensor))

    return compute


def _in_order(item: Any) -> Any:
    if isinstance(item, Tensor):
        return item.contiguous()
    if isinstance(item, list | tuple):
        return type(item)(_in_order(part) for part in item)
    return item


def _sized(node: Node, name: str, value: Any, rows: int) -> Any:
    """Return an argument for another number of rows than was recorded."""
    if name == "size" and node.operator in (*_VIEWS, "expand") and value[0] == _RECORDED:
        return [rows, *value[1:]]
    if name == "N" and node.operator == "native_group_norm":
        return rows
    return value


def _refuse_other_rows(plan: Plan, node: Node) -> None:
    values = [*(out for out in node.outs if out in plan.changing), *node.values()]
    if any(value.data.ndim == 0 or value.data.shape[0] != _RECORDED for value in values):
        raise Unfit(f"{node} has no axis of rows first")
    if node.operator in _REFUSED:
        raise Unfit(f"{node} depends on how values lie in memory")
    ndim = max(value.data.ndim for value in node.values())
    for name in _AXES:
        axes = node.arguments.get(name)
        axes = [axes] if isinstance(axes, int) else axes
        if not isinstance(axes, list | tuple):
            continue
        if node.operator == "permute":
            if axes[0] % ndim == 0:
                continue
            raise Unfit(f"{node} moves the axis of rows")
        if any(axis % (ndim + (node.operator in ("unsqueeze", "stack"))) == 0 for axis in axes):
            raise Unfit(f"{node} works along the axis of rows")
    if node.operator in ("index", "index_put") and node.arguments["indices"][0] is not None:
        raise Unfit(f"{node} picks rows")


def convolved(folded: Folded) -> Callable[[Chunk], tuple[Tensor, ...]]:
    """Return what runs a convolution and the operations done with it on whole values."""
    flat = folded.source.data.ndim == 3

    def compute(chunk: Chunk) -> tuple[Tensor, ...]:
        other = None if folded.other is None else _layer(chunk.whole(folded.other), flat)
        result = folded.kernel.whole(_layer(chunk.whole(folded.source), flat), other, folded.after)
        return (result[:, :, 0] if flat else result,)

    return compute


def _layer(values: Tensor, flat: bool) -> Tensor:
    return (values[:, :, None] if flat else values).contiguous(memory_format=LAST)


__all__ = ["Value", "again", "convolved", "torch"]
