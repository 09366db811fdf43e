"""Relevance of a run by layer-wise propagation, with its ledger declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.rules.composites import Composite
from pellucid.attribution.rules.kinds import KINDS
from pellucid.attribution.rules.ledger import NOT_CONSERVED, Line
from pellucid.attribution.rules.relevance import AttentionRule, RelevancePropagation
from pellucid.attribution.rules.way_back import stacked, starts
from pellucid.attribution.rules.weighted_rules import RuleSettings
from pellucid.attribution.run import Run
from pellucid.attribution.tape.tape import Node, Tape
from pellucid.core.errors import NotApplicableError

Settings = Callable[[int], RuleSettings]
_MOVES_AXES = {
    *("permute", "transpose", "t", "movedim", "unbind", "select", "stack", "cat", "roll", "flip", "repeat", "index"),
    *("index_select", "gather", "sort", "read", "write"),
}
_SQUEEZING = {"sigmoid", "hardsigmoid", "_softmax", "_log_softmax"}
_SPREADS = {"expand", "add", "sub", "rsub", "mul", "div", "where", "maximum", "minimum"}


def propagated(run: Run, composite: Composite, settings: Settings, attention: AttentionRule) -> list[Tensor]:
    """Return the relevance of each input, (batch, target, *input), and declare the ledger and what it sums to.

    Parameters
    ----------
    settings
        Of the rules, for a batch of so many samples.
    """
    _refuse_probabilities(run.recorded.tape)
    batch = len(run.samples)
    if batch > 1 and not batch_stays_first(run.recorded.tape, batch):
        parts = []
        for part in run.one_by_one():
            parts.append(_of_one_tape(part, composite, settings, attention))
            part.forget()
        names = dict.fromkeys(line for _, book in parts for line in book)  # samples may take different branches
        none = torch.zeros_like(run.scores()[:1])
        lines = {line: torch.cat([book.get(line, none) for _, book in parts]) for line in names}
        found = [torch.cat(tensors) for tensors in zip(*(relevance for relevance, _ in parts), strict=True)]
    else:
        found, lines = _of_one_tape(run, composite, settings, attention)
    total = torch.stack(list(lines.values())).sum(0) if lines else torch.zeros_like(run.scores())
    # what was taken and what was given may cancel, so the gap is measured by the size of the logit
    run.declare(ledger=lines, base=total, variation=run.scores().abs())
    lost = [taken for (_, cause), taken in lines.items() if cause == NOT_CONSERVED]
    if lost and bool((torch.stack(lost).sum(0).abs() > 0.01 * run.scores().abs()).any()):
        run.warn(f'relevance was not conserved everywhere: see the ledger\'s lines "{NOT_CONSERVED}"')
    return found


def _refuse_probabilities(tape: Tape) -> None:
    """Refuse a module whose last step squeezes the logits, which turns signs around or hands on what is not there."""
    node = tape.logits.node
    while node is not None and KINDS.get(node.operator) == "move" and len(node.values()) == 1:
        node = node.values()[0].node
    if node is not None and node.operator in _SQUEEZING:
        raise NotApplicableError(
            f"the module ends in {node}: layer-wise relevance propagation explains logits, not probabilities. Let the "
            "module end before that step."
        )


def _of_one_tape(
    run: Run, composite: Composite, settings: Settings, attention: AttentionRule
) -> tuple[list[Tensor], dict[Line, Tensor]]:
    engine = RelevancePropagation(run.recorded.tape, composite, settings(len(run.samples)), attention)
    columns, books = [], []
    for start in starts(run):
        relevance, book = engine.relevance(start)
        columns.append(relevance)
        books.append(book.lines)
    return stacked(run, columns), _lines(books, torch.zeros_like(run.scores()[:, 0]))


def _lines(books: list[dict[Line, Tensor]], none: Tensor) -> dict[Line, Tensor]:
    """Return the lines of the ledger, (batch, target) each; in one piece, for there are hundreds."""
    names = dict.fromkeys(line for book in books for line in book)
    if not names:
        return {}
    found = torch.stack([torch.stack([book.get(line, none) for line in names]) for book in books], 2)
    return dict(zip(names, found, strict=True))


def batch_stays_first(tape: Tape, batch: int) -> bool:
    """Return whether the samples are the outermost axis of every value, alone or with another axis folded in."""
    for node in tape.nodes:
        if any(out.data.ndim == 0 or len(out.data) % batch for out in node.outs):
            return False
        if node.operator in _MOVES_AXES and _moves_first(node):
            return False
        if node.operator in _SPREADS and node.outs[0].data.ndim > max(value.data.ndim for value in node.values()):
            return False  # a new axis outermost
    return True


def _moves_first(node: Node) -> bool:
    arguments: dict[str, Any] = node.arguments
    if node.operator == "t":
        return True
    if node.operator in ("permute", "repeat"):
        return bool(arguments["dims"][0] != 0 if node.operator == "permute" else arguments["repeats"][0] != 1)
    if node.operator == "index":
        return arguments["indices"][0] is not None
    if node.operator in ("read", "write"):  # of a memory whose outermost axis must be that of the part
        _, shape, stride, *_ = arguments["place"]
        return not shape or shape[0] * stride[0] != node.tensor("self").numel()
    ndim = node.outs[0].data.ndim + (node.operator in ("unbind", "select"))
    given = [arguments.get(name) for name in ("dim", "dim0", "dim1", "dims")]
    flat = [d for item in given for d in (item if isinstance(item, list | tuple) else [item]) if isinstance(d, int)]
    return any(d in (0, -ndim) for d in flat)
