"""How often the checks of `records/quality.py` speak, and how often they should.

    python benchmarks/quality.py --ptbxl FOLDER --shared ../shared

All of PTB-XL at 100 Hz, as it is and with five times the amplitude; the 109 records of the Challenge 2020, of which
the 54 HR* are five times too large by their headers; LUDB; the folders of MRI slices.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pellucid import EcgRecord, MriSlice, dataset, read
from pellucid.records.quality import findings
from results import write

KINDS = (
    "missing lead", "other lead", "length", "not recorded", "flat", "clipped", "amplitude unit", "artefact",
    "baseline wander", "limb leads", "reading", "small", "contrast", "border",
)  # fmt: skip
SLICES = ("brain_tumor_mri/Training", "brain_tumor_mri/Testing", "dementia", "external_no_tumor")


def counted(title: str, records: Iterable[EcgRecord | MriSlice]) -> str:
    """Return a table's row: how many of the records have a finding of each kind."""
    kinds: Counter[str] = Counter()
    total = 0
    for record in records:
        total += 1
        kinds.update({finding.kind for finding in findings(record)})
    return f"| {title} | {total} | " + " | ".join(str(kinds[kind] or "") for kind in KINDS) + " |"


def times_five(records: Iterable[EcgRecord]) -> Iterable[EcgRecord]:
    """Yield records with five times the amplitude."""
    return (replace(record, signal=record.signal * 5) for record in records)


def main() -> None:
    """Count and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    given = parser.parse_args()
    data = given.shared / "data"
    ptbxl = dataset(f"ptbxl:{given.ptbxl}")
    normal = dataset(f"ptbxl:{given.ptbxl}", classes=["NORM"], min_likelihood=100)
    surely_normal = [normal[int(place)] for place in normal.labels["NORM"].to_numpy().nonzero()[0]]
    rows = [
        counted("PTB-XL", ptbxl),
        counted("PTB-XL, NORM at 100 %", surely_normal),
        counted("PTB-XL x 5", times_five(record for record in ptbxl if isinstance(record, EcgRecord))),
        *(
            counted(f"CinC 2020 {kind}*", map(read, sorted((data / "cinc2020").glob(f"{kind}*.hea"))))
            for kind in ("HR", "A", "Q")
        ),
        counted("LUDB", map(read, sorted((data / "ludb/data").glob("*.hea")))),
        *(counted(folder, map(read, sorted((data / folder).rglob("*.jpg")))) for folder in SLICES),
    ]
    head = f"| records | number | {' | '.join(KINDS)} |\n|{'---|' * (len(KINDS) + 2)}"
    write("quality", "Findings", "\n".join([head, *rows]))


if __name__ == "__main__":
    main()
