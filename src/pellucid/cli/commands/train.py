"""`pellucid train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output
from pellucid.cli.fitting import epoch_line, ready


def train(
    config: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    data: str | None = None,
    threads: int | None = None,
) -> int:
    """Train a network from a configuration; the same command goes on where a killed one ended.

    Any architecture, on any data set: what the file leaves open is taken from both. Pictures are not flipped, shifted
    or cropped unless [picture_augmentation] asks: the side and the place of a finding are information.

    Parameters
    ----------
    config
        A TOML file (the repository's `configs/` has those of the bundled networks), or a preset: ribeiro, s1,
        s1_practical, s3, s4, s5. In a file `preset = "s3"` stands for all keys that it does not name.
    out
        Folder for checkpoints, log and curves; the network comes to stand in `OUT/network`.
    data
        The data set, NAME:PATH, in place of the configuration's.
    threads
        CPU threads of torch; all cores where it is not given.

    Examples
    --------
    pellucid train configs/phantom-four.toml --out runs/phantom-four
    pellucid train configs/ecg-six.toml --data ptbxl:/data/ptb-xl --out runs/ecg-six
    pellucid train s5 --data mitbih:/data/mitdb --out runs/beats
    """
    ready("train", threads)
    from pellucid.training import train as training
    from pellucid.training.settings import read_config

    settings = read_config(config)
    if data is not None:
        settings = replace(settings, data=replace(settings.data, dataset=data))
    reserve = settings.picture_augmentation.reserve
    if reserve:
        output.say(f"note: {reserve}")
    network = training.train(settings, out, watch=epoch_line)
    output.say(f"{network.name}: {_told(network.card.metrics)}")
    for limit in network.card.limits:
        if limit != reserve:
            output.say(f"note: {limit}")
    output.result(str(_curves(out, network.name)))
    output.result(str(out / "network"))
    return output.DONE


def _told(metrics: tuple[Mapping[str, Any], ...]) -> str:
    parts = []
    for scoring in metrics:
        macro = scoring["macro"]
        shares = ""
        if "accuracy" in scoring:
            shares = (
                f"accuracy {scoring['accuracy']:.3f} (the commonest class alone {scoring['commonest_class']:.3f}), "
                f"balanced {scoring['balanced_accuracy']:.3f}, "
            )
        parts.append(f"{scoring['data']}: {shares}macro AUC {_number(macro['auc'])}, F1 {_number(macro['f1'])}")
    return "; ".join(parts)


def _number(estimate: Mapping[str, Any]) -> str:
    return "undefined" if estimate["value"] is None else f"{estimate['value']:.3f}"


def _curves(out: Path, name: str) -> Path:
    import pandas as pd

    from pellucid.figures.curves import training_curves
    from pellucid.figures.style import save
    from pellucid.training.fit_log import logs, read_log

    panels, columns, kept = {}, [], set()
    for log in logs(out):
        member = "" if log.parent.parent == out else f"{log.parent.name}: "
        lines = pd.DataFrame(read_log(log)).set_index("epoch")
        names = {"loss": f"{member}training, all outputs", "choosing_loss": f"{member}choosing folds, classes"}
        panels[f"{member}loss"] = list(names.values())
        if "choosing_score" in lines:
            what = "balanced accuracy" if "choosing_accuracy" in lines else "macro AUC"
            names["choosing_score"] = f"{member}{what}, choosing folds"
            panels[names["choosing_score"]] = [names["choosing_score"]]
        kept.add(lines["best_epoch"].iloc[-1])
        columns.append(lines[list(names)].rename(columns=names))
    path = out / "curves.png"
    best = kept.pop() if len(kept) == 1 else None  # members have their own
    title = name if best is None else f"{name}: epoch {best:.0f} is kept"
    save(training_curves(pd.concat(columns, axis=1), panels, best=best, title=title), path)
    return path
