"""Changes through operations that move elements: borders, slices, axes of size 1, and means over all of space."""

from __future__ import annotations

from math import prod

from torch import Tensor

from pellucid.attribution.occluding.plan import Change, Chunk, Plan, Rule
from pellucid.attribution.occluding.record import is_layer, sizes_of
from pellucid.attribution.occluding.slabs import cleared
from pellucid.attribution.tape.tape import Node


def same(plan: Plan, node: Node) -> Change | None:
    """Return the change of a value that is the same again, or has an axis of height 1 more or less."""
    source, result = node.values()[0], node.outs[0]
    region = plan.region(source)
    if region is None or not is_layer(result) or result.data.dtype != source.data.dtype:
        return None
    if result.data.shape[:2] != source.data.shape[:2] or sizes_of(result) != sizes_of(source):
        return None
    return Change(region, lambda chunk: chunk.narrow(source), source in plan.narrow, owned=False)


def border(plan: Plan, node: Node) -> Change | None:
    """Return the change of a value with a constant border, which does not change, or with a border cut off."""
    source, pads = node.arguments["self"], node.arguments["pad"]
    region = plan.region(source)
    axes = source.data.ndim - 2
    if region is None or any(pads[2 * axes :]):
        return None
    top = pads[2] if axes == 2 and len(pads) > 2 else 0
    moved = region.moved((top, pads[0]), sizes_of(node.outs[0]))
    cuts = any(size < 0 for size in pads)

    def compute(chunk: Chunk) -> Tensor:
        delta = chunk.narrow(source)
        return cleared(delta.clone(), moved, chunk.rows) if cuts else delta

    return Change(moved, compute, source in plan.narrow, owned=False)


def cut(plan: Plan, node: Node) -> Change | None:
    """Return the change of a slice along an axis of space: what lies outside of it is gone."""
    source, found = node.arguments["self"], node.arguments
    region, axis = plan.region(source), found["dim"] % source.data.ndim
    if region is None or axis < 2 or found["step"] != 1:
        return None
    first, _, _ = slice(found["start"], None).indices(source.data.shape[axis])
    by = (0, -first) if axis == source.data.ndim - 1 else (-first, 0)
    moved = region.moved(by, sizes_of(node.outs[0]))
    narrow = source in plan.narrow
    return Change(moved, lambda chunk: cleared(chunk.narrow(source).clone(), moved, chunk.rows), narrow)


def mean(plan: Plan, node: Node) -> Change | None:
    """Return a mean over all of space, whole: A' = A + (sum of D) / N."""
    source, axes, result = node.arguments["self"], node.arguments.get("dim"), node.outs[0].data
    region = plan.region(source)
    if region is None or result.dtype != source.data.dtype:
        return None
    if {axis % source.data.ndim for axis in axes or ()} != set(range(2, source.data.ndim)):
        return None
    count = prod(region.sizes)

    def compute(chunk: Chunk) -> Tensor:
        change = chunk.slab(source).sum((2, 3)) / count
        return result[:1] + change.reshape(len(chunk.rows), *result.shape[1:])

    return Change(None, compute)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("unsqueeze", "squeeze", "view", "_unsafe_view", "clone", "alias"), same),
    "constant_pad_nd": border,
    "slice": cut,
    "mean": mean,
}
