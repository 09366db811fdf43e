"""The report on an audit: what leaks and what tells the class, in words, tables and the worst pairs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.core.files import write_json, write_text
from pellucid.reports import audit_words as words
from pellucid.reports.page import plain_page

if TYPE_CHECKING:
    from pellucid.datasets.audit import Audit

PAGE = "report.html"
PICTURE = "pairs.png"
SPLIT = "split.csv"


def audit(found: Audit, folder: Path | str, *, title: str = "") -> Path:
    """Write a report and return the path of its page.

    `FOLDER/report.html` shows all; `audit.json` and `classes.csv` hold it for programs, `pairs.png` the worst pairs,
    and `split.csv` is a split without leaks, which `NAME:PATH,split=FILE` takes. The same audit gives the same bytes.

    Parameters
    ----------
    found
        What `datasets.audit.audit` returned.
    folder
        Made if it is not there.
    title
        In the page's head.

    Notes
    -----
    Cost: about 1 s, most of it for the picture.
    """
    from pellucid.datasets.splits import write_split

    folder, kept = Path(folder), found.cleaned.kept
    names = found.read.source.table.index[kept].tolist()
    write_json(folder / "audit.json", found.json())
    write_text(folder / "classes.csv", found.table().to_csv(lineterminator="\n"))
    write_split(folder / SPLIT, names, found.cleaned.patients, found.cleaned.folds)
    picture = _drawn(found, folder / PICTURE) if found.worst() else None
    html = plain_page(
        "audit.html",
        title=title or f"pellucid: audit of {found.read.source.name}",
        **_texts(found),
        picture=None if picture is None else base64.b64encode(picture.read_bytes()).decode(),
    )
    write_text(folder / PAGE, html)
    return folder / PAGE


def _texts(found: Audit) -> dict[str, Any]:
    source, table = found.read.source, found.table()
    patients = f"{source.table['patient'].nunique()} patients" if source.patients_known else "patients not known"
    return {
        "name": source.name,
        "facts": [f"{len(source):,} records", patients, f"test: fold {', '.join(map(str, found.test_folds))}"],
        "headline": words.headline(found),
        "leaks": words.leaks(found),
        "notes": source.notes,
        "columns": list(map(str, table.columns)),
        "rows": [(str(name), row.tolist()) for name, row in zip(table.index, table.to_numpy(), strict=True)],
        "telltale": words.telltale(found),
        "confounds": [
            {
                "name": name,
                "facts": ", ".join(one.facts),
                "accuracy": f"{one.accuracy:.1%}",
                "majority": f"{one.majority:.1%}",
                "tells": one.tells,
                "areas": ", ".join(f"{label} {area:.2f}" for label, area in one.by_class.items()),
            }
            for name, one in found.confounds.items()
        ],
        "cleaned": words.cleaned(found, SPLIT),
        "method": words.method(found),
        "findings": [(kind, len(at), at[0]) for kind, at in found.read.findings.items()],
        "skipped": list(found.read.skipped.items()),
        "hash": source.hash,
    }


def _drawn(found: Audit, path: Path) -> Path:
    """Write a picture of the worst pairs."""
    from pellucid.figures.contact_sheet import contact_sheet
    from pellucid.figures.style import save
    from pellucid.records.ecg import EcgRecord

    source = found.read.source
    records, captions = [], []
    for pair, reason in found.worst():
        how = f"{reason}, r = {pair.correlation:.4f}{', mirrored' if pair.mirrored else ''}"
        for position in (pair.first, pair.second):
            records.append(source[position])
            labels = source.labels.iloc[position]
            named = "+".join(map(str, labels.index[labels.to_numpy()])) or "no class"
            captions.append(
                f"{how}\n{named}, {source.sides.iloc[position]}\n{Path(str(source.table.index[position])).name}"
            )
    columns = 2 if isinstance(records[0], EcgRecord) else 4
    facts = f"copies are called near above a correlation of {found.read.threshold:g}"
    return save(
        contact_sheet(records, captions, columns=columns, title=f"{source.name}: the worst pairs", facts=facts), path
    )
