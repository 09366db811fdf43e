"""What LIME and KernelSHAP share: parts are replaced, the network is asked, numbers are fitted to its answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.attribution.baseline import Baseline, checked, starting
from pellucid.attribution.coalitions import Masks
from pellucid.attribution.method import Method
from pellucid.attribution.parts import Parts, parts_of
from pellucid.attribution.question import checked_answer
from pellucid.attribution.run import Run
from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.progress import track

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrogate(Method):
    """Base of methods that explain by replacing parts of the input; its author writes `design`, `fitted`, `declared`.

    Each sample has the masks that its number of parts and the seed give, so that it is explained alone as in a batch;
    one set of passes serves all classes.

    Parameters
    ----------
    parts
        Number of parts: windows a channel, or superpixels; see `parts_of`. A label map is given at the call.
    samples
        Perturbed inputs for each sample. All subsets of the parts are taken instead where they are no more, and up to
        12 parts.
    seed
        0 or more.
    baseline
        What replaces a part: "zero", "mean", "median", "blurred", or a number; a tensor is given at the call.
    """

    perturbs: ClassVar[bool] = True
    options: ClassVar[tuple[str, ...]] = ("baseline", "parts")
    several_inputs: ClassVar[bool] = False

    parts: int | None = None
    samples: int = 1024
    seed: int = 0
    baseline: Baseline = "zero"

    def __post_init__(self) -> None:
        if self.parts is not None and self.parts < 1:
            raise SettingError(f"parts must be 1 or more; got {self.parts}.")
        if not 8 <= self.samples <= 10_000_000:
            raise SettingError(f"samples must be 8 to 10000000; got {self.samples}.")
        if self.seed < 0:
            raise SettingError(f"seed must be 0 or more; got {self.seed}.")
        checked(self.baseline)

    @abstractmethod
    def design(self, count: int) -> tuple[Masks, Array]:
        """Return which of `count` parts are kept, (row, part), and the weight of each row."""

    @abstractmethod
    def fitted(self, run: Run, masks: Masks, importance: Array, values: Array) -> Mapping[str, Array]:
        """Return the parts' `weights`, (part, target), and what else is found of a sample, (target,).

        `importance` is the weight of each row, `values` are the logits of the masked inputs, (row, target).
        """

    @abstractmethod
    def declared(self, run: Run, found: dict[str, Tensor]) -> None:
        """Declare what was found, (batch, target, ...)."""

    def relevance(self, run: Run) -> Tensor:
        """Return each part's weight, spread evenly over its elements."""
        parts = parts_of(run, self.parts)
        designs = {count: self.design(count) for count in {len(numbers) for numbers in parts.present}}
        asked = [designs[len(numbers)] for numbers in parts.present]
        values = answers(run, parts, starting(run, self.baseline, run.number), [masks for masks, _ in asked], self.name)
        fits = [dict(self.fitted(run, *design, value)) for design, value in zip(asked, values, strict=True)]
        weights = torch.zeros(*run.classes.shape, parts.count, dtype=torch.float64)
        for own, fit, numbers in zip(weights, fits, parts.present, strict=True):
            own[:, numbers] = torch.from_numpy(fit.pop("weights")).T
        found = {name: torch.from_numpy(np.stack([fit[name] for fit in fits])) for name in fits[0]}
        labels = parts.labels[:, None].expand(-1, run.classes.shape[1], *parts.labels.shape[1:])
        plain = {name: value.to(run.inputs) for name, value in (found | {"weights": weights}).items()}
        self.declared(run, plain | {"parts": labels.to(torch.int32)})
        return parts.spread(plain["weights"])


def answers(run: Run, parts: Parts, start: Tensor, masks: list[Masks], title: str) -> list[Array]:
    """Return the logits of each sample's masked inputs, (row, target) each; never more of them than fit into memory."""
    step, rows = run.together(), run.rows[run.number]
    pieces: list[list[Tensor]] = [[] for _ in masks]
    jobs = [(sample, first) for sample, own in enumerate(masks) for first in range(0, len(own), step)]
    for sample, first in track(jobs, title.replace("_", " ")):
        kept = torch.from_numpy(masks[sample][first : first + step])
        points = rebuilt(run, parts.masked(sample, kept, rows[sample], start[sample]))
        logits = run.logits_at((points,), torch.full((len(kept),), sample))
        pieces[sample].append(logits[:, run.classes[sample].to(logits.device)].cpu().double())
    return [torch.cat(own).numpy() for own in pieces]


def rebuilt(run: Run, points: Tensor) -> Tensor:
    """Return perturbed inputs with what depends on them computed anew, by the caller's `rebuild`."""
    rebuild = run.option("rebuild")
    if rebuild is None:
        return points
    if not callable(rebuild):
        raise InvalidInputError(f"rebuild must be a function of perturbed inputs; got {type(rebuild).__name__}.")
    with torch.no_grad():
        return checked_answer("rebuild", rebuild(points.clone()), points)
