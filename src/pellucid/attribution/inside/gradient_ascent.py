"""Gradient ascent: an input that excites a class, a channel or a unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from torch import Tensor, nn

from pellucid.attribution.first_look import refuse_training
from pellucid.attribution.guard import guarded
from pellucid.attribution.inside.ascent_settings import PRESETS, AscentSettings
from pellucid.attribution.inside.goal import Goal, Target
from pellucid.attribution.inside.regularisers import (
    blurred,
    decayed,
    without_small_contributions,
    without_small_norms,
)
from pellucid.attribution.question import checked_answer, checked_inputs, checked_module
from pellucid.core.errors import InvalidInputError, NotApplicableError, interrupted, unknown_name
from pellucid.core.progress import track
from pellucid.core.randomness import generator

Project = Callable[[Tensor], Tensor]
_DRAWS = 6  # the first start and five more
_START, _SHIFTS = 0, 1  # streams of the seed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ascent:
    """An input that excites what was asked for.

    Attributes
    ----------
    input
        The best that was seen, shape (*input).
    activation
        The value for it.
    log
        The value before each step; where the gradient vanishes the climb ends, and the log with it.
    words
        What was raised.
    redrawn
        How many starts had no gradient.
    settings
        As used.
    """

    input: Tensor
    activation: float
    log: tuple[float, ...]
    words: str
    redrawn: int
    settings: AscentSettings


def gradient_ascent(
    module: nn.Module,
    shape: Sequence[int] | None = None,
    *,
    target: Target,
    start: Tensor | None = None,
    settings: AscentSettings | str | None = None,
    project: Project | None = None,
    arguments: Sequence[Any] = (),
    output: str | int | None = None,
) -> Ascent:
    """Return an input that excites a class, a channel or a unit.

    Each step: the input is brought into its range and through `project`, the value and its gradient are taken, a step
    is made along it; then, but for the last step, decay, blur, small norms and small contributions in this order.

    Parameters
    ----------
    module
        Any torch module; left exactly as it is.
    shape
        Of one input, (channel, *space), for a random start.
    target
        A class; (layer, channel), the mean over its cells; (layer, channel, unit), one cell, by its index or "centre"
        (the field of a unit at the edge is cut).
    start
        In place of a shape: the input to start from, (channel, *space).
    settings
        `AscentSettings`, or the name of a published set, `published_1` to `published_4`.
    project
        Takes an input (channel, *space) and gives one that is allowed, such as an ECG whose derived leads follow from
        the others.
    arguments, output
        As for every method.

    Raises
    ------
    InvalidInputError, UnknownNameError
        For a layer, channel, unit, class or preset that there is not, a start that is none and a wrong `project`.
    NotApplicableError
        For a module in training mode, and where the gradient is zero at the start, after five more draws.
    Interrupted
        At Ctrl-C after some of the steps; its `finished` holds the `Ascent` so far.

    Notes
    -----
    Cost: `steps` passes forward and back.
    """
    module, used = checked_module(module), _settings(settings)
    first = _first(module, shape, start, used)
    with guarded(module, {first.device.type}):
        refuse_training(module)
        goal = Goal(module, target, first[None], arguments, output)
        climb = _Climb(goal, used, project)
        begin, redrawn = climb.begun(first, drawn=start is None)
        try:
            climb.run(begin)
        except KeyboardInterrupt:
            if not climb.log:
                raise
            done = f"{len(climb.log)} of {used.steps} steps"
            raise interrupted(done, "the Ascent so far", climb.ascent(redrawn)) from None
        return climb.ascent(redrawn)


class _Climb:
    """The way up, and the best input that was met on it, the value before each step."""

    def __init__(self, goal: Goal, settings: AscentSettings, project: Project | None) -> None:
        self.goal, self.settings, self.project = goal, settings, project
        self.shifts = generator(settings.seed, _SHIFTS)
        self.highest, self.log = -inf, list[float]()

    def begun(self, first: Tensor, *, drawn: bool) -> tuple[Tensor, int]:
        """Return a start where the gradient is not zero, and how many were drawn before it."""
        draws = _starts(first, self.settings) if drawn else iter([first])
        for number, x in enumerate(draws):
            if bool(self.goal.climbed(self.allowed(x))[1].any()):
                return x, number
        tried = f"{_DRAWS} random starts" if drawn else "the start"
        raise NotApplicableError(
            f"the gradient of {self.goal.words} is zero at {tried}: it is dead or saturated there. Give another start= "
            "(a record), a larger spread, or another channel."
        )

    def run(self, x: Tensor) -> None:
        """Climb from there, noting the best."""
        self.best = x
        for step in track(range(self.settings.steps), "gradient ascent"):
            x = self.allowed(x)
            value, gradient = self.looked(x)
            self.note(x, value)
            self.log.append(value)
            if not bool(gradient.any()):
                break
            x = x + self.length(gradient) * gradient
            if step + 1 < self.settings.steps:
                x = self.regularised(x, gradient, step)
        x = self.allowed(x)
        with torch.no_grad():
            self.note(x, float(self.goal(x)))

    def note(self, x: Tensor, value: float) -> None:
        """Keep an input that is higher than the best."""
        if value > self.highest:
            self.best, self.highest = x.detach(), value

    def ascent(self, redrawn: int) -> Ascent:
        """Return what was reached."""
        return Ascent(
            input=self.best,
            activation=float(self.goal(self.best).detach()),
            log=tuple(self.log),
            words=self.goal.words,
            redrawn=redrawn,
            settings=self.settings,
        )

    def allowed(self, x: Tensor) -> Tensor:
        """Return an input within its range, and as `project` wants it."""
        low, high = self.settings.low, self.settings.high
        x = x if low is None and high is None else x.clamp(low, high)
        return x if self.project is None else checked_answer("project", self.project(x), x)

    def looked(self, x: Tensor) -> tuple[float, Tensor]:
        """Return value and gradient, of the input rolled where there is jitter."""
        jitter, axes = self.settings.jitter, tuple(range(1, x.ndim))
        if not jitter:
            return self.goal.climbed(x)
        shifts = [int(shift) for shift in self.shifts.integers(-jitter, jitter + 1, len(axes))]
        value, gradient = self.goal.climbed(x.roll(shifts, axes))
        return value, gradient.roll([-shift for shift in shifts], axes)

    def length(self, gradient: Tensor) -> float:
        """Return what the gradient is multiplied by."""
        size, rate = float(gradient.double().norm()), self.settings.learning_rate
        if self.settings.rate == "unit":
            return rate / size
        return rate if self.settings.rate == "constant" else min(rate, self.settings.progress / size**2)

    def regularised(self, x: Tensor, gradient: Tensor, step: int) -> Tensor:
        """Return the input after the four regularisers."""
        how = self.settings
        if how.decay:
            x = decayed(x, how.decay)
        if how.blur and how.blur_every and step % how.blur_every == 0:
            x = blurred(x, how.blur)
        if how.norm_percentile:
            x = without_small_norms(x, how.norm_percentile)
        if how.contribution_percentile:
            x = without_small_contributions(x, gradient, how.contribution_percentile)
        return x


def _settings(settings: AscentSettings | str | None) -> AscentSettings:
    if isinstance(settings, str):
        if settings not in PRESETS:
            raise unknown_name("preset", settings, PRESETS)
        return PRESETS[settings]
    return settings or AscentSettings()


def _first(module: nn.Module, shape: Sequence[int] | None, start: Tensor | None, settings: AscentSettings) -> Tensor:
    """Return the first start, on the module's device and in its type."""
    if (shape is None) == (start is None):
        raise InvalidInputError("gradient ascent needs a shape or a start, not both or neither.")
    reference = next(module.parameters(), torch.zeros(()))
    if start is None:
        sizes = tuple(shape) if isinstance(shape, Sequence) else ()
        if len(sizes) < 2 or min(sizes) < 1:
            raise InvalidInputError(f"shape must be that of one input, (channel, *space); got {shape!r}.")
        return next(_starts(torch.empty(sizes, dtype=reference.dtype, device=reference.device), settings))
    if start.ndim < 2:
        raise InvalidInputError("start must be a tensor of one input, (channel, *space), without the batch axis.")
    (batch,), _ = checked_inputs(start[None])
    return batch[0].detach().clone()


def _starts(like: Tensor, settings: AscentSettings) -> Iterator[Tensor]:
    draw = generator(settings.seed, _START)
    for _ in range(_DRAWS):
        values = settings.spread * draw.standard_normal(tuple(like.shape))
        yield torch.from_numpy(values).to(like)
