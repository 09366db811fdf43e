"""What a network says about one record."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Verdict = Literal["found", "not found", "not sure"]

# Within this factor of the threshold's odds a decision could as well have gone the other way.
_UNSURE_ODDS = 1.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prediction:
    """A network's answer for one record.

    Attributes
    ----------
    record, network
        Names of what was asked about and who answered.
    classes
        In the network's order; the arrays below follow it.
    logits, probabilities
        (class,).
    thresholds
        (class,): a class is found where its probability is above. NaN for `softmax`, where the largest is found.
    descriptions
        Classes in words, where the card has them.
    """

    record: str
    network: str
    classes: tuple[str, ...]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    exclusive: bool
    descriptions: tuple[str, ...]

    @property
    def found(self) -> tuple[str, ...]:
        """The classes above their thresholds; of exclusive classes the most probable one."""
        if self.exclusive:
            return (self.top,)
        above = self.probabilities > self.thresholds
        return tuple(name for name, is_above in zip(self.classes, above, strict=True) if is_above)

    @property
    def top(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """For each class: found, not found, or not sure.

        Not sure: the odds are within a factor 1.5 of the threshold's; of exclusive classes, the two most
        probable ones when they are within 10 percentage points.
        """
        if self.exclusive:
            return self._exclusive_verdicts()
        verdicts: dict[str, Verdict] = {}
        for name, p, threshold in zip(self.classes, self.probabilities, self.thresholds, strict=True):
            near = abs(_log_odds(p) - _log_odds(threshold)) < np.log(_UNSURE_ODDS)
            verdicts[name] = "not sure" if near else "found" if p > threshold else "not found"
        return verdicts

    def _exclusive_verdicts(self) -> dict[str, Verdict]:
        order = np.argsort(-self.probabilities)
        verdicts: dict[str, Verdict] = dict.fromkeys(self.classes, "not found")
        verdicts[self.classes[order[0]]] = "found"
        if len(order) > 1 and self.probabilities[order[0]] - self.probabilities[order[1]] < 0.1:
            verdicts[self.classes[order[0]]] = verdicts[self.classes[order[1]]] = "not sure"
        return verdicts

    def table(self) -> pd.DataFrame:
        """Return one row a class: description, probability, threshold, verdict; furthest above its threshold first."""
        table = pd.DataFrame(
            {
                "description": self.descriptions,
                "probability": self.probabilities,
                "threshold": self.thresholds,
                "verdict": list(self.verdicts.values()),
            },
            index=pd.Index(self.classes, name="class"),
        )
        margin = _log_odds(self.probabilities) - (0 if self.exclusive else _log_odds(self.thresholds))
        return table.iloc[np.argsort(-margin, kind="stable")]

    def _repr_html_(self) -> str:
        rows = self.table()
        shown = rows.assign(
            probability=rows["probability"].map("{:.3f}".format),
            threshold=rows["threshold"].map(lambda value: "" if np.isnan(value) else f"{value:.3f}"),
        )
        names = f"<b>{html.escape(self.record)}</b> by {html.escape(self.network)}"
        title = f"<p>{names}. Research use only, not a diagnosis.</p>"
        return title + shown.head(12).to_html(escape=True)


def _log_odds(p: NDArray[np.float64] | float) -> NDArray[np.float64]:
    inside = np.clip(np.asarray(p, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds
