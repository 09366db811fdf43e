"""What the page says about one record, ready for its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pellucid.records.ecg import EcgRecord
from pellucid.reports import words
from pellucid.reports.maps import words as map_words
from pellucid.reports.summary import provenance

if TYPE_CHECKING:
    from markupsafe import Markup

    from pellucid.explanation.explanation import Explanation
    from pellucid.reports.maps import Map
    from pellucid.reports.truth import Truth


def describe(
    explanation: Explanation,
    maps: Sequence[Map],
    *,
    number: int,
    folder: str,
    truth: Truth | None = None,
    data: Markup | None = None,
) -> dict[str, Any]:
    """Return the texts of a record's article.

    Parameters
    ----------
    number
        Of the record on the page, from 1.
    folder
        Where its files lie, seen from the page.
    truth
        The classes that are known to be present; None where nothing is known.
    data
        For the viewer; None leaves it out.
    """
    record, prediction = explanation.record, explanation.prediction
    rows = words.prediction_rows(prediction)
    top = next(row for row in rows if row["name"] == prediction.top)
    return {
        "id": f"record-{number}",
        "name": record.name,
        "folder": folder,
        "is_ecg": isinstance(record, EcgRecord),
        "exclusive": prediction.exclusive,
        "facts": _facts(explanation),
        "headline": words.headline(prediction),
        "said": words.said(prediction),
        "found": list(prediction.found),
        "top": {"name": top["name"], "percent": top["percent"]},
        "known": None if truth is None else words.judged(prediction, truth),
        "notes": words.notes(explanation)[0],
        "findings": [finding.text for finding in explanation.findings],
        "predictions": rows,
        "map_words": [map_words(shown, (truth or {}).get(shown.target)) for shown in maps],
        "limits": words.limits(explanation),
        "provenance": list(_flat(provenance(explanation)).items()),
        "data": data,
    }


def _facts(explanation: Explanation) -> list[str]:
    record = explanation.record
    if isinstance(record, EcgRecord):
        leads = len(record.leads)
        return [f"{leads} lead{'s' * (leads > 1)}", f"{record.seconds:.4g} s", f"{record.sampling_rate:g} Hz"]
    rows, columns = record.shape
    return [f"{columns} x {rows} pixels"]


def _flat(tree: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Return a tree of settings as lines: `network weights: 1f3a...`; lists and empty things in a word."""
    lines: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{before} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            lines |= _flat(value, name)
        elif isinstance(value, list | tuple):
            lines[name] = ", ".join(map(str, value)) or "none"
        else:
            lines[name] = "none" if value is None else str(value)
    return {name: text for name, text in lines.items() if name not in ("notes", "findings")}
