"""From fitted modules to a network with its card: joined, thresholds chosen, test folds scored once."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pellucid.core.errors import SettingError
from pellucid.core.progress import track
from pellucid.core.provenance import array_hash, versions
from pellucid.core.settings import encode
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.labels import DESCRIPTIONS
from pellucid.networks.architectures.lead_net import LeadNet, join
from pellucid.networks.card import Card
from pellucid.networks.network import Network
from pellucid.networks.preparation import EcgPreparation
from pellucid.records.leads import STANDARD
from pellucid.training.estimates import Scores
from pellucid.training.fit import precision_used
from pellucid.training.scores import scores
from pellucid.training.settings import TrainingConfig
from pellucid.training.thresholds import best_thresholds

SHORTEST_SECONDS = 3.0  # the shortest stretch that any configuration here trains on


def finished(config: TrainingConfig, modules: Sequence[nn.Module], source: Dataset, folder: Path) -> Network:
    """Return the network that a training made, with its card.

    Parameters
    ----------
    config
        The whole training.
    modules
        What was fitted, one a member.
    source
        The data set.
    folder
        Of the training: the seconds stand in its logs.

    Notes
    -----
    The test folds are scored here, once. Thresholds maximise F1 on the choosing folds.
    """
    module, settings = _joined(config, modules)
    if config.half:  # what is chosen and scored is what is stored
        for value in module.state_dict().values():
            value.copy_(value.half().float() if value.is_floating_point() else value)
    card = Card(
        name=config.name,
        architecture=config.network.architecture,
        architecture_settings=settings,
        classes=source.classes,
        descriptions=_descriptions(source),
        preparation=EcgPreparation(
            leads=STANDARD,
            sampling_rate=source.sampling_rate,
            length=source.signals().shape[-1],
            padding="none" if isinstance(module, LeadNet) else "both",
            shortest=SHORTEST_SECONDS,
        ),
        layer="features" if isinstance(module, LeadNet) else None,
        training=_training(config, source, folder),
        licence=config.licence,
        attribution=config.attribution,
        limits=config.limits,
        earlier_scorings=config.earlier_scorings,
    )
    network = Network.of(module, card)
    chosen = source.select(folds=config.data.choose, records=config.data.records)
    thresholds = best_thresholds(probabilities(network, chosen), chosen.labels.to_numpy())
    folds = ", ".join(map(str, config.data.choose))
    card = replace(
        card,
        thresholds=tuple(float(value) for value in thresholds),
        thresholds_from=f"maximal F1 on fold {folds} of {source.name}",
    )
    network = Network.of(module, card)
    records = config.data.records
    metrics = [
        _scored(network, source.select(folds=[fold], records=records), f"fold {fold}, {role}")
        for role, folds in (("chosen on", config.data.choose), ("test", config.data.test))
        for fold in folds
    ]
    return Network.of(module, replace(card, metrics=tuple(metrics)))


def probabilities(network: Network, part: Dataset) -> NDArray[np.float64]:
    """Return (record, class) of a data set, with progress. Cost: one forward pass a record."""
    return network.probabilities(np.concatenate(list(_logits(network, part))))


def _logits(network: Network, part: Dataset, batch: int = 64) -> Iterator[NDArray[np.float64]]:
    steps = -(-len(part) // batch)
    title = f"{network.name} on {len(part)} records"
    return track(network.logits_of(part.signals(), part.sampling_rate, batch=batch), title, steps)


def _scored(network: Network, part: Dataset, what: str) -> dict[str, Any]:
    result: Scores = scores(
        probabilities(network, part),
        part.labels.to_numpy(),
        part.table["patient"].to_numpy(),
        network.thresholds,
        classes=network.classes,
    )
    return {"data": f"{part.name}, {what}", "records": len(part), **result.summary()}


def _joined(config: TrainingConfig, modules: Sequence[nn.Module]) -> tuple[nn.Module, dict[str, Any]]:
    parts = config.trainings()
    if len(modules) == 1:
        return modules[0], dict(parts[0].network.settings)
    if not all(isinstance(module, LeadNet) for module in modules):
        raise SettingError(
            f"members of {config.name} must be lead_net to be joined; got {config.network.architecture}."
        )
    shared = {key: value for key, value in config.network.settings.items() if key != "pools"}
    pools = [list(cast(LeadNet, module).pools[0]) for module in modules]
    return join(cast("Sequence[LeadNet]", modules), pools, **shared), {**shared, "pools": pools}


def _training(config: TrainingConfig, source: Dataset, folder: Path) -> dict[str, Any]:
    lines = [json.loads(line) for log in sorted(folder.glob("**/log.jsonl")) for line in log.read_text().splitlines()]
    # Where the data lay is nobody's business; what they were is.
    named = replace(config, data=replace(config.data, dataset=source.name))
    return {
        "config": encode(named),
        "signals": array_hash(source.signals()),
        "splits": {
            name: _split(source, getattr(config.data, name), config.data.records)
            for name in ("train", "choose", "test")
        },
        "seconds": round(sum(line["seconds"] for line in lines)),
        "epochs": len(lines),
        "precision": precision_used(config.fit.precision),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} used",
        "versions": versions(),
    }


def _split(source: Dataset, folds: Sequence[int], records: str) -> dict[str, Any]:
    if not folds:
        return {"folds": [], "records": 0}
    part = source.select(folds=folds, records=records)
    return {
        "folds": list(folds),
        "records": len(part),
        "patients": int(part.table["patient"].nunique()),
        "positives": {name: int(count) for name, count in part.labels.sum().items()},
        "hash": part.hash,
    }


def _descriptions(source: Dataset) -> dict[str, str]:
    described = source.descriptions
    return {name: described.get(name, DESCRIPTIONS.get(name, "")) for name in source.classes}
