"""The layout of the PhysioNet Challenges 2020 and 2021: WFDB records of several sources, SNOMED codes in the header."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, PellucidError, UnreadableFileError, unknown_name
from pellucid.core.progress import track
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.fixed_length import fixed_length, recorded
from pellucid.datasets.labels import SIX, ClassSet, of_codes
from pellucid.datasets.packed import packed
from pellucid.datasets.scales import factor, span
from pellucid.datasets.slices import existing_folder
from pellucid.datasets.snomed import CODES, NAMES
from pellucid.datasets.splits import FOLDS, dealt
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD, missing
from pellucid.records.read import read

SOURCES = {
    "A": "CPSC 2018", "Q": "CPSC Extra", "I": "INCART", "S": "PTB", "HR": "PTB-XL", "E": "Georgia",
    "JS": "Chapman-Shaoxing and Ningbo",
}  # fmt: skip
"""What the letters of a record's name say of where it is from."""

_DX = re.compile(r"^#\s*Dx:\s*(.*)$", re.MULTILINE | re.IGNORECASE)
_SECONDS = 10.0
_LOOKED_AT = 25  # records of each source, for its scale
_LISTED = 5


class Cinc(Dataset):
    """Records of the Challenges 2020 and 2021 (Perez Alday et al. 2020, Physiol Meas 41:124003), at any depth.

    Parameters
    ----------
    place
        The folder.
    classes
        `six`, `all` (every name of `datasets.snomed` that occurs), or names or SNOMED codes.
    sampling_rate
        In Hz, of `signals()`; records keep their own.

    Notes
    -----
    The letters of a record's name tell its source. The amplitudes of each source are checked on 25 records: where
    the median is five or a thousand times what ECGs have, the header's gain is wrong (in PTB-XL's part it says 200
    where 1000 units are a mV) and the records are scaled; `table["scale"]` and `notes` say so. CPSC does not label
    bradycardia and tachycardia: score neither on it. Patients are not named; records are dealt into ten folds.
    """

    name: ClassVar[str] = "cinc"
    patients_known = False

    def __init__(self, place: str, *, classes: str | Sequence[str] = "six", sampling_rate: float = 500.0) -> None:
        if not 0 < sampling_rate <= 10_000:
            raise InvalidInputError(f"sampling_rate must be above 0 and at most 10000 Hz; got {sampling_rate!r}.")
        self.folder = existing_folder(place, self.name)
        self.sampling_rate = float(sampling_rate)
        self.table, self.skipped = _table(self.folder)
        self.class_set = _class_set(classes, self.table["codes"])
        codes = [set(row) for row in self.table["codes"]]
        values = {name: [bool(row & set(group)) for row in codes] for name, group in self.class_set.members.items()}
        self.labels = pd.DataFrame(values, index=self.table.index, columns=pd.Index(self.classes), dtype=bool)

    def read(self, record_id: Any) -> EcgRecord:
        """Read one record by its name, amplitudes as its source's scale says."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, map(str, self.table.index[:5]), remedy="These are the first five.")
        row = self.table.loc[record_id]
        return _scaled(_ecg(self.folder / str(row["file"])), float(row["scale"]))

    def signals(self) -> NDArray[np.int16]:
        """Return the middle 10 s of the selected records as (record, lead, sample) in microvolts.

        Shorter records have zeros on both sides; samples that were not recorded are 0. Cost: on first use every file
        is read once (about 10 ms each).
        """
        files = self.table["file"].tolist()
        stamps = [(self.folder / file).stat() for file in files]
        signals: NDArray[np.int16] = packed(
            files,
            lambda position: fixed_length(self.read(self.table.index[position]), self.sampling_rate, _SECONDS),
            shape=(len(STANDARD), round(_SECONDS * self.sampling_rate)),
            identity=[
                str(self.folder.resolve()),
                f"{self.sampling_rate:g} Hz, {sum(stamp.st_size for stamp in stamps)} bytes",
                str(max(stamp.st_mtime_ns for stamp in stamps)),
                ",".join(f"{scale:g}" for scale in sorted(self.table["scale"].unique())),
            ],
            title="reading CinC",
        )
        return signals

    @property
    def acquisition(self) -> pd.DataFrame:
        """The source."""
        return self.table[["source"]]

    @property
    def notes(self) -> tuple[str, ...]:
        """Unknown patients, sources whose scale was wrong, headers that could not be read."""
        told = list(super().notes)
        for source, rows in self.table.groupby("source"):
            scale = float(rows["scale"].iloc[0])
            if scale != 1:
                told.append(f"The amplitudes of {source} ({len(rows)} records) were multiplied by {scale:g}.")
        if self.skipped:
            named = "; ".join(list(self.skipped.values())[:_LISTED])
            told.append(f"{len(self.skipped)} headers were skipped: {named}")
        return tuple(told)

    def _subset(self, positions: NDArray[np.intp]) -> Cinc:
        part = copy.copy(self)
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        return part


def _table(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    rows, skipped = [], {}
    for header in track(sorted(folder.rglob("*.hea")), "reading headers"):
        found = _DX.search(header.read_text(encoding="utf-8", errors="replace"))
        if found is None:
            skipped[header.stem] = f"{header} has no line '#Dx: codes'"
            continue
        letters = re.match(r"[A-Za-z]*", header.stem)
        prefix = letters[0] if letters else ""
        codes = tuple(code.strip() for code in found[1].split(",") if code.strip())
        rows.append((header.stem, header.relative_to(folder).as_posix(), SOURCES.get(prefix, prefix or "?"), codes))
    if not rows:
        raise InvalidInputError(
            f"data set cinc must be a folder with WFDB records whose headers have a line '#Dx: codes'; {folder} has "
            f"none ({len(skipped)} headers without it)."
        )
    table = pd.DataFrame(rows, columns=["record", "file", "source", "codes"]).set_index("record")
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise InvalidInputError(f"records below {folder} must have names of their own; {twice[0]} is there twice.")
    names = table.index.tolist()
    table["patient"] = names
    first = [min((NAMES.get(code, code) for code in row), default="") for row in table["codes"]]
    table["fold"] = dealt(names, first, range(1, FOLDS + 1))
    scales = {source: _scale(folder, part["file"].tolist()) for source, part in table.groupby("source")}
    table["scale"] = table["source"].map(scales)
    return table, skipped


def _scale(folder: Path, files: Sequence[str]) -> float:
    """Return the scale of a source from records that are spread over it; those that cannot be read do not count."""
    spans = []
    for file in files[:: max(1, len(files) // _LOOKED_AT)]:
        try:
            spans.append(span(_ecg(folder / file)))
        except (PellucidError, OSError):
            continue  # reading it later says why
    return factor(spans)


def _ecg(path: Path) -> EcgRecord:
    record = read(path)
    if not isinstance(record, EcgRecord):
        raise UnreadableFileError(f"{path} must hold an ECG; it holds a picture.")
    lacking = missing(record.leads, STANDARD)
    if lacking:
        raise UnreadableFileError(f"{path} must have the 12 leads; it lacks {', '.join(lacking)}.")
    return recorded(record, str(path))


def _scaled(record: EcgRecord, scale: float) -> EcgRecord:
    return record if scale == 1 else replace(record, signal=record.signal * np.float32(scale))


def _class_set(classes: str | Sequence[str], codes: pd.Series[Any]) -> ClassSet:
    if isinstance(classes, str) and classes == "six":
        return ClassSet("six", {name: CODES[name] for name in SIX})
    here = {code for row in codes for code in row}
    if isinstance(classes, str) and classes == "all":
        return ClassSet("all", {name: group for name, group in CODES.items() if here & set(group)})
    asked = classes.split(",") if isinstance(classes, str) else classes
    chosen = of_codes([NAMES.get(code.strip(), code) for code in asked], [*CODES, *sorted(here - set(NAMES))])
    return ClassSet(chosen.name, {name: CODES.get(name, (name,)) for name in chosen.classes})
