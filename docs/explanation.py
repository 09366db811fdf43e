"""Writes docs/explanation.png, the README's picture: a real ECG of the test fold and what ecg-six used.

python docs/explanation.py /data/ptb-xl [ECG_ID]
"""

from __future__ import annotations

import sys
from pathlib import Path

import pellucid
from pellucid.figures.ecg_paper import ecg_paper
from pellucid.figures.style import save


def main(folder: str, ecg_id: int) -> None:
    """Draw the record's first found class by integrated gradients."""
    fold_10 = pellucid.dataset(f"ptbxl:{folder}").select(folds=[10])
    record = fold_10.read(ecg_id)
    explanation = pellucid.explain(record, pellucid.load("ecg-six"), methods="integrated_gradients")
    target = explanation.targets[0]
    shown = explanation["integrated_gradients", target]
    probability = explanation.prediction.probabilities[explanation.prediction.classes.index(target)]
    title = f"PTB-XL {ecg_id}: {target} ({probability:.0%}), integrated gradients"
    figure = ecg_paper(record, shown.relevance, kind=shown.kind, layout="6x2", title=title)
    save(figure, Path(__file__).with_name("explanation.png"))
    print(title, "found:", explanation.prediction.found, "labels:", sorted(record.metadata["codes"]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 172)
