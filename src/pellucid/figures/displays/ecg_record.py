"""An ECG record in a notebook: the leads on paper, standing on its own white ground in light and dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.figures.ecg_paper import ecg_paper
from pellucid.figures.embedded import embedded

if TYPE_CHECKING:
    from pellucid.records.ecg import EcgRecord

LONGEST = 10.0  # seconds shown


def ecg_record(record: EcgRecord) -> str:
    """Return the record's first 10 s as HTML, three rows and a rhythm strip."""
    shown = record if record.seconds <= LONGEST else record.cut(0.0, LONGEST)
    part = "" if shown is record else f", the first {LONGEST:g} s of {record.seconds:.0f}"
    caption = f"ECG {record.name}, {len(record.leads)} leads{part}"
    return embedded(ecg_paper(shown, layout="3x4", title=caption if part else ""), caption)
