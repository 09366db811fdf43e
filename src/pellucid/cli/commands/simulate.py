"""`pellucid simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pellucid.cli import output


def simulate(
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    diagnoses: str = "NORM",
    count: int = 1,
    seed: int = 0,
    sampling_rate: float = 500,
    seconds: float = 10,
    twins: bool = True,
) -> int:
    """Write simulated patients with known truth: records, where each diagnosis shows, beats, and twins without it.

    Parameters
    ----------
    out
        Folder, new or from an earlier run: WFDB records, NAME_truth.json, NAME_events.csv, NAME_without_CODE records,
        and patients.csv that lists them all.
    diagnoses
        Of 1AVB, CRBBB, CLBBB, SBRAD, AFIB, STACH, with commas between; or NORM. Every patient has all of them.
    count
        How many patients.
    seed
        Same seed, same bytes. Patient k is pellucid.simulate(..., seed=1000000 * SEED + k).
    sampling_rate
        In whole Hz, 50 to 2000.
    seconds
        Duration of each record.
    twins
        Also write each patient without each of the diagnoses.

    Examples
    --------
    pellucid simulate --diagnoses CRBBB,AFIB --count 10 --seed 1 --out patients
    pellucid simulate --count 100 --sampling-rate 100 --out normal
    """
    from pellucid.simulation.files import write_patients

    index = write_patients(
        diagnoses, out, count=count, seed=seed, sampling_rate=sampling_rate, seconds=seconds, twins=twins
    )
    output.result(str(index))
    return output.DONE
