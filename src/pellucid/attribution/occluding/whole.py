"""Operations on whole values: the operator itself, on as many rows as there are windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from pellucid.attribution.occluding import pointwise, sweeping
from pellucid.attribution.occluding.folding import Folded
from pellucid.attribution.occluding.plan import Chunk
from pellucid.attribution.occluding.record import Record, Unfit
from pellucid.attribution.occluding.slabs import LAST
from pellucid.attribution.tape.tape import Node, Value, substituted

RECORDED = 2  # rows on the tape
_VIEWS = ("view", "_unsafe_view")
_IN_MEMORY = ("read", "write", "as_strided")  # they say where elements lie
_ANY_ORDER = {*pointwise.RULES, *sweeping.RULES, "mean", "linear", "constant_pad_nd"}  # of the axes in memory
_AXES = ("dim", "dims", "dim0", "dim1", "dimension")
Compute = Callable[[Chunk], tuple[Tensor, ...]]


def again(record: Record, node: Node) -> Compute:
    """Return what runs an operation on whole values.

    Raises
    ------
    Unfit
        Where the rows of its results are not those of the input.
    """
    _refuse_other_rows(record, node)

    def compute(chunk: Chunk) -> tuple[Tensor, ...]:
        rows = len(chunk.rows)
        found = {key: substituted(_sized(node, key, item, rows), chunk.whole) for key, item in node.arguments.items()}
        if node.operator in _VIEWS:
            return (found["self"].reshape(found["size"]),)  # here the axes lie in another order
        if node.operator not in _ANY_ORDER:
            found = {key: _in_order(item) for key, item in found.items()}
        out = node.function(found)
        return (out,) if isinstance(out, Tensor) else tuple(item for item in out if isinstance(item, Tensor))

    return compute


def _sized(node: Node, name: str, item: Any, rows: int) -> Any:
    """Return an argument for another number of rows than was recorded."""
    if name == "size" and node.operator in (*_VIEWS, "expand") and item[0] > 0:
        return [item[0] // RECORDED * rows, *item[1:]]
    if name == "N" and node.operator == "native_group_norm":
        return rows
    return item


def _in_order(item: Any) -> Any:
    if isinstance(item, Tensor):
        return item.contiguous()
    if isinstance(item, list | tuple):
        return type(item)(_in_order(part) for part in item)
    return item


def _refuse_other_rows(record: Record, node: Node) -> None:
    values = [*(out for out in node.outs if out in record.changing), *node.values()]
    if not all(has_rows(value) for value in values):
        raise Unfit(f"{node} has no axis of rows first")
    if node.operator in _IN_MEMORY:
        raise Unfit(f"{node} depends on where its elements lie")
    picks = node.operator in ("index", "index_put") and node.arguments["indices"][0] is not None
    if picks or (node.operator == "roll" and not node.arguments["dims"]):
        raise Unfit(f"{node} works along the axis of rows")
    ndim = max(value.data.ndim for value in values)
    axes = [axis % ndim for name in _AXES for axis in _listed(node.arguments.get(name))]
    if 0 in (axes[1:] if node.operator == "permute" and axes[0] == 0 else axes):
        raise Unfit(f"{node} works along the axis of rows")


def has_rows(value: Value) -> bool:
    """Return whether a value's first axis may be that of rows, or rows with something folded into each."""
    return value.data.ndim > 0 and value.data.shape[0] % RECORDED == 0


def _listed(axes: Any) -> list[int]:
    return [axes] if isinstance(axes, int) else list(axes or ())


def convolved(folded: Folded) -> Compute:
    """Return what runs a convolution and the operations done with it on whole values."""
    one = folded.source.data.ndim == 3

    def layer(values: Tensor) -> Tensor:
        return (values[:, :, None] if one else values).contiguous(memory_format=LAST)

    def compute(chunk: Chunk) -> tuple[Tensor, ...]:
        other = None if folded.other is None else layer(chunk.whole(folded.other))
        result = folded.kernel.whole(layer(chunk.whole(folded.source)), other, folded.after)
        return (result[:, :, 0] if one else result,)

    return compute
