"""Simulated patients as a data set: `simulated:700` is a hundred each of NORM and the six diagnoses."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.core.progress import track
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.labels import SIX, ClassSet, of_codes
from pellucid.records.ecg import EcgRecord
from pellucid.simulation.patients import Patient, simulate

_KINDS: tuple[tuple[str, ...], ...] = ((), *((code,) for code in SIX))
_FOLDS = 10


class Simulated(Dataset):
    """Patients made one by one when asked for, each with one diagnosis or none, in turn.

    Parameters
    ----------
    place
        How many, as text.
    classes
        `six`, `all` (NORM and the six), or codes.
    sampling_rate
        In Hz.
    seed
        Patient i is `simulate(..., seed=seed * 1_000_000 + i)`.

    Notes
    -----
    Folds 1 to 10 hold every kind alike. `patient(record_id)` gives the truth as well.
    """

    name: ClassVar[str] = "simulated"

    def __init__(
        self, place: str, *, classes: str | Sequence[str] = "six", sampling_rate: float = 500.0, seed: int = 0
    ) -> None:
        if not place.isdigit() or int(place) < 1:
            raise InvalidInputError(
                f"a simulated data set must be simulated:N with N patients, 1 or more; got {place!r}."
            )
        count = int(place)
        self.sampling_rate = float(sampling_rate)
        self.seed = seed
        self._signals: NDArray[np.int16] | None = None
        kinds = [_KINDS[i % len(_KINDS)] for i in range(count)]
        ids = pd.Index(range(count), name="record")
        self.table = pd.DataFrame(
            {
                "patient": [f"simulated-{seed}-{i}" for i in range(count)],
                "fold": [i // len(_KINDS) % _FOLDS + 1 for i in range(count)],
                "codes": pd.Series(kinds, dtype=object),
            },
            index=ids,
        )
        known = ("NORM", *SIX)
        self.class_set = _named(classes, known)
        has = [set(kind) or {"NORM"} for kind in kinds]
        labels = np.array(
            [[bool(members & set(group)) for group in self.class_set.members.values()] for members in has]
        )
        self.labels = pd.DataFrame(labels, index=ids, columns=pd.Index(self.classes))

    def read(self, record_id: Any) -> EcgRecord:
        """Return the record of one patient, a number from 0."""
        return self.patient(record_id).record

    def patient(self, record_id: int) -> Patient:
        """Return one patient, with truth, events and twins."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, [f"0 to {len(self.table) - 1}"])
        return _patient(self.table.loc[record_id, "codes"], self.seed * 1_000_000 + int(record_id), self.sampling_rate)

    def signals(self) -> NDArray[np.int16]:
        """Return (record, lead, sample) in microvolts. Made once; about 8 ms a record."""
        if self._signals is None:
            rows = [np.rint(self.read(i).signal * 1000).astype(np.int16) for i in track(self.table.index, "simulating")]
            self._signals = np.stack(rows)
        return self._signals

    def _subset(self, positions: NDArray[np.intp]) -> Simulated:
        part = copy.copy(self)
        part._signals = None if self._signals is None else self._signals[positions]
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        return part


@lru_cache(maxsize=64)
def _patient(diagnoses: tuple[str, ...], seed: int, sampling_rate: float) -> Patient:
    return simulate(diagnoses, seed=seed, sampling_rate=sampling_rate)


def _named(classes: str | Sequence[str], known: Sequence[str]) -> ClassSet:
    if classes == "six":
        return ClassSet("six", {code: (code,) for code in SIX})
    if classes == "all":
        return ClassSet("all", {code: (code,) for code in known})
    return of_codes(classes.split(",") if isinstance(classes, str) else classes, known)
