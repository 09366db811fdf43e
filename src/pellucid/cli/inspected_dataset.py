"""What `pellucid inspect` says of a whole data set: counts, patients, findings of a sample, examples in a picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.cli import output

if TYPE_CHECKING:
    from pellucid.datasets.dataset import Dataset
    from pellucid.records.ecg import EcgRecord
    from pellucid.records.slice import MriSlice

_SPEC = re.compile(r"[A-Za-z][\w-]+:.")
_SAMPLED = 100
_EXAMPLES = 2  # of each class
_CLASSES_DRAWN = 12
_NAMED = 5


def is_dataset(text: str) -> bool:
    """Say whether a text is written as a data set (NAME:PATH) and names no file; C:/ is a drive."""
    return bool(_SPEC.match(text)) and not Path(text).exists()


def describe_dataset(source: Dataset, spec: str) -> dict[str, Any]:
    """Return the facts about a data set, as JSON can hold them."""
    # The checks are for whole records: every single beat would be short, with leads missing.
    found, failed = ({}, []) if source.alike_by_nature else sampled_findings(source)
    sides = source.sides
    return {
        "name": source.name,
        "dataset": spec,
        "kind": "data set",
        "records": len(source),
        "patients": int(source.table["patient"].nunique()) if source.patients_known else None,
        "classes": {
            str(name): {side: int((has & (sides == side)).sum()) for side in sorted(sides.unique())}
            for name, has in source.labels.items()
        },
        "without_class": int((~source.labels.any(axis=1)).sum()),
        "folds": {str(fold): int(count) for fold, count in source.table["fold"].value_counts().sort_index().items()},
        "patients_in_several_folds": int((source.table.groupby("patient")["fold"].nunique() > 1).sum()),
        "sampled": 0 if source.alike_by_nature else len(sample(source)),
        "findings": {kind: len(records) for kind, records in found.items()},
        "unreadable": failed,
        "notes": list(source.notes),
        "untestable": source.untestable,
        "hash": source.hash,
    }


def print_dataset(facts: dict[str, Any]) -> None:
    """Print the facts: a table of classes by part, then what must be known."""
    rows = [{"class": name, **sides, "all": sum(sides.values())} for name, sides in facts["classes"].items()]
    patients = "patients not known" if facts["patients"] is None else f"{facts['patients']} patients"
    output.table(rows, title=f"{facts['dataset']}: {facts['records']} records, {patients}")
    folds = ", ".join(f"{fold}: {count}" for fold, count in facts["folds"].items())
    lines = [f"  without a class  {facts['without_class']}", f"  folds            {folds}"]
    if facts["patients_in_several_folds"]:
        lines.append(f"  ! {facts['patients_in_several_folds']} patients are in several folds.")
    lines += [f"  ! {kind}: {count} of {facts['sampled']} sampled" for kind, count in facts["findings"].items()]
    lines += [f"  ! {text}" for text in facts["unreadable"][:_NAMED]]
    lines += [f"  ! {note}" for note in facts["notes"]]
    lines += [f"  ! No test: {facts['untestable']}."] if facts["untestable"] else []
    lines += [f"  picture          {facts['picture']}"] if "picture" in facts else []
    output.result("\n".join([*lines, ""]))


def draw_dataset(source: Dataset, path: Path) -> Path:
    """Write a picture of examples, two of each class, and return its path."""
    from pellucid.figures.contact_sheet import contact_sheet
    from pellucid.figures.style import save

    records: list[EcgRecord | MriSlice] = []
    captions = []
    for name in list(source.labels)[:_CLASSES_DRAWN]:
        positions = source.labels[name].to_numpy().nonzero()[0]
        # Far from each other: neighbours are often of one person.
        for position in positions[:: max(1, len(positions) // _EXAMPLES)][:_EXAMPLES]:
            record = _readable(source, int(position))
            if record is not None:
                records.append(record)
                captions.append(f"{name}\n{record.name}")
    facts = f"{len(source)} records, {_EXAMPLES} of each class"
    return save(contact_sheet(records, captions, columns=_EXAMPLES * 2, title=source.name, facts=facts), path)


def _readable(source: Dataset, position: int) -> EcgRecord | MriSlice | None:
    from pellucid.core.errors import PellucidError

    try:
        return source[position]
    except (PellucidError, OSError):
        return None  # the findings name it, or the audit does


def sample(source: Dataset) -> range:
    """Return the positions of up to a hundred records, evenly over all."""
    return range(0, len(source), max(1, -(-len(source) // _SAMPLED)))


def sampled_findings(source: Dataset) -> tuple[dict[str, list[str]], list[str]]:
    """Return which records of a sample have each finding, the most frequent first, and why others cannot be read."""
    from pellucid.core.errors import PellucidError
    from pellucid.core.progress import track
    from pellucid.records.quality import findings

    told: dict[str, list[str]] = {}
    failed = []
    for position in track(sample(source), f"looking at {source.name}"):
        try:
            for kind in {finding.kind for finding in findings(source[position])}:
                told.setdefault(kind, []).append(str(source.table.index[position]))
        except (PellucidError, OSError) as error:
            failed.append(" ".join(str(error).split()))
    return dict(sorted(told.items(), key=lambda item: -len(item[1]))), failed
