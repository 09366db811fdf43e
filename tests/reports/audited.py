"""A small data set in memory whose split leaks, and whose pictures' brightness tells the class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pellucid import MriSlice
from pellucid.datasets.audit import audit
from pellucid.datasets.labels import ClassSet
from pellucid.datasets.slices import SliceDataset, one_of


class InMemory(SliceDataset):
    name = "in-memory"
    patients_known = False

    def __init__(self, pictures, classes, folds, word):
        self._pictures = pictures
        ids = pd.Index([f"{word}-{number}" for number in range(len(pictures))])
        self.table = pd.DataFrame({"patient": ids, "fold": folds, "class": classes}, index=ids)
        self.class_set = ClassSet("all", {name: (name,) for name in sorted(set(classes))})
        self.labels = one_of(self.table["class"], self.class_set)

    def read(self, record_id):
        return MriSlice(pixels=self._pictures[int(str(record_id).rpartition("-")[2])], name=str(record_id))

    def mask(self, record_id):
        return None


def audited(word="patient", *, leaking=True):
    """Forty pictures of two classes, one named like the records; one of ten test pictures is in training too."""
    random = np.random.default_rng(0)
    classes = [word if number % 2 else "other" for number in range(40)]
    pictures = [
        np.pad(np.kron(random.random((8, 8)) * (0.9 if name == word else 0.3), np.ones((8, 8))), 8) for name in classes
    ]
    folds = [10] * 10 + [1] * 30
    if leaking:
        pictures[11] = pictures[1]
    return audit(InMemory(pictures, classes, folds, word))
