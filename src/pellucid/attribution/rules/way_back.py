"""From the logits of a run to all its inputs, once for each target."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pellucid.attribution.rules.engine import Rule, one_hot, propagate
from pellucid.attribution.run import Run
from pellucid.attribution.tape.tape import Node, Tape
from pellucid.core.errors import NotApplicableError


def changed_gradients(run: Run, rule_of: Callable[[Tape], Callable[[Node], Rule]]) -> list[Tensor]:
    """Return for each input what the rules make of the gradient, shape (batch, target, *input)."""
    tape = run.recorded.tape
    rules = rule_of(tape)
    columns = []
    for column in starts(run):
        messages = propagate(tape, column, rules)
        columns.append([None if message is None else message.c for message in messages])
    return stacked(run, columns)


def starts(run: Run) -> list[Tensor]:
    """Return for each target the start that picks its logit."""
    recorded = run.recorded
    return [one_hot(recorded.tape, recorded.logits, run.classes[:, column]) for column in range(run.classes.shape[1])]


def stacked(run: Run, columns: list[list[Tensor | None]]) -> list[Tensor]:
    """Return what arrived at each input, target by target, as (batch, target, *input).

    Raises
    ------
    NotApplicableError
        For an input that nothing arrived at.
    """
    found = []
    for number, parts in enumerate(zip(*columns, strict=True)):
        if any(part is None for part in parts):
            name = f"input {number}" if len(run.rows) > 1 else "the input"
            raise NotApplicableError(
                f"{name} does not reach the logit: the module does not use it, or only in steps without a slope "
                "(comparison, rounding, argmax). Pass what is not to be explained with arguments=(...)."
            )
        found.append(torch.stack([part for part in parts if part is not None], 1))
    return found
