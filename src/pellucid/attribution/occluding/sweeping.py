"""Changes through convolutions and poolings: only the results that read a changed cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.attribution.occluding.folding import Folded, over_axes
from pellucid.attribution.occluding.plan import Chunk, Plan, sizes_of
from pellucid.attribution.occluding.region import Pair, Region, Sweep
from pellucid.attribution.occluding.slabs import LAST, cleared, placed
from pellucid.attribution.tape.tape import Node, Value


@dataclass(slots=True, eq=False)
class Change:
    """Where the result of an operation changes, and how that is found. Without a region the result is whole."""

    region: Region | None
    compute: Callable[[Chunk], Tensor]
    narrow: bool = False


Rule = Callable[[Plan, Node], "Change | None"]


def convolved(plan: Plan, folded: Folded) -> Change | None:
    """Return the change behind a convolution: it is linear, D' = W D, and its bias falls away."""
    source, kernel = folded.source, folded.kernel
    region = plan.region(source)
    if region is None:
        return None
    out, read = _swept(plan, source, folded.out, kernel.sweep)
    core, padding, skipped = _padded(region, read, kernel.sweep)
    apart = source in plan.narrow and kernel.groups == 1
    kernels = {c: kernel.of_channel(c) for c in range(source.data.shape[1])} if apart else {}

    def compute(chunk: Chunk) -> Tensor:
        single = apart and chunk.channel is not None
        delta = chunk.narrow(source) if single else chunk.slab(source)
        used = kernels[chunk.channel] if single else kernel
        found = used.change(placed(delta, region, core, chunk.rows), padding)
        (y, x), (height, width) = skipped, out.widths
        found = found[:, :, y : y + height, x : x + width].contiguous(memory_format=LAST)
        return cleared(found, out, chunk.rows)

    return Change(out, compute)


def _padded(region: Region, read: Region, sweep: Sweep) -> tuple[Region, Pair, Pair]:
    """Return slabs that become those that are read by as many zeros for all windows, before and after them.

    Returns
    -------
    core
        Their region; the same as `region` where that has one place within what is read.
    padding
        Zeros on both sides along each axis, left to the convolution, which is quick with them.
    skipped
        Results that these zeros add before the first that is wanted.
    """
    before = (region.starts - read.starts).min(0).clip(min=0)
    ends = (region.starts + region.widths - read.starts).max(0).clip(before + 1, read.widths)
    after = read.widths - ends
    stride = np.array(sweep.stride)
    skipped = -((before - np.maximum(before, after)) // stride)
    padding = before + skipped * stride
    core = Region(read.starts + before, _pair(ends - before), region.sizes)
    return core, _pair(padding), _pair(skipped)


def _pair(sizes: NDArray[np.int64]) -> Pair:
    return int(sizes[0]), int(sizes[1])


def max_pool(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a pooling by the largest, D' = pool(A + D) - pool(A), padded with minus infinity."""
    found, source = _pooling(plan, node)
    if found is None or source is None or node.outs[1] in plan.changing:
        return None
    region = plan.regions[source]
    out, read = _swept(plan, source, node.outs[0], found)
    before, after = plan.gather(source, read, float("-inf")), plan.gather(node.outs[0], out)

    def compute(chunk: Chunk) -> Tensor:
        moved = before(chunk.rows).add_(placed(chunk.slab(source), region, read, chunk.rows))
        pooled = torch.max_pool2d(moved, found.kernel, found.stride, 0, found.dilation)
        return cleared(pooled.sub_(after(chunk.rows)), out, chunk.rows)

    return Change(out, compute)


def avg_pool(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a pooling by the mean, which is linear where every mean is of as many cells."""
    found, source = _pooling(plan, node)
    arguments = node.arguments
    if found is None or source is None or arguments["ceil_mode"]:
        return None
    if any(found.padding) and not arguments["count_include_pad"]:
        return None
    region, divisor = plan.regions[source], arguments["divisor_override"]
    out, read = _swept(plan, source, node.outs[0], found)

    def compute(chunk: Chunk) -> Tensor:
        delta = placed(chunk.slab(source), region, read, chunk.rows)
        pooled = torch.ops.aten.avg_pool2d(delta, found.kernel, found.stride, 0, False, True, divisor)
        return cleared(pooled, out, chunk.rows)

    return Change(out, compute)


def _pooling(plan: Plan, node: Node) -> tuple[Sweep | None, Value | None]:
    arguments = node.arguments
    source = arguments["self"]
    if plan.region(source) is None:
        return None, None
    axes = source.data.ndim - 2
    kernel = over_axes(arguments["kernel_size"], axes, 1)
    sweep = Sweep(
        kernel,
        over_axes(arguments["stride"], axes, 1) if arguments["stride"] else kernel,
        over_axes(arguments["padding"], axes, 0),
        over_axes(arguments.get("dilation", [1]), axes, 1),
    )
    return sweep, source


def _swept(plan: Plan, source: Value, result: Value, sweep: Sweep) -> tuple[Region, Region]:
    """Return the region that changes, and the one that it reads."""
    region = plan.regions[source]
    out = sweep.reached(region, sizes_of(result))
    return out, sweep.read(out, region.sizes)


RULES: dict[str, Rule] = {"max_pool2d_with_indices": max_pool, "avg_pool2d": avg_pool}
