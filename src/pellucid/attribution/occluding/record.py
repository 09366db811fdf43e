"""What the engine knows of a module: its tape, which of its values change with a window, and those without one."""

from __future__ import annotations

from torch import Tensor

from pellucid.attribution.occluding.region import Pair
from pellucid.attribution.occluding.slabs import flat
from pellucid.attribution.tape.tape import Tape, Value


class Unfit(Exception):  # noqa: N818  # no error: the plain way is taken
    """The engine cannot follow this module."""


class Record:
    """A tape of two rows: an input, and the same with one window replaced, which is there for the check.

    Parameters
    ----------
    source
        The input whose windows are replaced.

    Attributes
    ----------
    changing
        The values that depend on it, on the way to the logits.
    """

    def __init__(self, tape: Tape, source: Value) -> None:
        self.tape, self.source = tape, source
        found = {source}
        for node in tape.nodes:
            if any(value in found for value in node.values()):
                found.update(node.outs)
        self.changing = found & tape.on_the_way()
        self._clean: dict[Value, Tensor] = {}

    def clean(self, value: Value) -> Tensor:
        """Return a value without any window replaced, (1, channel, height, width), channels last."""
        if value not in self._clean:
            self._clean[value] = flat(value.data[:1])
        return self._clean[value]


def sizes_of(value: Value) -> Pair:
    """Return the height and width of a value (row, channel, *space) of one or two axes in space."""
    *_, height, width = (1, *value.data.shape[2:])
    return height, width


def is_layer(value: Value) -> bool:
    """Return whether a value is (row, channel, *space) with one or two axes in space."""
    return value.data.ndim in (3, 4) and value.data.is_floating_point()
