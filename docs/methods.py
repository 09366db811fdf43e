"""Writes docs/methods.png: every method on simulated and real ECGs, the true places of the simulated ones drawn.

python docs/methods.py /data/ptb-xl/records500/00000/00489_hr
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import pellucid
from pellucid.explanation.explanation import Explanation
from pellucid.figures.sheet import Cell, sheet
from pellucid.figures.style import save
from pellucid.records.ecg import EcgRecord

SECONDS = 6.0
LEADS = ("I", "II", "V1", "V6")  # of all that is explained: enough for a rhythm and a block
SEED = 20
PATIENTS = ("AFIB", "CLBBB")
REAL = "CLBBB"  # what PTB-XL 489 is labelled with; it lies in a fold that the network was trained on


def main(file: str) -> None:
    """Explain the three records by every method that makes sense for `ecg-six`, and draw them side by side."""
    network = pellucid.load("ecg-six")
    patients = {name: pellucid.simulate([name], seed=SEED) for name in PATIENTS}
    records = [*(patient.record for patient in patients.values()), pellucid.read(file)]
    truths = [*(patient.truth[name] for name, patient in patients.items()), None]
    targets = (*PATIENTS, REAL)
    found = [
        pellucid.explain(record, network, methods="all", targets=target)
        for record, target in zip(records, targets, strict=True)
    ]
    names = ("simulated", "simulated", "PTB-XL 489")
    rows = [
        [
            _cell(explanation, method, target, truth, f"{method}: {name} {target}")
            for explanation, target, truth, name in zip(found, targets, truths, names, strict=True)
        ]
        for method in found[0].methods
    ]
    save(sheet(rows, size=0.4, title="Every method that makes sense for ecg-six"), _beside("methods.png"), dpi=80)


def _cell(explanation: Explanation, method: str, target: str, truth: np.ndarray | None, caption: str) -> Cell:
    record = explanation.record
    if not isinstance(record, EcgRecord):
        raise TypeError("the records of this sheet are ECGs")
    samples = round(SECONDS * record.sampling_rate)
    shown = explanation[method, target]
    rows = [record.leads.index(lead) for lead in LEADS]
    return Cell(
        record=record.cut(0.0, SECONDS).select(LEADS),
        relevance=shown.relevance[rows, :samples],
        truth=None if truth is None else truth[rows, :samples],
        kind=shown.kind,
        caption=caption.replace("_", " "),
    )


def _beside(name: str) -> Path:
    return Path(__file__).with_name(name)


if __name__ == "__main__":
    main(sys.argv[1])
