"""Goes through a tape once and decides, operation by operation, what is computed for a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.attribution.occluding import pointwise, reshaping, sweeping, whole
from pellucid.attribution.occluding.folding import folded
from pellucid.attribution.occluding.plan import Plan, Step, Unfit, changing_values, freed, is_layer, sizes_of
from pellucid.attribution.occluding.region import Pair, Region
from pellucid.attribution.occluding.sweeping import Change
from pellucid.attribution.tape.tape import Node, Tape, Value

WHOLE = 0.8  # of a layer: a slab as large as that is not worth its handling
_RULES = {**sweeping.RULES, **pointwise.RULES, **reshaping.RULES}


def planned(tape: Tape, number: int, starts: NDArray[np.int64], widths: Pair, *, apart: bool) -> Plan:
    """Return the plan for windows of one input.

    Parameters
    ----------
    tape
        Of two rows.
    number
        Which input.
    starts, widths
        First cells of the windows, (window, 2), and their sizes.
    apart
        A window replaces one channel only.

    Raises
    ------
    Unfit
        Where the engine cannot follow the module.
    """
    source = tape.inputs[number]
    changing = changing_values(tape, source)
    if tape.branches:
        raise Unfit("the module's way depends on its values")
    if not is_layer(source) or tape.logits not in changing:
        raise Unfit("the input has no axes in space or time")
    region = Region(starts, widths, sizes_of(source))
    plan = Plan(tape, source, changing, {source: region}, {source} if apart else set())
    done: set[Node] = set()
    later: dict[Node, Step] = {}
    for node in tape.nodes:
        if node in later:
            plan.steps.append(later[node])
        elif node not in done and any(value in changing for value in node.values()):
            nodes, step = _step(plan, node, done)
            done.update(nodes)
            if nodes[-1] is node:
                plan.steps.append(step)
            else:
                later[nodes[-1]] = step
    freed(plan.steps, tape.logits)
    return plan


def _step(plan: Plan, node: Node, taken: set[Node]) -> tuple[list[Node], Step]:
    """Return what is to be done for an operation, and those that are done with it."""
    if node.operator == "convolution":
        linear = folded(node, taken, linear=True)
        change = None if linear is None else sweeping.convolved(plan, linear)
        if linear is not None and change is not None and _pays(change):
            return linear.nodes, _changed(plan, linear.out, [linear.source], change)
        every = folded(node, taken, linear=False)
        if every is not None and all(out.data.shape[0] == 2 for n in every.nodes for out in n.outs[:1]):
            reads = [every.source] if every.other is None else [every.source, every.other]
            return every.nodes, Step((every.out,), tuple(reads), whole.convolved(every))
    rule = _RULES.get(node.operator)
    change = rule(plan, node) if rule is not None else None
    if change is not None and _pays(change):
        return [node], _changed(plan, node.outs[0], node.values(), change)
    outs = tuple(out if out in plan.changing else None for out in node.outs)
    return [node], Step(outs, tuple(node.values()), whole.again(plan, node))


def _pays(change: Change) -> bool:
    return change.region is None or change.region.share < WHOLE


def _changed(plan: Plan, out: Value, reads: list[Value], change: Change) -> Step:
    if change.region is not None:
        plan.regions[out] = change.region
        if change.narrow:
            plan.narrow.add(out)
    return Step((out,), tuple(reads), lambda chunk: (change.compute(chunk),))
