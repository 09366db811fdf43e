"""Changes through convolutions and poolings: only the results that read a changed cell."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pellucid.attribution.occluding.folding import Folded, over_axes
from pellucid.attribution.occluding.plan import Change, Chunk, Plan, Rule
from pellucid.attribution.occluding.record import sizes_of
from pellucid.attribution.occluding.region import Cells, Pair, Region, Sweep
from pellucid.attribution.occluding.slabs import LAST, Gather, cleared, placed
from pellucid.attribution.tape.tape import Node, Value


def convolved(plan: Plan, folded: Folded) -> Change | None:
    """Return the change behind a convolution: it is linear, D' = W D, and its bias falls away."""
    source, kernel = folded.source, folded.kernel
    region = plan.region(source)
    if region is None:
        return None
    out = kernel.sweep.reached(region, sizes_of(folded.out))
    core, padding, skipped = _padded(region, kernel.sweep.read(out, region.sizes), kernel.sweep)
    apart = source in plan.narrow and kernel.groups == 1

    def compute(chunk: Chunk) -> Tensor:
        if apart and chunk.channel is not None:
            delta, own = chunk.narrow(source), kernel.of_channel(chunk.channel)
        else:
            delta, own = chunk.slab(source), kernel
        found = own.change(placed(delta, region, core, chunk.rows), padding)
        (y, x), (height, width) = skipped, out.widths
        found = found[:, :, y : y + height, x : x + width].contiguous(memory_format=LAST)
        return cleared(found, out, chunk.rows)

    return Change(out, compute)


def _padded(region: Region, read: Region, sweep: Sweep) -> tuple[Region, Pair, Pair]:
    """Return what has to be padded with equally many zeros for all windows to become the slabs that are read.

    Returns
    -------
    core
        Its region; the same as `region` where that has one place within what is read.
    padding
        Zeros on both sides along each axis, left to the convolution, which is quick with them.
    skipped
        Results that these zeros add before the first that is wanted.
    """
    before = (region.starts - read.starts).min(0).clip(0, np.array(read.widths) - 1)
    ends = (region.ends - read.starts).max(0).clip(before + 1, read.widths)
    skipped = -((before - np.maximum(before, read.widths - ends)) // sweep.stride)
    core = Region(read.starts + before, _pair(ends - before), region.sizes)
    return core, _pair(before + skipped * sweep.stride), _pair(skipped)


def _pair(sizes: Cells) -> Pair:
    return int(sizes[0]), int(sizes[1])


def max_pool(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a pooling by the largest, D' = pool(A + D) - pool(A), padded with minus infinity."""
    source: Value = node.arguments["self"]
    region = plan.region(source)
    if region is None or node.outs[1] in plan.record.changing:
        return None
    sweep = _sweep(node, source)
    out = sweep.reached(region, sizes_of(node.outs[0]))
    read = sweep.read(out, region.sizes)
    before = Gather(plan.record.clean(source), read, float("-inf"))
    after = Gather(plan.record.clean(node.outs[0]), out)

    def compute(chunk: Chunk) -> Tensor:
        moved = before(chunk.rows).add_(placed(chunk.slab(source), region, read, chunk.rows))
        pooled = torch.max_pool2d(moved, sweep.kernel, sweep.stride, 0, sweep.dilation)
        return cleared(pooled.sub_(after(chunk.rows)), out, chunk.rows)

    return Change(out, compute)


def avg_pool(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a pooling by the mean, which is linear where every mean is of as many cells."""
    source, arguments = node.arguments["self"], node.arguments
    region = plan.region(source)
    if region is None or arguments["ceil_mode"]:
        return None
    sweep, divisor = _sweep(node, source), arguments["divisor_override"]
    if any(sweep.padding) and not arguments["count_include_pad"]:
        return None
    out = sweep.reached(region, sizes_of(node.outs[0]))
    read = sweep.read(out, region.sizes)

    def compute(chunk: Chunk) -> Tensor:
        delta = placed(chunk.slab(source), region, read, chunk.rows)
        pooled = torch.ops.aten.avg_pool2d(delta, sweep.kernel, sweep.stride, 0, False, True, divisor)
        return cleared(pooled, out, chunk.rows)

    return Change(out, compute)


def _sweep(node: Node, source: Value) -> Sweep:
    found, axes = node.arguments, source.data.ndim - 2
    kernel = over_axes(found["kernel_size"], axes, 1)
    stride = over_axes(found["stride"], axes, 1) if found["stride"] else kernel
    padding, dilation = over_axes(found["padding"], axes, 0), over_axes(found.get("dilation", ()), axes, 1)
    return Sweep(kernel, stride, padding, dilation)


RULES: dict[str, Rule] = {"max_pool2d_with_indices": max_pool, "avg_pool2d": avg_pool}
