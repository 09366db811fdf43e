"""`pellucid distil`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.fitting import epoch_line, ready


def distil(
    config: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    data: str | None = None,
    threads: int | None = None,
) -> int:
    """Train a student with a larger network as teacher, and beside it without, and compare them on the test folds.

    The same command goes on where a killed one ended. The teacher is asked about each training record once, without
    the augmentation that the student sees.

    Parameters
    ----------
    config
        A training configuration of the student with a table `[distil]`; the repository's `configs/distil-*.toml` are
        examples.
    out
        Folder for everything: the table as `comparison.md`, `.csv` and `.png`, the taught student in `OUT/network`.
    data
        The data set, NAME:PATH, in place of the configuration's.
    threads
        CPU threads of torch; all cores where it is not given.

    Examples
    --------
    pellucid distil configs/distil-phantoms.toml --out runs/distil-phantoms
    pellucid distil configs/distil-tumours.toml --data brain-tumor:/data/brain_tumor_mri --out runs/distil-tumours
    """
    ready("distil", threads)
    from pellucid.training import distil as distilling
    from pellucid.training.distil_plan import read_distil

    found, paths = distilling.distil(read_distil(config, data=data), out, tell=output.say, watch=epoch_line)
    output.table(found.words())
    for note in found.notes:
        output.say(note)
    for path in paths:
        output.result(str(path))
    return output.DONE
