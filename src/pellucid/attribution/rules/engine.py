"""One way back over a tape: each operation's rule turns what arrives at its results into what goes on to its inputs.

A message is a pair (c, r): the relevance of a value x is r + x * c. Most rules hand on c alone, which needs no
division; plain gradients are the case in which r never appears.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pellucid.attribution.tape.tape import Node, Tape, Value

_LONG = 2**16  # numbers a row: from here on a call for each is up to four times as quick, for it keeps no products


@dataclass(slots=True, eq=False)
class Message:
    """What arrives at a value: relevance = r + x * c. None stands for zero."""

    c: Tensor | None = None
    r: Tensor | None = None

    def add(self, c: Tensor | None, r: Tensor | None) -> None:
        """Add another message to this one."""
        self.c = c if self.c is None else self.c if c is None else self.c + c
        self.r = r if self.r is None else self.r if r is None else self.r + r

    def total(self, data: Tensor) -> Tensor | None:
        """Return the relevance of each element."""
        if self.c is None:
            return self.r
        return data * self.c if self.r is None else torch.addcmul(self.r, data, self.c)


@dataclass(slots=True, eq=False)
class Step:
    """One operation on the way back."""

    node: Node
    arrived: tuple[Message | None, ...]
    sent: dict[Value, Message] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """What arrived at the first result, or at the only one that anything arrived at."""
        return next(message for message in self.arrived if message is not None)

    @property
    def out(self) -> Tensor:
        """The result that `message` belongs to."""
        return next(out.data for out, message in zip(self.node.outs, self.arrived, strict=True) if message is not None)

    def send(self, value: Value, c: Tensor | None = None, r: Tensor | None = None) -> None:
        """Pass a message on to one of the operation's inputs."""
        self.sent.setdefault(value, Message()).add(_as_precise(c, value.data), _as_precise(r, value.data))


def _as_precise(part: Tensor | None, data: Tensor) -> Tensor | None:
    """Return a message in the precision of its value: a step may mix two, as a division by numbers in float64 does."""
    if part is None or part.dtype == data.dtype or not (part.is_floating_point() and data.is_floating_point()):
        return part
    return part.to(data.dtype)


Rule = Callable[[Step], None]


def propagate(tape: Tape, start: Tensor, rule_of: Callable[[Node], Rule]) -> list[Message | None]:
    """Return what arrives at each input.

    Parameters
    ----------
    start
        What the logits' value starts with, as c, shaped like it.
    rule_of
        The rule of each operation.
    """
    waiting: dict[Value, Message] = {tape.logits: Message(c=start)}
    with torch.no_grad():  # the weights may ask for gradients of their own
        for node in reversed(tape.nodes):
            arrived = tuple(waiting.pop(out, None) for out in node.outs)
            if all(message is None for message in arrived):
                continue
            step = Step(node, arrived)
            rule_of(node)(step)
            for value, message in step.sent.items():
                if value in waiting:
                    waiting[value].add(message.c, message.r)
                else:
                    waiting[value] = Message(message.c, message.r)
    return [waiting.get(value) for value in tape.inputs]


def dots(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum of the products of each row, shape (row,); the first is conjugated if complex."""
    rows = len(one)
    one, other = one.reshape(rows, -1), other.reshape(rows, -1)
    if one.shape[1] < _LONG or one.is_complex() or one.device.type != "cpu":
        found: Tensor = torch.linalg.vecdot(one, other)
        return found
    return torch.stack([torch.dot(a, b) for a, b in zip(one, other, strict=True)])


def one_hot(tape: Tape, logits: Tensor, classes: Tensor) -> Tensor:
    """Return the start that picks one logit a row, shaped as the module gave its logits.

    Parameters
    ----------
    logits
        Shape (row, logit).
    classes
        Shape (row,).
    """
    start = torch.zeros_like(logits).scatter_(1, classes.to(logits.device)[:, None], 1)
    return start.reshape(tape.logits.data.shape)
