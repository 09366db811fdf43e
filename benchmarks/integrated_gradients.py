"""Integrated gradients to a gap of 1 %: `python benchmarks/integrated_gradients.py --repeats 3`.

Captum takes 50 steps, its default, and doubles them until the gap holds, as a user would who wants it; all its tries
count. Both are held to one scale, the score's variation on the way, 65 points of it. Captum's doubling guarantees
the sum alone, as ours does with `guarantee="sum"`; our default holds the panels' gaps one by one. The pointwise error
is the distance from 500 Gauss-Legendre nodes, relative to their size. `--repeats` records or pictures, one turn each.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

import networks
import peers
from pellucid.attribution.method import method
from timing import Paired, arguments, seconds, written

TOLERANCE = 0.01
GUARANTEES = ("sum", "panels")
FIRST, MOST = 50, 3200  # captum's steps
NODES = 500
COLUMNS = (
    "gap above 1 %, ours",
    "captum at 50",
    "gradients of ours",
    "captum's",
    "pointwise error of ours",
    "captum's",
)
CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[int], Tensor], str, str]] = {
    "Ribeiro": (networks.ribeiro, networks.ecg, "0.9", ""),
    "VGG16 with batch norm at 64": (networks.small_vgg, lambda seed: networks.image(seed, 64), "0.9", ""),
    "ECG transformer, smooth": (networks.transformer, networks.ecg, "0.9", "2"),
}


@dataclass
class Turn:
    """One input and class, explained by both."""

    module: nn.Module
    x: Tensor
    target: int

    def __post_init__(self) -> None:
        with torch.no_grad():
            points = torch.cat([part * self.x for part in torch.linspace(0, 1, 65)])
            course = self.module(points)[:, self.target].double()
        self.gain, self.scale = float(course[-1] - course[0]), float(course.diff().abs().sum())
        self.tries: list[int] = []
        self.spent: dict[str, int] = {}
        self.ours: dict[str, Tensor] = {}
        self.seconds = {guarantee: seconds(partial(self._ours, guarantee)) for guarantee in GUARANTEES}
        self.captum_seconds = seconds(self._captum)
        exact = method("integrated_gradients", steps=NODES)(self.module, self.x, target=self.target)
        self.exact = cast(Tensor, exact.relevance).double()

    def _ours(self, guarantee: str) -> None:
        ask = method("integrated_gradients", tolerance=TOLERANCE, guarantee=guarantee)
        answer = ask(self.module, self.x, target=self.target)
        self.ours[guarantee] = cast(Tensor, answer.relevance)
        self.spent[guarantee] = int(answer.details["gradients"])

    def _captum(self) -> None:
        steps = FIRST
        while True:
            self.captum = peers.integrated_gradients(self.module, self.x, self.target, steps)
            self.tries.append(steps)
            if self.gap(self.captum) <= TOLERANCE or steps >= MOST:
                return
            steps *= 2

    def gap(self, found: Tensor) -> float:
        """Return how far the relevance misses the gain."""
        return abs(float(found.double().sum()) - self.gain) / self.scale

    def error(self, found: Tensor) -> float:
        """Return the distance from the reference, relative to its size."""
        return float((found.double() - self.exact).norm() / self.exact.norm())


def rows(name: str, count: int) -> list[str]:
    """Return the table's lines of one network."""
    build, draw, asked, aim = CASES[name]
    module = build()
    turns = [Turn(module, draw(seed), seed % networks.CLASSES) for seed in range(count)]
    return [
        _row(name, guarantee, turns, *((asked, aim) if guarantee == "sum" else ("", ""))) for guarantee in GUARANTEES
    ]


def _row(name: str, guarantee: str, turns: list[Turn], asked: str, aim: str) -> str:
    times = Paired([turn.seconds[guarantee] for turn in turns], [turn.captum_seconds for turn in turns])
    missed = sum(turn.gap(turn.ours[guarantee]) > TOLERANCE for turn in turns)
    short = sum(len(turn.tries) > 1 for turn in turns)
    errors = [[turn.error(turn.ours[guarantee]) for turn in turns], [turn.error(turn.captum) for turn in turns]]
    return times.row(
        f"{name}, {guarantee}", "captum, doubling", asked, aim, f"{missed} of {len(turns)}", f"{short} of {len(turns)}",
        f"{statistics.median(turn.spent[guarantee] for turn in turns):.0f}",
        f"{statistics.median(sum(turn.tries) for turn in turns):.0f}",
        *(f"{statistics.median(values):.1e}" for values in errors),
    )  # fmt: skip


def main() -> None:
    """Measure and write, network by network."""
    given = arguments(3, tuple(CASES))
    for name in CASES if given.network is None else (given.network,):
        remark = "Each turn is another input and class; captum's gradients are all its tries together."
        options = f' --network "{name}"'
        title = f"Integrated gradients: {name}"
        written("integrated_gradients", title, rows(name, given.repeats), given, remark, COLUMNS, options)


if __name__ == "__main__":
    main()
