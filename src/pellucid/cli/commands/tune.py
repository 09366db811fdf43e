"""`pellucid tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.fitting import ready
from pellucid.core.errors import InvalidInputError


def tune(
    config: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    data: str | None = None,
    trials: int | None = None,
    threads: int | None = None,
) -> int:
    """Search for a better training configuration, judged on the choosing folds; the test folds are not read.

    The same command goes on where a killed one ended, and several may run at once on one folder.

    Parameters
    ----------
    config
        A training configuration with a table `[search]`; the repository's `configs/tune-*.toml` are examples.
    out
        Folder of the study: `best.toml`, which `pellucid train` takes, `trials.csv`, `history.png`, `importance.png`.
    data
        The data set, NAME:PATH, in place of the configuration's.
    trials
        How many in all, by every process together, in place of the configuration's number.
    threads
        CPU threads of torch; all cores where it is not given.

    Examples
    --------
    pellucid tune configs/tune-phantoms.toml --out runs/tune-phantoms
    pellucid tune configs/tune-tumours.toml --data brain-tumor:/data/brain_tumor_mri --out runs/tune-tumours --trials 60
    """
    if trials is not None and trials < 1:
        raise InvalidInputError(f"trials must be 1 or more; got {trials}.")
    ready("tune", threads, ("lightning", "optuna"))
    from pellucid.training import tune as tuning
    from pellucid.training.search import read_search

    for path in tuning.tune(read_search(config, data=data), out, trials=trials, tell=output.say):
        output.result(str(path))
    return output.DONE
