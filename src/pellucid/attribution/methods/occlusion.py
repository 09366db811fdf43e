"""Occlusion: what the logit loses when a window of the input is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from pellucid.attribution.baseline import Baseline
from pellucid.attribution.method import Method
from pellucid.attribution.occluding.drops import drops
from pellucid.attribution.occluding.fills import checked, fills
from pellucid.attribution.occluding.windows import grid
from pellucid.attribution.run import Run
from pellucid.core.errors import SettingError
from pellucid.core.progress import opened

Sizes = int | tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occlusion(Method):
    """The drop of the logit when a window is replaced, averaged over the windows that cover a sample.

    R_i = mean over windows W with i in W of d(W),   d(W) = z_c(x) - z_c(x with W replaced)

    Negative values speak against the class and are kept. One set of passes serves all classes. Features without space
    or time, (batch, feature), are replaced one by one.

    Parameters
    ----------
    window
        Samples or pixels, one number or one for each axis in space or time; by default a sixteenth of the axis.
        Windows begin at the first sample; the last is clipped at the end.
    stride
        From one window to the next; by default half a window.
    baseline
        What a window is replaced with: "zero", a number, "mean" or "median" of each channel of the sample, "blurred",
        "interpolation" (a line across the gap, in 1-D), "noise" (Gaussian, with each channel's mean and variance); a
        tensor is given at the call, one for each input.
    channels
        Replaced "together", or "each" by itself.
    spread
        "average" as above; with "centre" windows lie around the first sample and every `stride`-th after it, clipped
        at the ends, and a sample has the drop of the one centred nearest to it.
    seed
        Of the noise, 0 or more.

    Axioms: none of completeness; a sample that the network does not read has 0 up to rounding.
    Cost: a pass forward for each window, of which only what the window reaches is computed where the module allows it;
    one window is always run in full as well, as a check.
    Source: Zeiler and Fergus 2014, arXiv 1311.2901, section 3.2. Departures: the logit in place of the probability;
    the mean over windows in place of the value at their centre.
    """

    perturbs: ClassVar[bool] = True
    options: ClassVar[tuple[str, ...]] = ("baseline",)

    window: Sizes = None
    stride: Sizes = None
    baseline: Baseline = "zero"
    channels: Literal["together", "each"] = "together"
    spread: Literal["average", "centre"] = "average"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("window", "stride"):
            value = getattr(self, name)
            sizes = value if isinstance(value, tuple) else () if value is None else (value,)
            if value == () or any(size < 1 for size in sizes):
                raise SettingError(f"{name} must be 1 or more along every axis; got {value!r}.")
        checked(self.baseline)
        if self.seed < 0:
            raise SettingError(f"seed must be 0 or more; got {self.seed}.")

    def relevance(self, run: Run) -> Tensor:
        """Return the mean drop over the windows of each sample."""
        shape = run.inputs.shape[2:]
        found = grid(shape, self.window, self.stride, each=self.channels == "each", centred=self.spread == "centre")
        windows, replacements = found.windows, fills(run, self.baseline, self.seed)
        tick, total = opened("occlusion", len(windows) * len(replacements)), 0

        def done(count: int) -> None:
            nonlocal total
            total = min(total + count, len(windows) * len(replacements))
            tick(total)

        maps = [found.spread(drops(run, sample, windows, fill, done)) for sample, fill in enumerate(replacements)]
        return torch.stack(maps).to(run.inputs.dtype)
