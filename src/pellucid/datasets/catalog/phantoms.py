"""Brain phantoms as a data set: `phantoms:400` is a hundred each of the four classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.core.progress import track
from pellucid.datasets.slices import SliceDataset, class_set, one_of, stretched
from pellucid.datasets.splits import FOLDS
from pellucid.records.slice import MriSlice
from pellucid.simulation.phantoms import CLASSES, SHORTCUTS, BrainPhantom, Shortcut, brain_phantom


class Phantoms(SliceDataset):
    """Simulated slices made one by one when asked for, the four classes in turn; see `simulation.phantoms`.

    Parameters
    ----------
    place
        How many, as text.
    classes
        `all` (glioma_tumor, meningioma_tumor, no_tumor, pituitary_tumor), or some of them.
    seed
        Slice i is `brain_phantom(..., seed=seed * 1_000_000 + i)`.
    size
        Rows and columns.
    shortcut
        `corner`, `border` or `brightness`: a mark that gives the class away. None for no mark.

    Notes
    -----
    Each slice is of a head of its own. Folds 1 to 10 hold every class alike.
    """

    name: ClassVar[str] = "phantoms"
    alike_by_nature = True
    sampling_rate = float("nan")

    def __init__(
        self,
        place: str,
        *,
        classes: str | Sequence[str] = "all",
        seed: int = 0,
        size: int = 128,
        shortcut: Shortcut | None = None,
    ) -> None:
        if not place.isdigit() or int(place) < 1:
            raise InvalidInputError(
                f"a data set of phantoms must be phantoms:N with N slices, 1 or more; got {place!r}."
            )
        if shortcut is not None and shortcut not in SHORTCUTS:
            raise unknown_name("shortcut", shortcut, SHORTCUTS)
        self.seed, self.size, self.shortcut = seed, size, shortcut
        ids = pd.Index(range(int(place)), name="record")
        self.table = pd.DataFrame(
            {
                "patient": [f"phantom-{seed}-{i}" for i in ids],
                "fold": [i // len(CLASSES) % FOLDS + 1 for i in ids],
                "class": [CLASSES[i % len(CLASSES)] for i in ids],
            },
            index=ids,
        )
        self.class_set = class_set(classes, CLASSES)
        self.labels = one_of(self.table["class"], self.class_set)

    def read(self, record_id: Any) -> MriSlice:
        """Return one slice, a number from 0."""
        return self.phantom(record_id).record

    def mask(self, record_id: Any) -> NDArray[np.bool_] | None:
        """Return where the tumour is; None without one."""
        found = self.phantom(record_id).mask
        return found if found.any() else None

    def phantom(self, record_id: Any) -> BrainPhantom:
        """Return one slice with its truth."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, [f"0 to {len(self.table) - 1}"])
        return _phantom(
            str(self.table.at[record_id, "class"]), self.seed * 1_000_000 + int(record_id), self.size, self.shortcut
        )

    def pictures(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the selected slices at this size as (record, row, column) of 0 to 255; about 10 ms each."""
        return np.stack([stretched(self.read(record), size) for record in track(self.table.index, "making phantoms")])


@lru_cache(maxsize=64)
def _phantom(label: Any, seed: int, size: int, shortcut: Any) -> BrainPhantom:
    return brain_phantom(label, seed=seed, size=size, shortcut=shortcut)
