"""How many windows take a step at once: as many as the processor's cache holds what they read and write of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod

from pellucid.attribution.occluding.plan import Plan, Step

_CACHE = 16 * 2**20  # bytes; measured: beyond, memory is handed back and asked for anew at every step


def staged(plan: Plan, steps: Sequence[Step]) -> list[tuple[int, list[Step]]]:
    """Return steps in stages, each with the number of windows that take its steps together.

    Windows are taken apart for large values and put together again once the values are small. Slabs come first, and
    are not taken apart for the whole layers after them.
    """
    large = [number for number, step in enumerate(steps) if _gives_a_whole_layer(plan, step)]
    slabs = large[0] if large else len(steps)
    stages: list[tuple[int, list[Step]]] = []
    for part in (steps[:slabs], steps[slabs:]):
        rooms = [max(1, _CACHE // _bytes(plan, step)) for step in part]
        least_from_here = list(accumulate(reversed(rooms), min))[::-1]
        for step, room in zip(part, least_from_here, strict=True):
            if step is part[0] or room >= 2 * stages[-1][0]:
                stages.append((room, []))
            stages[-1][1].append(step)
    return stages


def _gives_a_whole_layer(plan: Plan, step: Step) -> bool:
    whole = (out for out in step.outs if out is not None and out not in plan.regions)
    return any(prod(out.data.shape[2:]) > 1 for out in whole)


def _bytes(plan: Plan, step: Step) -> int:
    """Return what a step reads and writes for one window."""
    total = 1
    for value in (*step.reads, *(out for out in step.outs if out is not None)):
        region, shape = plan.regions.get(value), value.data.shape
        elements = prod(shape[1:]) if region is None else shape[1] * prod(region.widths)
        total += elements * value.data.element_size()
    return total
