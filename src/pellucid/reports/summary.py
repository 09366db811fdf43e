"""`explanation.json`: what was found and why, in numbers, for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core.provenance import array_hash, versions
from pellucid.records.ecg import EcgRecord
from pellucid.reports.maps import shares

if TYPE_CHECKING:
    from pathlib import Path

    from pellucid.explanation.explanation import Explanation
    from pellucid.records.slice import MriSlice
    from pellucid.reports.maps import Map

ARRAYS = "relevance.npz"


def summary(explanation: Explanation, maps: Sequence[Map], pictures: Sequence[Sequence[Path]]) -> dict[str, Any]:
    """Return an explanation as JSON can hold it; the relevance itself lies in `relevance.npz` beside it.

    Keys: record, found, probabilities, thresholds, attributions, provenance.
    """
    prediction = explanation.prediction
    return {
        "record": explanation.record.name,
        "found": list(prediction.found),
        "probabilities": _by_class(prediction.classes, prediction.probabilities),
        "thresholds": _by_class(prediction.classes, prediction.thresholds),
        "attributions": [
            _attribution(i, shown, files) for i, (shown, files) in enumerate(zip(maps, pictures, strict=True))
        ],
        "provenance": provenance(explanation),
    }


def provenance(explanation: Explanation) -> dict[str, Any]:
    """Return what an explanation was made of: versions, network, record with its hash, what was noticed."""
    return {
        "versions": versions(),
        **dict(explanation.provenance),
        "record": _of_record(explanation.record),
        "notes": list(explanation.notes),
        "findings": [finding.text for finding in explanation.findings],
        "use": "research only, not a diagnosis",
    }


def _of_record(record: EcgRecord | MriSlice) -> dict[str, Any]:
    source = None if record.source is None else record.source.name
    if isinstance(record, EcgRecord):
        own: dict[str, Any] = {"sampling_rate": record.sampling_rate, "leads": list(record.leads)}
        return {"source": source, "sha256": array_hash(record.signal), "shape": list(record.signal.shape), **own}
    own = {"spacing": record.spacing}
    return {"source": source, "sha256": array_hash(record.pixels), "shape": list(record.pixels.shape), **own}


def array_name(number: int) -> str:
    """Return the name of an attribution's array in `relevance.npz`."""
    return f"relevance_{number}"


def _attribution(number: int, shown: Map, pictures: Sequence[Path]) -> dict[str, Any]:
    explained = shown.explained
    sizes = np.abs(shown.relevance)
    entry: dict[str, Any] = {
        "method": shown.method,
        "target": shown.target,
        "settings": dict(explained.settings),
        "kind": explained.kind,
        "score": explained.score,
        "base": explained.base,
        "gap": explained.gap,
        "empty": explained.empty,
        "outside": explained.outside,
        "warnings": list(explained.warnings),
        "sum": float(shown.relevance.sum(dtype=np.float64)),
        "sum_of_sizes": float(sizes.sum(dtype=np.float64)),
        "largest": float(sizes.max(initial=0.0)),
        "scale": shown.scale.limit,
        "array": {"file": ARRAYS, "name": array_name(number)},
        "pictures": [path.name for path in pictures],
    }
    held = shares(explained)
    if held is not None:
        rows = zip(explained.leads, held, strict=True)
        entry["leads"] = {lead: {"share": row["total"], "share_for": row["favour"]} for lead, row in rows}
    return entry


def _by_class(classes: Sequence[str], values: Any) -> Mapping[str, float | None]:
    return {name: None if np.isnan(value) else float(value) for name, value in zip(classes, values, strict=True)}
