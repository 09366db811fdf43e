"""A forward pass as a list of operations, each with its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from pellucid.core.errors import NotApplicableError


@dataclass(slots=True, eq=False)
class Value:
    """A tensor that depends on an input.

    Attributes
    ----------
    data
        What it was when the pass went by; later writes in place do not change it.
    node
        The operation that made it; None for an input.
    number
        Which result of that operation it is.
    users
        The operations that read it.
    """

    data: Tensor
    node: Node | None
    number: int = 0
    users: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Node:
    """One operation.

    Attributes
    ----------
    operator
        Its plain name, `convolution`; a write in place has the name of its twin out of place.
    arguments
        By their names in the operator's schema; a `Value` where a tensor depends on an input.
    outs
        Its results.
    place
        Dotted name of the submodule in which it ran; empty in the module itself.
    """

    index: int
    operator: str
    arguments: dict[str, Any]
    place: str
    function: Callable[..., Any]
    outs: tuple[Value, ...] = ()
    _values: tuple[Value, ...] | None = None  # asked for often, and never another

    def values(self) -> tuple[Value, ...]:
        """Return what it read of what depends on an input, in the order of its arguments."""
        if self._values is None:
            self._values = tuple(values_in(list(self.arguments.values())))
        return self._values

    def forget(self) -> None:
        """Let go of everything that it read and gave."""
        self.outs, self.arguments, self._values = (), {}, ()

    def constant(self, name: str) -> bool:
        """Return whether an argument does not depend on an input."""
        return not values_in(self.arguments.get(name))

    def tensor(self, name: str) -> Tensor:
        """Return an argument as the tensor that it was."""
        found: Tensor = plain(self.arguments[name])
        return found

    def run(self, replaced: Mapping[Value, Tensor]) -> Any:
        """Run the operation again, with other tensors in place of some values."""
        return self.function(
            {name: substituted(value, lambda v: replaced.get(v, v.data)) for name, value in self.arguments.items()}
        )

    def __str__(self) -> str:
        shapes = ", ".join(str(tuple(out.data.shape)) for out in self.outs)
        where = f" in submodule {self.place!r}" if self.place else ""
        return f"operation {self.operator} with the result {shapes}{where}"


@dataclass(slots=True, eq=False)
class Tape:
    """Everything on the way from the inputs to the logits.

    Attributes
    ----------
    inputs
        The values that the module was given, one an input.
    nodes
        In the order of execution, those only that lead from an input to the logits.
    logits
        The value that holds them, in the shape in which the module gave it.
    branches
        The module asked for the truth of a value, so that other inputs may take another way through it.
    """

    inputs: tuple[Value, ...]
    nodes: list[Node]
    logits: Value
    branches: bool = False

    def on_the_way(self) -> set[Value]:
        """Return all values that lead from an input to the logits."""
        return {self.logits, *(value for node in self.nodes for value in node.values())}


def traced(inputs: tuple[Value, ...], nodes: list[Node], logits: Value, *, branches: bool) -> Tape:
    """Return the tape of the operations that lead to the logits; those that lead elsewhere are forgotten."""
    needed: set[Value] = {logits}
    kept: list[Node] = []
    for node in reversed(nodes):
        if any(out in needed for out in node.outs):
            kept.append(node)
            needed.update(node.values())
    if not any(value in needed for value in inputs):
        raise NotApplicableError(
            "the input does not reach the logit: the module does not use it, or cuts the way back (detach, numpy, "
            "argmax)."
        )
    live = set(kept)
    for value in needed:
        value.users = [node for node in value.users if node in live]
    return Tape(inputs, kept[::-1], logits, branches)


_LISTS = (list, tuple)
_HOLDERS = (Value, list, tuple)


def values_in(item: Any) -> list[Value]:
    """Return the values in an argument, lists included, in order."""
    if isinstance(item, Value):
        return [item]
    if isinstance(item, _LISTS):
        return [value for part in item if isinstance(part, _HOLDERS) for value in values_in(part)]
    return []


def substituted(item: Any, by: Callable[[Value], Any]) -> Any:
    """Return an argument with every value replaced."""
    if isinstance(item, Value):
        return by(item)
    if isinstance(item, list | tuple):
        return type(item)(substituted(part, by) for part in item)
    return item


def plain(item: Any) -> Any:
    """Return an argument as the tensors that it was."""
    return substituted(item, lambda value: value.data)
