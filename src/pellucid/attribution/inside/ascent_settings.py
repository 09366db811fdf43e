"""How gradient ascent climbs: step lengths, regularisers, the input's range; and the published sets of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

from pellucid.core.errors import SettingError
from pellucid.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class AscentSettings(Settings):
    """How an input is climbed to.

    Parameters
    ----------
    steps
        Passes forward and back.
    rate
        "unit": steps of the length `learning_rate`; "constant": `learning_rate` times the gradient; "progress": as
        much of the gradient as should raise the value by `progress`, at most `learning_rate` times.
    learning_rate, progress
        As `rate` says.
    decay
        Share of the input taken away after each step.
    blur, blur_every
        Standard deviation of a Gaussian, in samples or pixels, and every how many steps it is applied; below 0.3
        pixels it works badly. 0 is never.
    norm_percentile
        Positions whose norm over the channels lies below are set to 0.
    contribution_percentile
        Positions whose |sum over channels of input x gradient| lies below are set to 0.
    jitter
        Before each step the input is rolled along each axis by up to so many samples or pixels.
    low, high
        The input's range.
    spread
        Standard deviation of the start.
    seed
        Of start and jitter.

    Source: Yosinski et al. 2015, arXiv 1506.06579, section 3; jitter: Mordvintsev et al. 2015. "unit" is ours.
    """

    steps: int = 500
    rate: Literal["unit", "constant", "progress"] = "unit"
    learning_rate: float = 0.05
    progress: float = 2.0
    decay: float = 0.0
    blur: float = 0.0
    blur_every: int = 4
    norm_percentile: float = 0.0
    contribution_percentile: float = 0.0
    jitter: int = 0
    low: float | None = None
    high: float | None = None
    spread: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 100_000:
            raise SettingError(f"steps must be 1 to 100000; got {self.steps}.")
        for name in ("learning_rate", "progress", "spread"):
            if not 0 < getattr(self, name) < inf:
                raise SettingError(f"{name} must be above 0; got {getattr(self, name)}.")
        for name in ("norm_percentile", "contribution_percentile"):
            if not 0 <= getattr(self, name) <= 100:
                raise SettingError(f"{name} must be 0 to 100; got {getattr(self, name)}.")
        if not 0 <= self.decay < 1:
            raise SettingError(f"decay must be 0 or more and below 1; got {self.decay}.")
        if self.rate not in ("unit", "constant", "progress"):
            raise SettingError(f"rate must be unit, constant or progress; got {self.rate!r}.")
        if min(self.blur, self.blur_every, self.jitter, self.seed) < 0 or not isfinite(self.blur):
            raise SettingError(
                "blur, blur_every, jitter and seed must be 0 or more; got "
                f"{self.blur}, {self.blur_every}, {self.jitter} and {self.seed}."
            )
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise SettingError(f"low must be below high; got {self.low} and {self.high}.")


# The four sets of the paper's toolbox, for images around their mean on a scale of 0 to 255.
PRESETS = {
    "published_1": AscentSettings(
        rate="progress", learning_rate=100, blur=0.5, norm_percentile=50, steps=500, spread=10
    ),
    "published_2": AscentSettings(
        rate="constant", learning_rate=100, decay=0.3, norm_percentile=20, steps=750, spread=10
    ),
    "published_3": AscentSettings(
        rate="constant", learning_rate=100, decay=0.0001, blur=1.0, steps=1000, spread=10
    ),
    "published_4": AscentSettings(
        rate="progress", learning_rate=1e8, blur=0.5, contribution_percentile=90, steps=1000, spread=10
    ),
}  # fmt: skip
