"""`pellucid import-keras`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pellucid.cli import output


def import_keras(
    path: Path,
    *,
    kind: Annotated[str, Parameter(name="--as")],
    out: Annotated[Path, Parameter(alias="-o")],
) -> int:
    """Turn a published Keras network into a network folder that all other commands take.

    Parameters
    ----------
    path
        The HDF5 file; for `aime` the folder that holds model.json and weights.h5. Nothing in it is run.
    kind
        ribeiro (model.hdf5 of Ribeiro et al. 2020), resnet27 or cnn27 (27 classes of the Challenge 2020), aime (one
        finding, Gumpfer et al. 2024). Anything in the file that the published network does not have is an error.
    out
        Folder for card.json and weights.safetensors.

    Examples
    --------
    pellucid import-keras model.hdf5 --as ribeiro --out networks/ribeiro
    pellucid import-keras aime2024/AVB --as aime --out networks/avb
    """
    from pellucid.networks.keras import import_keras as imported

    network = imported(path, kind)
    for limit in network.card.limits:
        output.say(f"note: {limit}")
    output.result(str(network.save(out)))
    return output.DONE
