"""Why a network answered as it did about one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import NotApplicableError, unknown_name
from pellucid.core.registry import Registry, normalised
from pellucid.explanation.words import NOT_A_DIAGNOSIS
from pellucid.records.ecg import EcgRecord
from pellucid.records.finding import Finding
from pellucid.records.slice import MriSlice

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pellucid.explanation.waves import Waves
    from pellucid.networks.prediction import Prediction

_SHOWN = 10.0  # seconds in a notebook's picture


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassExplanation:
    """One method's relevance for one class.

    Attributes
    ----------
    target
        The class.
    method, settings
        What explained it; settings as JSON can hold them.
    relevance
        Shape (lead, sample) or (row, column), on the record's own grid, the sum kept. Where the method gives one map
        for all leads, each lead holds an equal part of it.
    leads
        Of the rows; empty for a slice.
    kind
        "signed" (for and against the class) or "positive" (strength only).
    score, base
        The logit explained, and what the relevance should add up from (None: no sum is promised).
    gap
        How far the sum misses, relative; None where no sum is promised.
    outside
        Share of the relevance, 0 to 1, that stood on padding and is not in `relevance`.
    empty
        Whether the relevance is zero everywhere.
    leads_apart
        Whether the method tells the leads apart.
    warnings
        Reserves, in words.
    waves
        Of the record, found when they are first asked for; None for a slice.
    """

    target: str
    method: str
    settings: Mapping[str, Any]
    relevance: NDArray[np.float64]
    leads: tuple[str, ...]
    kind: Literal["signed", "positive"]
    score: float
    base: float | None
    gap: float | None
    outside: float
    empty: bool
    leads_apart: bool
    warnings: tuple[str, ...]
    waves: Waves | None = field(default=None, repr=False)

    def by_lead(self) -> pd.DataFrame:
        """Return one row a lead: its share of |relevance| (0 to 1), and the sums that speak for and against.

        Columns lead, share, positive, negative. Without rows where the method gives one map for all leads.

        Raises
        ------
        NotApplicableError
            For a slice.
        """
        import pandas as pd

        if not self.leads:
            raise NotApplicableError("a slice has no leads; use relevance, (row, column).")
        rows = self.relevance if self.leads_apart else self.relevance[:0]
        sizes = np.abs(rows).sum(axis=1)
        table = {
            "lead": list(self.leads[: len(rows)]),
            "share": sizes / (sizes.sum() or 1.0),
            "positive": np.clip(rows, 0, None).sum(axis=1),
            "negative": np.clip(rows, None, 0).sum(axis=1),
        }
        return pd.DataFrame(table)

    def by_wave(self) -> pd.DataFrame:
        """Return how much of the relevance stands on P, QRS, T and between them, in each lead.

        Columns lead, wave, share (of |relevance|, 0 to 1), positive, negative (sums), time (share of all samples of
        all leads that the network saw): where share / time is 1 a wave holds what its length alone would give. One
        lead, "all", where the method gives one map for all leads. `waves.beats` holds the times of the waves.

        Raises
        ------
        NotApplicableError
            For a slice, and for a record without beats.
        MissingExtraError
            Without NeuroKit2, which finds the waves.

        Notes
        -----
        How well waves are found is measured in `benchmarks/RESULTS.md`.
        """
        if self.waves is None:
            raise NotApplicableError("a slice has no waves; use relevance, (row, column).")
        if self.leads_apart:
            return self.waves.table(self.relevance, self.leads)
        return self.waves.table(self.relevance.sum(axis=0, keepdims=True), ["all"])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explanation:
    """Why a network answered as it did about one record: by several methods, for several classes.

    `explanation["integrated_gradients", "AFIB"]` is one map.

    Attributes
    ----------
    record
        As the network sees it: its leads in its order, on the record's own samples.
    prediction
        What the network said.
    targets, methods
        The classes explained, and what the methods are called here.
    findings
        What is wrong with the record, or worth knowing.
    notes
        What a reader must know, in sentences.
    provenance
        Network, weights and methods, as JSON can hold them.
    """

    record: EcgRecord | MriSlice
    prediction: Prediction
    targets: tuple[str, ...]
    methods: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]
    maps: Mapping[tuple[str, str], ClassExplanation] = field(repr=False)

    def __getitem__(self, key: tuple[str, str]) -> ClassExplanation:
        """Return a method's map of a class, `explanation[method, class]`.

        Raises
        ------
        UnknownNameError
            With the methods or the classes that there are.
        """
        method, target = key[0], key[-1]
        names = {normalised(name): name for name in self.methods}
        if normalised(method) not in names:
            raise unknown_name("method", method, self.methods, remedy="Ask as explanation[method, class].")
        if target not in self.targets:
            raise unknown_name("class", target, self.targets, remedy="Ask explain for it with targets=.")
        return self.maps[names[normalised(method)], target]

    def save(self, folder: Path | str) -> Path:
        """Write report.html, explanation.json and pictures into a folder, and return the report's path."""
        # Reports stand above this room and are found by name.
        reports: Registry[Callable[..., Path]] = Registry("pellucid.reports.kinds", "report")
        return reports["record"]([self], Path(folder))

    def _repr_html_(self) -> str:
        first = self[self.methods[0], self.targets[0]]
        title = f"{self.record.name}: {first.target} by {first.method.replace('_', ' ')}"
        table = first.by_lead().round(3).to_html(index=False, border=0) if first.leads and first.leads_apart else ""
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<p><b>{escape(title)}</b>. {NOT_A_DIAGNOSIS}</p>{_picture(self.record, first, title)}"
            f"<details><summary>Leads and notes</summary>{table}<ul>{notes}</ul></details>"
        )


def _picture(record: EcgRecord | MriSlice, shown: ClassExplanation, title: str) -> str:
    from pellucid.figures.embedded import embedded

    if isinstance(record, MriSlice):
        from pellucid.figures.brain import brain_slice

        return embedded(brain_slice(record, shown.relevance, kind=shown.kind, title=title), title, width="34em")
    from pellucid.figures.ecg_paper import ecg_paper

    samples = min(record.samples, round(_SHOWN * record.sampling_rate))
    part = record.cut(0.0, samples / record.sampling_rate)
    return embedded(ecg_paper(part, shown.relevance[:, :samples], kind=shown.kind, title=title), title)
