"""`pellucid train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output


def train(
    config: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    data: str | None = None,
    threads: int | None = None,
) -> int:
    """Train a network from a configuration; the same command goes on where a killed one ended.

    Parameters
    ----------
    config
        A TOML file; `configs/` has those of the bundled networks.
    out
        Folder for checkpoints, log and curves; the network comes to stand in `OUT/network`.
    data
        The data set, NAME:PATH, in place of the configuration's.
    threads
        CPU threads of torch; all cores where it is not given.

    Examples
    --------
    pellucid train configs/ecg-six.toml --data ptbxl:/data/ptb-xl --out runs/ecg-six
    """
    from pellucid.core.errors import InvalidInputError, missing_extra

    if threads is not None and threads < 1:
        raise InvalidInputError(f"threads must be 1 or more; got {threads}.")
    try:
        import lightning  # noqa: F401  # asked for first, so that its absence is told before any data are read
    except ImportError as error:
        raise missing_extra("lightning", "train", "pellucid train") from error
    import torch

    from pellucid.training import train as training
    from pellucid.training.settings import read_config

    if threads is not None:
        torch.set_num_threads(threads)
    settings = read_config(config)
    if data is not None:
        settings = replace(settings, data=replace(settings.data, dataset=data))
    network = training.train(settings, out)
    output.say(f"{network.name}: {_told(network.card.metrics)}")
    output.result(str(_curves(out)))
    output.result(str(out / "network"))
    return output.DONE


def _told(metrics: tuple[Mapping[str, Any], ...]) -> str:
    parts = []
    for scoring in metrics:
        macro = scoring["macro"]
        parts.append(f"{scoring['data']}: macro AUC {macro['auc']['value']:.3f}, F1 {macro['f1']['value']:.3f}")
    return "; ".join(parts)


def _curves(out: Path) -> Path:
    import pandas as pd

    from pellucid.figures.curves import training_curves
    from pellucid.figures.style import save

    panels, columns = {}, []
    for log in sorted(out.glob("**/log.jsonl")):
        name = log.parent.name
        lines = pd.read_json(log, lines=True).set_index("epoch")
        names = {"loss": f"{name}: training, all outputs", "choosing_loss": f"{name}: choosing folds, classes"}
        columns.append(lines[list(names)].rename(columns=names))
        panels[f"{name}: cross-entropy"] = list(names.values())
    path = out / "curves.png"
    save(training_curves(pd.concat(columns, axis=1), panels), path)
    return path
