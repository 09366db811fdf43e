"""The mean gradient on the straight way between two inputs, its panels chosen for each sample and class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.attribution.budget import evenly
from pellucid.attribution.forward import Forward
from pellucid.attribution.panels import NODES, WEIGHTS, Course, Panel, first_panels
from pellucid.attribution.run import Run
from pellucid.core.progress import track

Place = tuple[int, Panel]  # a sample, and a panel of its way
Wanted = dict[Place, list[int]]  # for which targets
_KEPT = 4  # of the memory one part in so many holds what panels added, to be taken back when they are halved


@dataclass(slots=True)
class _Integral:
    """What one panel adds: to the mean gradient of each input, and to the score."""

    gradients: tuple[Tensor, ...]
    rise: float = 0.0


class Quadrature:
    """The integral of the gradient from `starts` to the run's inputs, (batch, target, *input) for each input.

    Samples and classes have panels of their own, so that each comes out as it would alone; a pass forward serves all
    classes that want it, and passes of all samples fill one batch.

    Parameters
    ----------
    run
        Whose inputs the way ends at.
    starts
        Where it starts, shaped like the run's rows.
    tolerance, one_by_one, budget
        As in `Course`; the budget counts gradients of one sample and class.
    """

    def __init__(
        self, run: Run, starts: tuple[Tensor, ...], tolerance: float, *, one_by_one: bool, budget: int
    ) -> None:
        self.run = run
        self.starts = starts
        self.means = [
            torch.zeros(*run.classes.shape, *rows.shape[1:], dtype=torch.float64, device=rows.device)
            for rows in run.rows
        ]
        self._scores: dict[tuple[int, float], list[float]] = {}
        self._kept: dict[tuple[Place, int], _Integral] = {}
        self._room = self._share = run.question.memory // _KEPT
        precision = torch.finfo(self._score_ends()).eps
        size, targets = run.classes.shape
        self.courses = [[Course(tolerance, one_by_one, budget, precision) for _ in range(targets)] for _ in range(size)]
        wanted = {(sample, panel): list(range(targets)) for sample in range(size) for panel in first_panels()}
        while wanted:
            for place, integrals in self._integrals(wanted):
                self._add(place, wanted[place], integrals)
            wanted = self._halved()

    def bases(self) -> Tensor:
        """Return the scores at the starts, shape (batch, target)."""
        return torch.tensor([self._scores[sample, 0.0] for sample in range(len(self.courses))], dtype=torch.float64)

    def _score_ends(self) -> torch.dtype:
        """Note the scores at the ends of the first panels, and return the type that they came in."""
        positions = [panel.left for panel in first_panels()]
        which = torch.arange(len(self.run.samples)).repeat_interleave(len(positions))
        at = positions * len(self.run.samples)
        logits = self.run.logits_at(self._points(which, at), which)
        for sample, position, scores in zip(which.tolist(), at, self._scores_of(logits, which), strict=True):
            self._scores[sample, position] = scores
        for sample, scores in enumerate(self.run.scores().double().tolist()):
            self._scores[sample, 1.0] = scores
        return logits.dtype

    def _scores_of(self, logits: Tensor, which: Tensor) -> list[list[float]]:
        scores: list[list[float]] = logits.detach().cpu().gather(1, self.run.classes[which]).double().tolist()
        return scores

    def _points(self, which: Tensor, at: list[float]) -> tuple[Tensor, ...]:
        """Return points on the ways of these samples, (point, *input) for each input."""
        points = []
        for start, end in zip(self.starts, self.run.rows, strict=True):
            place = torch.tensor(at, dtype=end.dtype, device=end.device).reshape(-1, *(1,) * (end.ndim - 1))
            rows = which.to(end.device)
            points.append(torch.lerp(start[rows], end[rows], place))
        return tuple(points)

    def _integrals(self, wanted: Wanted) -> Iterator[tuple[Place, list[_Integral]]]:
        """Yield, for each panel wanted, what it adds for each of the targets that want it."""
        # Panels that as many targets want stand together: their ways back are shared without waste.
        places = sorted(wanted, key=lambda place: len(wanted[place]), reverse=True)
        rows = [(place, node) for place in places for node in range(len(NODES))]
        step = self.run.together(beside=2 * self._share)  # for what is kept, and as much for the way back
        parts: dict[Place, list[_Integral]] = {}
        for part in track(evenly(len(rows), step), "integrated gradients"):
            chunk = rows[part]
            for place, _ in chunk:
                parts.setdefault(place, [self._nothing() for _ in wanted[place]])
            self._pass(chunk, wanted, parts)
            for place, node in chunk:
                if node == len(NODES) - 1:
                    yield place, parts.pop(place)

    def _nothing(self) -> _Integral:
        return _Integral(tuple(torch.zeros_like(rows[0]) for rows in self.run.rows))

    def _pass(self, chunk: list[tuple[Place, int]], wanted: Wanted, parts: dict[Place, list[_Integral]]) -> None:
        """Add the gradients at some nodes to what their panels add; note the scores at their middles."""
        run = self.run
        which = torch.tensor([sample for (sample, _), _ in chunk])
        rows = self._points(which, [panel.nodes[node] for (_, panel), node in chunk])
        forward = Forward(run.question, rows, run.question.arguments_for(run.samples[which]))
        for (place, node), scores in zip(chunk, self._scores_of(forward.logits, which), strict=True):
            if NODES[node] == 0.5:
                self._scores[place[0], place[1].middle] = scores
        turns = max(len(wanted[place]) for place, _ in chunk)
        for turn in range(turns):
            columns = torch.tensor([(wanted[place] * turns)[turn] for place, _ in chunk])
            gradients = forward.gradients(run.classes[which, columns], keep=turn + 1 < turns)
            slopes = self._slopes(gradients, which)
            for row, ((sample, panel), node) in enumerate(chunk):
                if turn < len(wanted[sample, panel]):
                    share, integral = WEIGHTS[node] * panel.width, parts[sample, panel][turn]
                    integral.rise += share * slopes[row]
                    for total, gradient in zip(integral.gradients, gradients, strict=True):
                        total.add_(gradient[row], alpha=share)

    def _slopes(self, gradients: tuple[Tensor, ...], which: Tensor) -> list[float]:
        """Return how fast the score rises on the way at each row."""
        slopes = torch.zeros(len(which), dtype=torch.float64)
        for gradient, start, end in zip(gradients, self.starts, self.run.rows, strict=True):
            rows = which.to(end.device)
            slopes += (gradient.double() * (end[rows] - start[rows]).double()).flatten(1).sum(1).cpu()
        found: list[float] = slopes.tolist()
        return found

    def _add(self, place: Place, targets: list[int], integrals: list[_Integral]) -> None:
        sample, panel = place
        for target, integral in zip(targets, integrals, strict=True):
            start, end = (self._scores[sample, at][target] for at in (panel.left, panel.right))
            self.courses[sample][target].add(panel, integral.rise, start, end)
            self._count(sample, target, integral, 1)
            size = sum(tensor.numel() * tensor.element_size() for tensor in integral.gradients)
            if size <= self._room:
                self._room -= size
                self._kept[place, target] = integral

    def _count(self, sample: int, target: int, integral: _Integral, sign: int) -> None:
        for mean, gradient in zip(self.means, integral.gradients, strict=True):
            mean[sample, target] += sign * gradient.double()

    def _halved(self) -> Wanted:
        """Take back what is to be halved, and return the halves."""
        parents: Wanted = {}
        halves: Wanted = {}
        for sample, courses in enumerate(self.courses):
            for target, course in enumerate(courses):
                for panel in course.halved():
                    parents.setdefault((sample, panel), []).append(target)
                    for half in panel.halves:
                        halves.setdefault((sample, half), []).append(target)
        self._take_back(parents)
        return halves

    def _take_back(self, parents: Wanted) -> None:
        """Subtract what these panels added, computed once more where memory did not hold it."""
        lost: Wanted = {}
        for place, targets in parents.items():
            for target in targets:
                integral = self._kept.pop((place, target), None)
                if integral is None:
                    lost.setdefault(place, []).append(target)
                else:
                    self._room += sum(tensor.numel() * tensor.element_size() for tensor in integral.gradients)
                    self._count(place[0], target, integral, -1)
        for place, integrals in self._integrals(lost):
            for target, integral in zip(lost[place], integrals, strict=True):
                self._count(place[0], target, integral, -1)
