"""Goes through a tape and decides, operation by operation, what is computed for the windows of a tile."""

from __future__ import annotations

from pellucid.attribution.occluding import pointwise, reshaping, sweeping, whole
from pellucid.attribution.occluding.folding import Folded, extended, folded
from pellucid.attribution.occluding.plan import Change, Plan, Step
from pellucid.attribution.occluding.record import Record, Unfit, is_layer
from pellucid.attribution.occluding.region import Region
from pellucid.attribution.occluding.stages import staged
from pellucid.attribution.tape.tape import Node, Value

_WHOLE = 0.8  # of a layer: a slab as large as that is not worth its handling
_RULES = {**sweeping.RULES, **pointwise.RULES, **reshaping.RULES}


class Planner:
    """Makes the plans of all tiles of a record.

    Attributes
    ----------
    source
        The input whose windows are replaced.

    Raises
    ------
    Unfit
        Where the engine cannot follow the module.
    """

    def __init__(self, record: Record) -> None:
        self._record, self.source = record, record.source
        if record.tape.branches:
            raise Unfit("the module's way depends on its values")
        if not is_layer(record.source) or record.tape.logits not in record.changing:
            raise Unfit("the input has no axes in space or time, or does not reach the logits")
        self._nodes = [n for n in record.tape.nodes if any(value in record.changing for value in n.values())]
        self._folded: dict[Node, Folded | None] = {}

    def planned(self, region: Region, *, apart: bool) -> Plan:
        """Return the plan for some windows.

        Parameters
        ----------
        region
            Where they lie in the input.
        apart
            Each replaces one channel only.
        """
        source = self._record.source
        plan = Plan(self._record, {source: region}, {source} if apart else set())
        steps: list[Step] = []
        taken: dict[Node, Step | None] = {}
        for node in self._nodes:
            if node not in taken:
                nodes, step = self._step(plan, node, set(taken))
                taken.update({one: step if one is nodes[-1] else None for one in nodes})
            last = taken[node]
            if last is not None:
                steps.append(last)
        _forget(steps, self._record.tape.logits)
        plan.stages = staged(plan, steps)
        return plan

    def _step(self, plan: Plan, node: Node, taken: set[Node]) -> tuple[list[Node], Step]:
        """Return what is to be done for an operation, and those that are done with it."""
        if node not in self._folded:
            self._folded[node] = folded(node)
        convolution = self._folded[node]
        if convolution is None:
            rule = _RULES.get(node.operator)
            change = None if rule is None else rule(plan, node)
            if change is not None and _pays(change):
                return [node], _changed(plan, node.outs[0], node.values(), change)
            outs = tuple(out if out in self._record.changing else None for out in node.outs)
            return [node], Step(outs, node.values(), whole.again(self._record, node))
        change = sweeping.convolved(plan, convolution)
        if change is not None and _pays(change):
            return convolution.nodes, _changed(plan, convolution.out, (convolution.source,), change)
        every = extended(convolution, taken)
        reads = [every.source] if every.other is None else [every.source, every.other]
        if not all(whole.has_rows(value) for value in (*reads, every.out)):
            raise Unfit(f"{node} has no axis of rows first")
        return every.nodes, Step((every.out,), tuple(reads), whole.convolved(every))


def _pays(change: Change) -> bool:
    return change.region is None or change.region.share < _WHOLE


def _changed(plan: Plan, out: Value, reads: tuple[Value, ...], change: Change) -> Step:
    if change.region is not None:
        plan.regions[out] = change.region
        if change.narrow:
            plan.narrow.add(out)
        if change.owned:
            plan.owned.add(out)
    return Step((out,), reads, lambda chunk: (change.compute(chunk),))


def _forget(steps: list[Step], kept: Value) -> None:
    """Note with each step which values no later one reads."""
    seen = {kept}
    for step in reversed(steps):
        step.done = tuple(value for value in dict.fromkeys(step.reads) if value not in seen)
        seen.update(step.done)
