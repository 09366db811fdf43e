"""What is to be done for some windows: a list of steps, each on as many of them at once as the cache holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pellucid.attribution.occluding.record import Record
from pellucid.attribution.occluding.region import Region
from pellucid.attribution.occluding.slabs import Rows, scattered, zeros
from pellucid.attribution.tape.tape import Node, Value


@dataclass(slots=True, eq=False)
class Step:
    """One operation, or several in one.

    Attributes
    ----------
    outs
        What it gives, in the order of its results; None for what nobody reads.
    reads
        Values whose states it needs.
    compute
        Returns the state of each result.
    done
        Values that no later step reads.
    """

    outs: tuple[Value | None, ...]
    reads: tuple[Value, ...]
    compute: Callable[[Chunk], tuple[Tensor, ...]]
    done: tuple[Value, ...] = ()


@dataclass(slots=True, eq=False)
class Plan:
    """What is done with the windows of one tile.

    Attributes
    ----------
    regions
        Of the values that are known by their change alone, as slabs.
    narrow
        Of those, the ones that keep the input's channels apart: a window in one channel changes that channel only.
    owned
        Of those, the ones whose slabs nobody else holds.
    stages
        Steps, with the windows at once.
    """

    record: Record
    regions: dict[Value, Region]
    narrow: set[Value]
    owned: set[Value] = field(default_factory=set)
    stages: list[tuple[int, list[Step]]] = field(default_factory=list)

    def region(self, value: object) -> Region | None:
        """Return where a value changes, None if that is not known or it is none."""
        return self.regions.get(value) if isinstance(value, Value) else None

    def disposable(self, value: Value, node: Node) -> bool:
        """Return whether an operation may write over a value's slabs."""
        return value in self.owned and value.users == [node]

    def run(self, chunk: Chunk) -> Tensor:
        """Return the logits of some windows, (window, logit), given the change of the input."""
        for most, steps in self.stages:
            parts = chunk.split(most)
            for part in parts:
                for step in steps:
                    part.take(step)
            chunk.join(parts)
        return chunk.whole(self.record.tape.logits).reshape(len(chunk.rows), -1)


@dataclass(slots=True, eq=False)
class Chunk:
    """Some windows on their way through the network.

    Attributes
    ----------
    rows
        Which windows of the plan.
    channel
        The only one that they change; None for all.
    states
        Of each value its change, (window, channel, height, width), or the whole, (window, ...).
    wholes
        Those made whole of a change.
    """

    plan: Plan
    rows: Rows
    channel: int | None
    states: dict[Value, Tensor] = field(default_factory=dict)
    wholes: dict[Value, Tensor] = field(default_factory=dict)

    def split(self, most: int) -> list[Chunk]:
        """Return the windows in parts."""
        if len(self.rows) <= most:
            return [self]
        return [
            Chunk(
                self.plan,
                self.rows[first : first + most],
                self.channel,
                {value: state[first : first + most] for value, state in self.states.items()},
                {value: state[first : first + most] for value, state in self.wholes.items()},
            )
            for first in range(0, len(self.rows), most)
        ]

    def join(self, parts: list[Chunk]) -> None:
        """Take over what the parts know now."""
        if parts == [self]:
            return
        self.states = {value: torch.cat([part.states[value] for part in parts]) for value in parts[0].states}
        self.wholes = {value: torch.cat([part.wholes[value] for part in parts]) for value in parts[0].wholes}

    def take(self, step: Step) -> None:
        """Take a step, and forget what no later one needs."""
        for out, state in zip(step.outs, step.compute(self), strict=True):
            if out is not None:
                self.states[out] = state
        for value in step.done:
            self.states.pop(value, None)
            self.wholes.pop(value, None)

    def narrow(self, value: Value) -> Tensor:
        """Return the change of a value, only its one channel where no other changes."""
        return self.states[value]

    def slab(self, value: Value) -> Tensor:
        """Return the change of a value in all its channels."""
        delta = self.states[value]
        if self.channel is None or value not in self.plan.narrow:
            return delta
        height, width = delta.shape[2:]
        wide = zeros(delta, value.data.shape[1], (height, width))
        wide[:, self.channel] = delta[:, 0]
        return wide

    def whole(self, value: Value) -> Tensor:
        """Return a value with the windows replaced, (window, ...)."""
        if value not in self.plan.record.changing:
            return value.data[:1].expand(len(self.rows), *value.data.shape[1:])
        region = self.plan.regions.get(value)
        if region is None:
            return self.states[value]
        if value not in self.wholes:
            found = scattered(self.slab(value), region, self.plan.record.clean(value), self.rows)
            self.wholes[value] = found if value.data.ndim == 4 else found[:, :, 0]
        return self.wholes[value]


@dataclass(slots=True, eq=False)
class Change:
    """The change of a value.

    Attributes
    ----------
    region
        Where it lies; None where the result is known as a whole.
    compute
        Returns the change as slabs of that region, or the whole.
    narrow
        The input's channels are still apart.
    owned
        The slabs are fresh, and no other value's.
    """

    region: Region | None
    compute: Callable[[Chunk], Tensor]
    narrow: bool = False
    owned: bool = True


Rule = Callable[[Plan, Node], Change | None]  # None: only on whole values
