"""What is to be done for any window, worked out once: which values of the tape as slabs, and which as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from pellucid.attribution.occluding.region import Pair, Region
from pellucid.attribution.occluding.slabs import Gather, Rows, flat, scattered, zeros
from pellucid.attribution.tape.tape import Tape, Value


class Unfit(Exception):  # noqa: N818  # no error: the plain way is taken
    """The engine cannot follow this module."""


@dataclass(slots=True, eq=False)
class Step:
    """One operation, or several in one, for some windows.

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
    """What is known of the values that change with a window.

    The tape was recorded on two rows: the input, and the input with one window replaced. The first gives the clean
    values; the second is for the check.

    Attributes
    ----------
    source
        The input whose windows are replaced.
    changing
        The values that depend on it.
    regions
        Of the values that are known by their change alone, as slabs.
    narrow
        Of those, the ones that keep the input's channels apart: a window in one channel changes that channel only.
    """

    tape: Tape
    source: Value
    changing: set[Value]
    regions: dict[Value, Region]
    narrow: set[Value]
    steps: list[Step] = field(default_factory=list)

    def sizes(self, value: Value) -> Pair:
        """Return the height and width of a value, (row, channel, *space)."""
        return sizes_of(value)

    def region(self, value: object) -> Region | None:
        """Return where a value changes, None if that is not known or it is none."""
        return self.regions.get(value) if isinstance(value, Value) else None

    def clean(self, value: Value) -> Tensor:
        """Return a value without any window replaced, (1, channel, height, width)."""
        return flat(value.data[:1])

    def gather(self, value: Value, region: Region, fill: float = 0.0) -> Gather:
        """Return what takes a region out of the clean value."""
        return Gather(self.clean(value), region, fill)

    def run(self, chunk: Chunk) -> Tensor:
        """Return the logits of some windows, (window, logit), given the change of the input."""
        for step in self.steps:
            for out, state in zip(step.outs, step.compute(chunk), strict=True):
                if out is not None:
                    chunk.states[out] = state
            for value in step.done:
                chunk.states.pop(value, None)
                chunk.wholes.pop(value, None)
        return chunk.whole(self.tape.logits).reshape(len(chunk.rows), -1)


@dataclass(slots=True, eq=False)
class Chunk:
    """Some windows on their way through the network.

    Attributes
    ----------
    rows
        Which windows.
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
        if value not in self.plan.changing:
            return value.data[:1].expand(len(self.rows), *value.data.shape[1:])
        region = self.plan.regions.get(value)
        if region is None:
            return self.states[value]
        if value not in self.wholes:
            found = scattered(self.slab(value), region, self.plan.clean(value), self.rows)
            self.wholes[value] = found if value.data.ndim == 4 else found[:, :, 0]
        return self.wholes[value]


def sizes_of(value: Value) -> Pair:
    """Return the height and width of a value (row, channel, *space) of one or two axes in space."""
    *_, height, width = (1, *value.data.shape[2:])
    return height, width


def is_layer(value: Value) -> bool:
    """Return whether a value is (row, channel, *space) with one or two axes in space."""
    return value.data.ndim in (3, 4) and value.data.is_floating_point()


def changing_values(tape: Tape, source: Value) -> set[Value]:
    """Return the values that depend on one of the inputs."""
    found = {source}
    for node in tape.nodes:
        if any(value in found for value in node.values()):
            found.update(node.outs)
    return found & tape.on_the_way()


def freed(steps: list[Step], keep: Value) -> None:
    """Note with each step which values no later step reads."""
    seen = {keep}
    for step in reversed(steps):
        last = [value for value in dict.fromkeys(step.reads) if value not in seen]
        step.done = tuple(last)
        seen.update(last)

