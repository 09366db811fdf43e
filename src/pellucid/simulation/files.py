"""Simulated patients as files: WFDB records, twins, truth, events, and an index of them all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_text
from pellucid.core.progress import track
from pellucid.records.ecg import EcgRecord
from pellucid.simulation.diagnoses import checked
from pellucid.simulation.patients import Patient, simulate

INDEX = "patients.csv"
_MOST_PATIENTS = 1_000_000
_STAGING = ".simulate-"


def write_patients(
    diagnoses: str | Sequence[str],
    folder: Path,
    *,
    count: int = 1,
    seed: int = 0,
    sampling_rate: float = 500,
    seconds: float = 10,
    twins: bool = True,
) -> Path:
    """Write `count` patients into a folder and return its index.

    The index comes last: a folder that has one is complete. The same call gives the same bytes; it may write over what
    an earlier one left, but over nothing else.

    Parameters
    ----------
    diagnoses, sampling_rate, seconds
        As in `simulate`.
    folder
        New, empty, or filled by this function before.
    count
        Number of patients, up to a million.
    seed
        Patient k has the seed 1,000,000 seed + k, so that no two runs share one.
    twins
        Write the twin without each diagnosis too.

    Raises
    ------
    InvalidInputError
        When the folder holds other files, or a number is out of range.
    """
    names = checked(diagnoses)
    if not 1 <= count <= _MOST_PATIENTS:
        raise InvalidInputError(f"count must be 1 to {_MOST_PATIENTS}; got {count}.")
    earlier = _own_files(folder)
    with _staged(folder, earlier) as stage:
        rows = []
        for number in track(range(count), "simulating", count):
            patient = simulate(names, seed=_MOST_PATIENTS * seed + number, sampling_rate=sampling_rate, seconds=seconds)
            rows.append(_write_patient(patient, stage, twins=twins))
        pd.DataFrame(rows).to_csv(stage / INDEX, index=False)
    return folder / INDEX


def write_wfdb(record: EcgRecord, folder: Path) -> None:
    """Write a record as WFDB, 16 bits, 1 uV a bit; what its metadata say stands in the header's comments."""
    import wfdb

    wfdb.wrsamp(
        record.name,
        fs=record.sampling_rate,
        units=["mV"] * len(record.leads),
        sig_name=list(record.leads),
        d_signal=np.rint(record.signal.T.astype(np.float64) * 1000).astype(np.int64),
        fmt=["16"] * len(record.leads),
        adc_gain=[1000.0] * len(record.leads),
        baseline=[0] * len(record.leads),
        comments=[f"{key}: {_told(value)}" for key, value in record.metadata.items()],
        write_dir=str(folder),
    )


def _told(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "NORM"
    return str(value)


def _write_patient(patient: Patient, folder: Path, *, twins: bool) -> dict[str, object]:
    record = patient.record
    write_wfdb(record, folder)
    others = [patient.twin(name) for name in patient.diagnoses] if twins else []
    for twin in others:
        write_wfdb(twin, folder)
    write_text(folder / f"{record.name}_truth.json", _truth_as_json(patient))
    patient.events.to_csv(folder / f"{record.name}_events.csv", float_format="%.4f")
    return {
        "record": record.name,
        "diagnoses": ",".join(patient.diagnoses) or "NORM",
        "seed": patient.seed,
        "sampling_rate": record.sampling_rate,
        "seconds": record.seconds,
        "beats": len(patient.events),
        "twins": " ".join(twin.name for twin in others),
    }


def _truth_as_json(patient: Patient) -> str:
    """Return the truth as JSON with one line a lead."""
    record = patient.record
    facts = {
        "record": record.name,
        "seed": patient.seed,
        "diagnoses": list(patient.diagnoses),
        "unit": "s, [start, end)",
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    masks = []
    for name, mask in patient.truth.items():
        leads = [f"      {json.dumps(lead)}: {json.dumps(times)}" for lead, times in _stretches(mask, record).items()]
        masks.append(f"    {json.dumps(name)}: {{\n" + ",\n".join(leads) + "\n    }")
    truth = "{\n" + ",\n".join(masks) + "\n  }" if masks else "{}"
    return "{\n" + ",\n".join([*lines, f'  "truth": {truth}']) + "\n}\n"


def _stretches(mask: NDArray[np.bool_], record: EcgRecord) -> dict[str, list[list[float]]]:
    """Return a mask as stretches in s, lead by lead; leads without any are left out."""
    found: dict[str, list[list[float]]] = {}
    for lead, row in zip(record.leads, mask, strict=True):
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False))
        times = [round(float(edge) / record.sampling_rate, 6) for edge in edges]
        if times:
            found[lead] = [list(pair) for pair in list(pairwise(times))[::2]]
    return found


def _files_of(row: pd.Series) -> set[str]:
    records = [str(row["record"]), *str(row["twins"]).split()]
    written = {f"{name}.{suffix}" for name in records for suffix in ("hea", "dat")}
    return written | {f"{row['record']}_truth.json", f"{row['record']}_events.csv"}


def _own_files(folder: Path) -> set[str]:
    """Return the files that an earlier call left in the folder; any other file is an error."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"out must be a folder; {folder} is a file.")
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    present = {name for name in present if not name.startswith(_STAGING)}
    own = present & ({INDEX} | _listed(folder / INDEX)) if INDEX in present else set()
    foreign = sorted(present - own)
    if foreign:
        raise InvalidInputError(
            f"out must be a new folder or one that pellucid simulate filled; {folder} holds {foreign[0]!r}"
            + (f" and {len(foreign) - 1} more" if len(foreign) > 1 else "")
            + ". Name another, or empty it."
        )
    return own


def _listed(index: Path) -> set[str]:
    try:
        table = pd.read_csv(index, dtype=str, keep_default_na=False)
        return set().union(*(_files_of(row) for _, row in table.iterrows()))
    except (KeyError, ValueError):  # some other table of that name: its neighbours are foreign then
        return set()


@contextmanager
def _staged(folder: Path, earlier: set[str]) -> Iterator[Path]:
    """Yield a folder to write into; when the block ends well its files replace the earlier ones, the index last."""
    folder.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGING))
    try:
        yield stage
        written = sorted(path.name for path in stage.iterdir() if path.name != INDEX)
        for name in sorted(earlier):
            (folder / name).unlink(missing_ok=True)
        for name in [*written, INDEX]:
            (stage / name).replace(folder / name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
