"""MIT-BIH Arrhythmia, beat by beat: from the recordings with their annotations, or from Kaggle's tables."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, UnreadableFileError, unknown_name
from pellucid.core.progress import track
from pellucid.datasets.beat_windows import RATE, SAMPLES, beat_windows
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.kaggle_beats import kaggle_beats
from pellucid.datasets.labels import ClassSet, of_codes
from pellucid.datasets.packed import packed
from pellucid.datasets.slices import existing_folder, one_of
from pellucid.datasets.splits import FOLDS, TEST_FOLD, dealt
from pellucid.records.ecg import EcgRecord

AAMI: dict[str, tuple[str, ...]] = {
    "N": ("N", "L", "R", "e", "j"),
    "S": ("A", "a", "J", "S"),
    "V": ("V", "E"),
    "F": ("F",),
    "Q": ("/", "f", "Q"),
}
"""The five classes of ANSI/AAMI EC57 and the annotation symbols that each stands for; other symbols are no beats."""

DS1 = tuple(
    map(
        str,
        (
            101,
            106,
            108,
            109,
            112,
            114,
            115,
            116,
            118,
            119,
            122,
            124,
            201,
            203,
            205,
            207,
            208,
            209,
            215,
            220,
            223,
            230,
        ),
    )
)
DS2 = tuple(
    map(
        str,
        (
            100,
            103,
            105,
            111,
            113,
            117,
            121,
            123,
            200,
            202,
            210,
            212,
            213,
            214,
            219,
            221,
            222,
            228,
            231,
            232,
            233,
            234,
        ),
    )
)
_TWICE = "202"  # in DS2, and the person of 201 in DS1
_LEAD = "MLII"
_WORDS = {"N": "normal", "S": "supraventricular", "V": "ventricular", "F": "fusion", "Q": "paced or unknown"}


class Mitbih(Dataset):
    """Beats of the MIT-BIH Arrhythmia Database (Moody and Mark 2001, IEEE Eng Med Biol 20(3):45-50; ODC-By 1.0).

    Parameters
    ----------
    place
        The folder of the recordings (`.hea`, `.dat`, `.atr`), or of Kaggle's `mitbih_train.csv` and `mitbih_test.csv`.
    classes
        `aami` (N, S, V, F, Q), or some of the five.
    by
        `patient`: the recordings of DS1 are folds 1 to 9, those of DS2 fold 10 (de Chazal et al. 2004, IEEE Trans
        Biomed Eng 51:1196). `beat`: beats are dealt out one by one, as in many publications; a figure on this split
        says nothing about new patients. As text it is `mitbih:PATH,by=beat`. Kaggle's tables can be nothing else.
    strict
        Leaves out recording 202, for 201 is the same person on the other side.

    Notes
    -----
    A record is one beat, 187 samples at 125 Hz of lead MLII (see `beat_windows`), scaled to 0..1, not in mV;
    `signals()` has thousandths. The id is RECORDING-SAMPLE, the sample of the R peak at 360 Hz. Recordings with paced
    beats (102, 104, 107, 217) are not used.
    """

    name: ClassVar[str] = "mitbih"
    alike_by_nature = True
    sampling_rate = RATE

    def __init__(
        self,
        place: str,
        *,
        classes: str | Sequence[str] = "aami",
        by: Literal["patient", "beat"] = "patient",
        strict: bool = True,
    ) -> None:
        if by not in ("patient", "beat"):
            raise unknown_name("by", by, ("patient", "beat"))
        self.folder = existing_folder(place, self.name)
        self.by = by
        tables = (self.folder / "mitbih_train.csv").is_file()
        if tables:
            self.by, self.patients_known = "beat", False
            self.table, beats = kaggle_beats(self.folder, tuple(AAMI))
            self._all_beats: NDArray[np.int16] | None = np.rint(beats * 1000).astype(np.int16)[:, None]
            self._beats: NDArray[np.float32] | None = beats
        else:
            self.table = _annotated(self.folder, by, strict=strict)
            self._all_beats = self._beats = None
        self._positions = np.arange(len(self.table))
        self._keys = tuple(self.table.index)
        self.class_set = _class_set(classes)
        self.labels = one_of(self.table["class"], self.class_set)

    def read(self, record_id: Any) -> EcgRecord:
        """Read one beat by its id."""
        if record_id not in self.table.index:
            raise unknown_name("record", record_id, map(str, self.table.index[:5]), remedy="These are the first five.")
        row = self.table.loc[record_id]
        return EcgRecord(
            signal=self._beat(str(record_id))[None],
            sampling_rate=RATE,
            leads=(str(row["lead"]),),
            name=str(record_id),
            source=self.folder / str(row["file"]),
            metadata={"patient": str(row["patient"]), "fold": int(row["fold"]), "class": str(row["class"])},
        )

    def signals(self) -> NDArray[np.int16]:
        """Return the selected beats as (beat, 1, 187) in thousandths, from a map built once.

        Cost: on first use every recording is read once (about 0.1 s each); the map takes 374 bytes a beat.
        """
        everything = self._all_beats
        if everything is None:
            files = sorted(self.folder.glob("*.dat")) + sorted(self.folder.glob("*.atr"))
            stamps = [file.stat() for file in files]
            everything = packed(
                self._keys,
                lambda position: np.rint(self._beat(self._keys[position])[None] * 1000).astype(np.int16),
                shape=(1, SAMPLES),
                identity=[
                    str(self.folder.resolve()),
                    f"{sum(stamp.st_size for stamp in stamps)} bytes",
                    str(max((stamp.st_mtime_ns for stamp in stamps), default=0)),
                ],
                title="cutting beats",
                wanted=self._positions,
            )
        chosen: NDArray[np.int16] = everything[self._positions]
        return chosen

    @property
    def descriptions(self) -> dict[str, str]:
        """The five classes in words."""
        return _WORDS

    @property
    def acquisition(self) -> pd.DataFrame:
        """The lead."""
        return self.table[["lead"]].rename(columns={"lead": "source"})

    @property
    def notes(self) -> tuple[str, ...]:
        """Whether the split keeps patients apart."""
        if self.by == "patient":
            both = (self.table["file"] == f"{_TWICE}.hea").any()
            return (f"Recording {_TWICE}, of DS2, is of the same person as 201, of DS1.",) if both else ()
        return ("Split by beat: beats of one person are on both sides. The figure says nothing about new patients.",)

    def _beat(self, key: str) -> NDArray[np.float32]:
        if self._beats is not None:
            known: NDArray[np.float32] = self._beats[int(key.rpartition("-")[2])]
            return known
        name, _, sample = key.partition("-")
        found = _beats_of(self.folder / name)
        if isinstance(found, UnreadableFileError):
            raise found
        peaks, beats = found
        beat: NDArray[np.float32] = beats[int(np.searchsorted(peaks, int(sample)))]
        return beat

    def _subset(self, positions: NDArray[np.intp]) -> Mitbih:
        part = copy.copy(self)
        part.table = self.table.iloc[positions]
        part.labels = self.labels.iloc[positions]
        part._positions = self._positions[positions]
        return part


def _class_set(classes: str | Sequence[str]) -> ClassSet:
    if classes in ("aami", "all"):
        return ClassSet("aami", {name: (name,) for name in AAMI})
    return of_codes(classes.split(",") if isinstance(classes, str) else classes, tuple(AAMI))


def _annotated(folder: Path, by: str, *, strict: bool) -> pd.DataFrame:
    names = [name for name in (*DS1, *DS2) if (folder / f"{name}.hea").is_file() and not (strict and name == _TWICE)]
    if not names:
        raise InvalidInputError(
            f"data set mitbih must be a folder with recordings as 100.hea, 100.dat, 100.atr, or with mitbih_train.csv "
            f"and mitbih_test.csv; {folder} has neither."
        )
    of_symbol = {symbol: name for name, symbols in AAMI.items() for symbol in symbols}
    rows = []
    for name in track(names, "reading annotations"):
        samples, symbols = _annotations(folder / name)
        lead = _lead(folder / name)
        rows += [
            (f"{name}-{sample}", "201" if name == _TWICE else name, of_symbol[symbol], name in DS2, lead, f"{name}.hea")
            for sample, symbol in zip(samples, symbols, strict=True)
            if symbol in of_symbol
        ]
    table = pd.DataFrame(rows, columns=["record", "patient", "class", "second", "lead", "file"]).set_index("record")
    second = table.pop("second").to_numpy(dtype=bool)
    classes, ids = table["class"].tolist(), table.index.tolist()
    if by == "beat":
        return table.assign(fold=dealt(ids, classes, range(1, FOLDS + 1)))
    one = ["DS1"] * len(table)  # recordings in turn, whatever their beats
    folds = np.full(len(table), TEST_FOLD, dtype=np.int64)
    folds[~second] = dealt(table["patient"][~second].tolist(), one[: int((~second).sum())], range(1, TEST_FOLD))
    return table.assign(fold=folds, split=np.where(second, "DS2", "DS1"))


def _annotations(path: Path) -> tuple[NDArray[np.int64], list[str]]:
    import wfdb

    try:
        marks = wfdb.rdann(str(path), "atr")
    except (OSError, ValueError, IndexError) as error:
        raise UnreadableFileError(f"annotations {path}.atr cannot be read: {error}. Download them again.") from error
    if not len(marks.sample):
        raise UnreadableFileError(f"annotations {path}.atr must hold beats; it holds none. Download them again.")
    return np.asarray(marks.sample, dtype=np.int64), list(marks.symbol)


def _lead(path: Path) -> str:
    import wfdb

    try:
        leads = list(wfdb.rdheader(str(path)).sig_name)
    except (OSError, ValueError, IndexError) as error:
        raise UnreadableFileError(f"header {path}.hea cannot be read: {error}. Download it again.") from error
    return _LEAD if _LEAD in leads else str(leads[0])


@lru_cache(maxsize=2)
def _beats_of(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float32]] | UnreadableFileError:
    """Return the R peaks of a recording and its beats; or why it cannot be read, so as not to try for each beat."""
    import wfdb

    samples, symbols = _annotations(path)
    known = {symbol for group in AAMI.values() for symbol in group}
    peaks = samples[[symbol in known for symbol in symbols]]
    try:
        record = wfdb.rdrecord(str(path), channel_names=[_lead(path)])
    except (OSError, ValueError, IndexError) as error:
        return UnreadableFileError(f"recording {path}.dat cannot be read: {error}. Download it again.")
    return peaks, beat_windows(record.p_signal[:, 0], float(record.fs), peaks)
