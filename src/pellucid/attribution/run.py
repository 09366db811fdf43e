"""What a method's author works with: some samples, the classes asked for, and the module behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from pellucid.attribution.activation import Activation, activation
from pellucid.attribution.budget import evenly, rows_at_once
from pellucid.attribution.forward import Forward
from pellucid.attribution.maps import Geometry
from pellucid.attribution.question import Question
from pellucid.attribution.rules.ledger import Line
from pellucid.attribution.rules.own_gradient import own_gradient
from pellucid.attribution.tape.recording import Recorded
from pellucid.attribution.target import logits_of

Result = TypeVar("Result")
_BACK = 4  # one part in so many of the memory is for the way back itself


@dataclass(slots=True)
class Declared:
    """What a method adds to its relevance."""

    base: Tensor | None = None
    variation: Tensor | None = None
    geometry: Geometry | None = None
    cells: Tensor | None = None
    ledger: dict[Line, Tensor] = field(default_factory=dict)
    details: dict[str, Tensor] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Run:
    """Some samples of a question.

    A second axis, for the targets, is in everything that is asked of a run, also where there is only one: relevance
    is written as if for one input and one class, and holds for all of them.

    Parameters
    ----------
    question
        The module and everything given at the call.
    rows
        The inputs of these samples, (batch, *input) each.
    samples
        Which samples of the question they are; one may come more than once.
    classes
        Shape (batch, target).
    first
        The pass through the module, where it has been made already.
    """

    def __init__(
        self,
        question: Question,
        rows: tuple[Tensor, ...],
        samples: Tensor,
        classes: Tensor,
        *,
        bytes_a_row: int,
        first: Forward | Recorded | None = None,
    ) -> None:
        self.question = question
        self.rows = rows
        self.samples = samples
        self.classes = classes
        self.number = 0
        self.declared = Declared()
        self._bytes = bytes_a_row
        self._forward = first if isinstance(first, Forward) else None
        self._recorded = first if isinstance(first, Recorded) else None
        self._compared = False
        self._gradients: tuple[Tensor, ...] | None = None
        self._scores: Tensor | None = None
        self._kept: dict[str, Any] = {}

    @property
    def inputs(self) -> Tensor:
        """The input explained, shape (batch, 1, *input)."""
        return self.rows[self.number][:, None]

    @property
    def forward(self) -> Forward:
        """The pass of these samples through the module; made once."""
        if self._forward is None:
            self._forward = Forward(self.question, self.rows, self.question.arguments_for(self.samples))
        return self._forward

    @property
    def recorded(self) -> Recorded:
        """The pass of these samples with every operation written down; made once."""
        arguments = self.question.arguments_for(self.samples)
        if self._recorded is None:
            self._recorded = Recorded(self.question, self.rows, arguments)
        if not self._compared:
            self._compared = True
            remark = own_gradient(self.question, self._recorded, self.rows, arguments, self.classes[:, 0])
            if remark is not None:
                self.warn(remark)
        return self._recorded

    def scores(self) -> Tensor:
        """Return the logits asked for, shape (batch, target), without gradients."""
        if self._scores is None:
            logits = (self._recorded or self.forward).logits.detach()
            self._scores = logits.gather(1, self.classes.to(logits.device))
        return self._scores

    def gradient(self) -> Tensor:
        """Return the gradient of the logits to the input, (batch, target, *input). One way back for each target."""
        if self._gradients is None:
            columns = list(self.gradients())
            self._gradients = tuple(torch.stack(parts, 1) for parts in zip(*columns, strict=True))
        return self._gradients[self.number]

    def gradients(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield, target by target, the gradients to all inputs, (batch, *input): where all at once are too large."""
        for column in range(self.classes.shape[1]):
            keep = column + 1 < self.classes.shape[1]
            yield self.forward.gradients(self.classes[:, column], keep=keep)

    def activation(self) -> Activation:
        """Return the values of the method's layer, or of the last one with space or time."""
        return activation(self.forward)

    def option(self, name: str) -> Any:
        """Return what was given at the call under that name, None if nothing was."""
        return self.question.options.get(name)

    def forget(self) -> None:
        """Let go of the passes, before those of other samples are made."""
        if self._recorded is not None:
            self._recorded.forget()
        self._forward = self._recorded = self._gradients = None
        self._kept.clear()

    def keep_scores(self) -> None:
        """Let go of the passes, but for the scores: for a method that needs their memory for other points."""
        self.scores()
        self.forget()

    def together(self, beside: int = 0) -> int:
        """Return how many rows fit into memory at once, beside those of the run's own pass and `beside` bytes."""
        passed = self._forward is not None or self._recorded is not None
        held = len(self.samples) * self._bytes if passed else 0
        return rows_at_once(self.question.memory - held - beside, self._bytes)

    def chunks(self, points: int) -> list[slice]:
        """Return how to split points of all the run's samples, so that the way there and back fits into memory."""
        return evenly(points, max(1, self.together(beside=self.question.memory // _BACK) // len(self.samples)))

    def elsewhere(self, points: tuple[Tensor, ...]) -> Run:
        """Return a run over other points, (point, batch, *input) each: the samples of this run moved.

        Its batch is (point x batch), the samples of the first point first.
        """
        count = len(points[0])
        rows = tuple(tensor.flatten(0, 1) for tensor in points)
        run = Run(
            self.question, rows, self.samples.repeat(count), self.classes.repeat(count, 1), bytes_a_row=self._bytes
        )
        run.number = self.number
        return run

    def logits_at(self, points: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return the logits of other points without gradients, shape (row, logit), in chunks that fit into memory.

        Parameters
        ----------
        points
            For each input (row, *input).
        samples
            Which sample of this run each row was made of, shape (row,): its `arguments` go with it.
        """
        step, question = self.together(), self.question
        pieces = []
        with torch.no_grad():
            for start in range(0, len(samples), step):
                rows = tuple(tensor[start : start + step].clone() for tensor in points)
                which = self.samples[samples[start : start + step].cpu()]
                output = question.module(*rows, *question.arguments_for(which))
                pieces.append(logits_of(output, question.output, len(which)))
        return torch.cat(pieces)

    def one_by_one(self) -> list[Run]:
        """Return a run for each sample, for a module whose batch cannot be told from its other axes."""
        return [
            Run(
                self.question,
                tuple(rows[number : number + 1] for rows in self.rows),
                self.samples[number : number + 1],
                self.classes[number : number + 1],
                bytes_a_row=self._bytes,
            )
            for number in range(len(self.samples))
        ]

    def once(self, name: str, compute: Callable[[], Result]) -> Result:
        """Return what `compute` gives, asking it once for all inputs of a module with several."""
        if name not in self._kept:
            self._kept[name] = compute()
        result: Result = self._kept[name]
        return result

    def declare(
        self,
        *,
        base: Tensor | None = None,
        variation: Tensor | None = None,
        geometry: Geometry | None = None,
        cells: Tensor | None = None,
        ledger: dict[Line, Tensor] | None = None,
        details: dict[str, Tensor] | None = None,
    ) -> None:
        """Add to the answer what relevance alone does not say.

        Parameters
        ----------
        base
            What the relevance should add up from, shape (batch, target): sum + base = score.
        variation
            How much the score varies between base and score, (batch, target); the gap is relative to it, where it is
            larger than their difference.
        geometry, cells
            Of a layer's map: where its cells lie, and the map itself, (batch, target, ...).
        ledger
            What was taken on the way back, by layer and cause, each (batch, target).
        details
            Anything else worth keeping, by name, each (batch, target, ...).
        """
        self.declared.details |= details or {}
        self.declared.ledger |= ledger or {}
        given = {"base": base, "variation": variation, "geometry": geometry, "cells": cells}
        for name, value in given.items():
            if value is not None:
                setattr(self.declared, name, value)

    def warn(self, text: str) -> None:
        """Add a reserve, in words, once."""
        if text not in self.declared.warnings:
            self.declared.warnings.append(text)
