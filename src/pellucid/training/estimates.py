"""Scores with their intervals, as tables, JSON and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

METRICS = ("auc", "average_precision", "f1", "precision", "recall", "specificity")
WORDS = {name: {"auc": "AUC", "f1": "F1"}.get(name, name.replace("_", " ")) for name in METRICS}
FEW_POSITIVES = 10  # under so many a class is marked: its figures hang on single patients
MACRO = "macro"

_DIGITS = 4  # of a card's figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval, all NaN where it is not defined.

    Attributes
    ----------
    value, low, high
        The figure on the records as they are, and the interval of the draws.
    reason
        Why it is not defined, else empty.
    draws
        In how many draws it was defined.
    classes
        Of a macro mean: over how many classes.
    """

    value: float
    low: float
    high: float
    reason: str = ""
    draws: int
    classes: int | None = None

    def json(self) -> dict[str, Any]:
        """Return what JSON can hold: null for what is not defined, with the reason."""
        content: dict[str, Any] = {name: _number(getattr(self, name)) for name in ("value", "low", "high")}
        if self.reason:
            return {**content, "reason": self.reason}
        content["draws"] = self.draws
        return content if self.classes is None else {**content, "classes": self.classes}

    def short(self) -> dict[str, float | None]:
        """Return value, low and high with four decimals."""
        return {name: _number(getattr(self, name), _DIGITS) for name in ("value", "low", "high")}

    def __str__(self) -> str:
        if isnan(self.value):
            return "–"
        return f"{self.value:.3f}" if isnan(self.low) else f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScores:
    """What the answers about one class are worth.

    Attributes
    ----------
    estimates
        One for each of `METRICS`.
    support
        Records that have the class.
    threshold
        The class counts as found above it; None where there was none.
    """

    estimates: Mapping[str, Estimate]
    support: int
    threshold: float | None

    @property
    def few_positives(self) -> bool:
        """Whether the class has under 10 positives."""
        return self.support < FEW_POSITIVES

    def json(self) -> dict[str, Any]:
        """Return the estimates, support, threshold and mark."""
        return {
            **{name: estimate.json() for name, estimate in self.estimates.items()},
            "support": self.support,
            "threshold": self.threshold,
            "few_positives": self.few_positives,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of each class, and their means.

    Attributes
    ----------
    classes
        One a class, in order.
    macro
        Means over the classes that have positives and negatives.
    macro_frequent
        The same over those with 10 positives or more, which is steadier.
    records, patients
        How many were scored; where patients are not known, `patients` counts what stands in their place.
    drawn
        What the bootstrap draws: `patients`, `clusters` of like records, or `records`.
    draws, seed
        Of the bootstrap.
    notes
        In words, how the figures are to be read.
    """

    classes: Mapping[str, ClassScores]
    macro: Mapping[str, Estimate]
    macro_frequent: Mapping[str, Estimate]
    records: int
    patients: int
    draws: int
    seed: int
    notes: tuple[str, ...]
    drawn: str = "patients"

    def table(self) -> pd.DataFrame:
        """Return one row a class and one of means: each metric with `_low` and `_high`, support, threshold, mark."""
        rows = {name: _row(one.estimates) for name, one in self.classes.items()} | {MACRO: _row(self.macro)}
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")
        every = list(self.classes.values())
        table["support"] = pd.array([*(one.support for one in every), None], dtype="Int64")
        table["threshold"] = [*(one.threshold for one in every), None]
        table["few_positives"] = pd.array([*(one.few_positives for one in every), None], dtype="boolean")
        return table

    def words(self) -> pd.DataFrame:
        """Return the table for people: three decimals, intervals; under 10 positives bear a star."""
        rows = []
        for name, one in self.classes.items():
            mark = f"{one.support}{'*' if one.few_positives else ''}"
            threshold = "–" if one.threshold is None else f"{one.threshold:.3f}"
            rows.append({"class": name, "positives": mark, **_shown(one.estimates), "threshold": threshold})
        rows.append({"class": MACRO, "positives": "", **_shown(self.macro), "threshold": ""})
        return pd.DataFrame(rows)

    def json(self) -> dict[str, Any]:
        """Return all figures as JSON holds them."""
        return {
            MACRO: {name: one.json() for name, one in self.macro.items()},
            f"macro_from_{FEW_POSITIVES}_positives": {name: one.json() for name, one in self.macro_frequent.items()},
            "classes": {name: one.json() for name, one in self.classes.items()},
            "notes": list(self.notes),
        }

    @property
    def people(self) -> dict[str, int | None]:
        """How many patients were scored, None where they are not known, and how many clusters stand for them."""
        clusters = {"clusters": self.patients} if self.drawn == "clusters" else {}
        return {"patients": self.patients if self.drawn == "patients" else None, **clusters}

    def summary(self) -> dict[str, Any]:
        """Return the small version for a network's card: value, low and high with four decimals."""
        return {
            MACRO: {name: one.short() for name, one in self.macro.items()},
            f"macro_from_{FEW_POSITIVES}_positives": {name: one.short() for name, one in self.macro_frequent.items()},
            "classes": {
                name: {
                    **{metric: estimate.short() for metric, estimate in one.estimates.items()},
                    "support": one.support,
                    "few_positives": one.few_positives,
                }
                for name, one in self.classes.items()
            },
            "records": self.records,
            **self.people,
            "draws": self.draws,
            "seed": self.seed,
        }

    def _repr_html_(self) -> str:
        return self.words().to_html(index=False, escape=True) + f"<p>{' '.join(self.notes)}</p>"


def _row(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    return {
        f"{name}{suffix}": value
        for name, one in estimates.items()
        for suffix, value in (("", one.value), ("_low", one.low), ("_high", one.high))
    }


def _shown(estimates: Mapping[str, Estimate]) -> dict[str, str]:
    """With three metrics' intervals, for all six would not fit a terminal."""
    wide = ("auc", "average_precision", "f1")
    return {
        WORDS[name]: str(one) if name in wide or isnan(one.value) else f"{one.value:.3f}"
        for name, one in estimates.items()
    }


def _number(value: float, digits: int | None = None) -> float | None:
    if isnan(value):
        return None
    return value if digits is None else round(value, digits)
