"""From fitted modules to a network with its card: joined, thresholds chosen, test folds scored once."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
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
from pellucid.datasets.spec import without_folders
from pellucid.networks.architectures.lead_net import LeadNet, join
from pellucid.networks.card import Card
from pellucid.networks.network import Network
from pellucid.training.estimates import Scores
from pellucid.training.fit import precision_used
from pellucid.training.fit_log import logs, read_log
from pellucid.training.inputs import input_batches, rows_of
from pellucid.training.network_input import architecture_settings, preparation_of
from pellucid.training.scores import scores
from pellucid.training.settings import TrainingConfig
from pellucid.training.settled import settled
from pellucid.training.thresholds import best_thresholds


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
    The test folds are scored here, once. Thresholds maximise F1 on the choosing folds; where classes exclude each other
    there are none, and the most probable class counts as found.
    """
    config = settled(config, source)
    module, settings = _joined(config, modules)
    if config.half:  # what is chosen and scored is what is stored
        for value in module.state_dict().values():
            value.copy_(value.half().float() if value.is_floating_point() else value)
    softmax = config.trainings()[0].fit.loss.name == "cross_entropy"
    card = Card(
        name=config.name,
        architecture=config.network.architecture,
        architecture_settings=settings,
        classes=source.classes,
        descriptions=_descriptions(source),
        activation="softmax" if softmax else "sigmoid",
        preparation=preparation_of(config.network),
        layer=getattr(module, "layer", None),
        training=_training(config, source, folder),
        licence=config.licence,
        attribution=config.attribution,
        limits=(*config.limits, *_reserves(config, source)),
        earlier_scorings=config.earlier_scorings,
    )
    network = Network.of(module, card)
    if not softmax:
        card = replace(card, **_thresholds(network, config, source))
        network = Network.of(module, card)
    records = config.data.records
    metrics = [
        _scored(network, source.select(folds=[fold], records=records), f"fold {fold}, {role}")
        for role, folds in (("chosen on", config.data.choose), ("test", config.data.test))
        for fold in folds
    ]
    return Network.of(module, replace(card, metrics=tuple(metrics)))


def probabilities(network: Network, part: Dataset) -> NDArray[np.float64]:
    """Return (record, class) of a data set, with progress. Cost: one forward pass a record.

    Raises
    ------
    InvalidInputError
        When the network reads slices and the data set holds ECGs, or the reverse.
    """
    rows = rows_of(part, network.card.preparation)
    return network.probabilities(logits_of(network, rows, part.sampling_rate))


def logits_of(
    network: Network, rows: NDArray[np.int16] | NDArray[np.uint8], sampling_rate: float
) -> NDArray[np.float64]:
    """Return (record, class) of rows of a data set, with progress. Cost: one forward pass a record."""
    size = 64
    batches = input_batches(rows, network.card.preparation, sampling_rate, size)
    told = track(batches, f"{network.name} on {len(rows)} records", -(-len(rows) // size))
    return np.concatenate([network.logits(inputs) for inputs in told])


def _thresholds(network: Network, config: TrainingConfig, source: Dataset) -> dict[str, Any]:
    chosen = source.select(folds=config.data.choose, records=config.data.records)
    thresholds = best_thresholds(probabilities(network, chosen), chosen.labels.to_numpy())
    folds = ", ".join(map(str, config.data.choose))
    return {
        "thresholds": tuple(float(value) for value in thresholds),
        "thresholds_from": f"maximal F1 on fold {folds} of {source.name}",
    }


def _scored(network: Network, part: Dataset, what: str) -> dict[str, Any]:
    asked = probabilities(network, part)
    truth = part.labels.to_numpy()
    softmax = network.card.activation == "softmax"
    result: Scores = scores(
        asked,
        truth,
        part.groups,
        None if softmax else network.thresholds,
        classes=network.classes,
        decisions=asked.argmax(axis=1)[:, None] == np.arange(asked.shape[1]) if softmax else None,
    )
    shares = exclusive_figures(asked, truth) if softmax else {}
    return {"data": f"{part.name}, {what}", "records": len(part), **shares, **result.summary()}


def exclusive_figures(probabilities: NDArray[np.float64], labels: NDArray[np.bool_]) -> dict[str, float]:
    """Return accuracy, balanced accuracy (the mean recall of the classes that are there) and the commonest's share."""
    right = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean([right[has].mean() for has in labels.T if has.any()])),
        "commonest_class": float(labels.mean(axis=0).max()),
    }


def _reserves(config: TrainingConfig, source: Dataset) -> tuple[str, ...]:
    """Return in words what the data and the augmentation take from the network."""
    training = source.select(folds=config.data.train, records=config.data.records)
    never = [str(name) for name, count in training.labels.sum().items() if not count]
    beats = "lead" in source.table
    return (
        *([f"Reads single beats as the data set {source.name} cuts and scales them; no other ECG."] if beats else []),
        *source.notes,
        *([f"No part of the data is a test: {source.untestable}."] if source.untestable else []),
        *([f"No training record had {', '.join(never)}: it cannot be told."] if never else []),
        *([config.picture_augmentation.reserve] if config.picture_augmentation.reserve else []),
    )


def _joined(config: TrainingConfig, modules: Sequence[nn.Module]) -> tuple[nn.Module, dict[str, Any]]:
    parts = config.trainings()
    if len(modules) == 1:
        return modules[0], architecture_settings(parts[0].network)
    if not all(isinstance(module, LeadNet) for module in modules):
        raise SettingError(
            f"members of {config.name} must be lead_net to be joined; got {config.network.architecture}."
        )
    shared = {key: value for key, value in architecture_settings(config.network).items() if key != "pools"}
    pools = [list(cast(LeadNet, module).pools[0]) for module in modules]
    alike = {key: value for key, value in shared.items() if key != "leads"}  # as many as the members have
    return join(cast("Sequence[LeadNet]", modules), pools, **alike), {**shared, "pools": pools}


def _training(config: TrainingConfig, source: Dataset, folder: Path) -> dict[str, Any]:
    lines = [line for log in logs(folder) for line in read_log(log)]
    # Where the data lay is nobody's business; what they were is.
    named = replace(
        config,
        data=replace(config.data, dataset=source.name),
        network=replace(config.network, weights=config.network.weights and Path(config.network.weights).name),
    )
    return {
        "dataset": without_folders(config.data.dataset),
        "config": encode(named),
        "splits": {name: _split(source, getattr(config.data, name), config) for name in ("train", "choose", "test")},
        "seconds": round(sum(line["seconds"] for line in lines)),
        "epochs": len(lines),
        "precision": precision_used(config.fit.precision),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} used",
        "versions": versions(),
    }


def _split(source: Dataset, folds: Sequence[int], config: TrainingConfig) -> dict[str, Any]:
    if not folds:
        return {"folds": [], "records": 0}
    part = source.select(folds=folds, records=config.data.records)
    return {
        "folds": list(folds),
        "records": len(part),
        "patients": int(part.table["patient"].nunique()),
        "patients_known": part.patients_known,
        "positives": {name: int(count) for name, count in part.labels.sum().items()},
        "hash": part.hash,
        "inputs": array_hash(rows_of(part, preparation_of(config.network))),
    }


def _descriptions(source: Dataset) -> dict[str, str]:
    described = source.descriptions
    return {name: described.get(name, DESCRIPTIONS.get(name, "")) for name in source.classes}
