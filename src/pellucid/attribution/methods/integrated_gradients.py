"""Integrated gradients: the gradient averaged on the straight way from a baseline to the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from pellucid.attribution.baseline import Baseline, checked, starting
from pellucid.attribution.method import Method
from pellucid.attribution.quadrature import Quadrature
from pellucid.attribution.run import Run
from pellucid.core.errors import SettingError, unknown_name
from pellucid.core.progress import track

BUDGET = 2000
_WORDS = {"panels": "gaps of the panels", "sum": "a gap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegratedGradients(Method):
    """Each input's share of what the score gains on the way from a baseline to the input.

    R_i = (x_i - x'_i) * integral over a from 0 to 1 of dz_c/dx_i at x' + a (x - x')

    The way is cut into panels of three Gauss-Legendre nodes. What a panel must add up to is the rise of the score
    between its ends, so that its gap is known; the worst are halved until the gaps are within the tolerance. Each
    sample and class has panels of its own. `details["panel_gap"]` sums the panels' gaps.

    Parameters
    ----------
    tolerance
        Of the gap between the sum of the relevance and the difference of the scores, relative to the score's
        variation over the panels' ends, which is at least that difference.
    guarantee
        What is within the tolerance: the gaps of the "panels", none making good for another, or only their "sum", which
        is what is returned as the gap. On networks of rectifiers the sum takes many times fewer gradients, for there it
        may fit by luck; single inputs are then further off.
    baseline
        x': "zero", "mean", "median", "blurred", or a number; a tensor is given at the call, `baseline=`.
    steps
        In place of panels, so many Gauss-Legendre nodes over the whole way, whatever the gap.

    Axioms: completeness, sum R = z_c(x) - z_c(x') up to the returned gap; sensitivity; implementation invariance.
    Cost: 8 passes forward and 24 gradients a class for a smooth network, for one of rectifiers some hundreds up to the
    budget, 2,000 for each sample and class, which ends in a warning. `details` holds the "gradients" taken and the
    "panel_gap" reached.
    Source: Sundararajan et al. 2017, arXiv 1703.01365, equation 1. Departures: panels or Gauss-Legendre nodes where
    they take equal steps; the gap is relative to the score's variation where that is larger than the difference of the
    scores, which may be zero.
    """

    perturbs: ClassVar[bool] = True
    options: ClassVar[tuple[str, ...]] = ("baseline",)

    tolerance: float = 0.01
    guarantee: Literal["panels", "sum"] = "panels"
    baseline: Baseline = "zero"
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= 10_000:
            raise SettingError(f"steps must be 1 to 10000; got {self.steps}.")
        if not 0 < self.tolerance <= 1:
            raise SettingError(f"tolerance must lie above 0 and up to 1; got {self.tolerance}.")
        if self.guarantee not in _WORDS:
            raise SettingError(str(unknown_name("guarantee", self.guarantee, _WORDS)))
        checked(self.baseline)

    def reserve(self, gap: float) -> str | None:
        """Return the warning for a gap above the tolerance."""
        if gap <= self.tolerance:
            return None
        remedy = "" if self.steps is None else f"; more steps than {self.steps} come closer, or none given"
        return (
            f"the relevance misses the difference of the scores by {gap:.1%}, more than the tolerance of "
            f"{self.tolerance:.1%}{remedy}"
        )

    def relevance(self, run: Run) -> Tensor:
        """Return the way from the baseline times the mean gradient on it."""
        starts = run.once("starts", lambda: tuple(starting(run, self.baseline, n) for n in range(len(run.rows))))
        means = run.once("means", lambda: self._means(run, starts))
        way = run.inputs.double() - starts[run.number][:, None].double()
        return (way * means[run.number]).to(run.inputs.dtype)

    def _means(self, run: Run, starts: tuple[Tensor, ...]) -> list[Tensor]:
        """Return the mean gradient to each input, (batch, target, *input), and declare the sum it should give."""
        run.keep_scores()
        return self._refined(run, starts) if self.steps is None else _stepped(run, starts, self.steps)

    def _refined(self, run: Run, starts: tuple[Tensor, ...]) -> list[Tensor]:
        found = Quadrature(run, starts, self.tolerance, one_by_one=self.guarantee == "panels", budget=BUDGET)
        courses = found.courses

        def table(values: list[list[float]]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64)

        variation = table([[course.variation for course in row] for row in courses])
        missed = table([[course.panel_gap for course in row] for row in courses])
        run.declare(
            base=found.bases().to(run.scores()),
            variation=variation.to(run.scores().device),
            details={
                "panel_gap": missed / variation.clamp(min=torch.finfo(torch.float64).tiny),
                "gradients": torch.tensor([[course.spent for course in row] for row in courses]),
            },
        )
        ends = {course.ended for row in courses for course in row}
        missing = f"{_WORDS[self.guarantee]} within {self.tolerance:.2%} of the score's variation"
        if "budget" in ends:
            run.warn(f"{BUDGET} gradients were not enough for {missing}")
        if "rounding" in ends:
            run.warn(
                f"no number of gradients brings {missing}: the score moves by little more than its rounding, or jumps; "
                "inputs and module in double precision come closer"
            )
        return found.means


def _stepped(run: Run, starts: tuple[Tensor, ...], steps: int) -> list[Tensor]:
    positions, shares = np.polynomial.legendre.leggauss(steps)
    nodes, weights = torch.from_numpy((positions + 1) / 2), torch.from_numpy(shares / 2)
    size, targets = len(run.samples), run.classes.shape[1]
    means = [torch.zeros(size, targets, *rows.shape[1:], dtype=torch.float64, device=rows.device) for rows in run.rows]
    scores = [run.elsewhere(tuple(start[None] for start in starts)).scores()[None]]
    for chunk in track(run.chunks(steps), "integrated gradients"):
        at, share = nodes[chunk], weights[chunk]
        moved = run.elsewhere(tuple(_between(start, rows, at) for start, rows in zip(starts, run.rows, strict=True)))
        scores.append(moved.scores().reshape(len(at), size, targets))
        for column, gradients in enumerate(moved.gradients()):
            for mean, gradient in zip(means, gradients, strict=True):
                parts = gradient.reshape(len(at), size, *gradient.shape[1:]).double()
                mean[:, column] += torch.tensordot(share.to(parts), parts, dims=1)
        moved.forget()
    course = torch.cat([*scores, run.scores()[None]])
    run.declare(base=course[0], variation=course.diff(dim=0).abs().sum(0))
    return means


def _between(start: Tensor, end: Tensor, nodes: Tensor) -> Tensor:
    """Return the points at `nodes` of the way, shape (node, batch, *input)."""
    at = nodes.to(end).reshape(-1, *(1,) * end.ndim)
    return torch.lerp(start[None], end[None], at)
