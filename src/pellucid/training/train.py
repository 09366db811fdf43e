"""From a configuration to a network: data, targets, one fit a member, card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.files import write_json, written_whole
from pellucid.core.settings import encode
from pellucid.datasets.auxiliary import Targets
from pellucid.datasets.dataset import Dataset, dataset
from pellucid.datasets.labels import ClassSet
from pellucid.networks.network import Network
from pellucid.networks.store import module_of, put_weights, read_weights, save
from pellucid.training.batches import TrainingSet
from pellucid.training.finish import finished
from pellucid.training.fit import ChoosingSet, fit
from pellucid.training.settings import AuxiliarySettings, DataSettings, TrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What one network learns: its training and choosing sets, and which of its outputs are the classes."""

    training: TrainingSet
    choosing: ChoosingSet
    outputs: tuple[str, ...]
    kept: tuple[int, ...]


def train(config: TrainingConfig, folder: Path) -> Network:
    """Return the network that a configuration describes, fitted, chosen, scored and stored in `folder/network`.

    Parameters
    ----------
    config
        What `read_config` gives.
    folder
        Keeps everything; a training that was killed goes on where it ended when it is called again with it, and
        comes to the same weights.

    Raises
    ------
    InvalidInputError
        When the folder holds a training of another configuration.
    """
    same_training(config, folder)
    source = open_dataset(config.data)
    several = len(config.trainings()) > 1
    modules = [
        fitted(part, source, folder / "members" / part.name if several else folder / "fit")
        for part in config.trainings()
    ]
    network = finished(config, modules, source, folder)
    save(network, folder / "network", half=config.half)
    return network


def open_dataset(data: DataSettings) -> Dataset:
    """Return the data set of a configuration with its classes."""
    settings = {"min_likelihood": data.min_likelihood} if data.min_likelihood else {}
    classes = data.classes if isinstance(data.classes, str) else list(data.classes)
    return dataset(data.dataset, classes=classes, **settings)


def fitted(config: TrainingConfig, source: Dataset, folder: Path) -> nn.Module:
    """Return the module of one network's configuration, fitted, its auxiliary outputs dropped.

    Parameters
    ----------
    config
        Of one network.
    source
        Its data set.
    folder
        Keeps checkpoints and, at the end, `weights.safetensors`; a second call reads these.
    """
    done = folder / "weights.safetensors"
    settings, where = config.network.settings, f"training {config.name}"
    if done.is_file():
        module = module_of(config.network.architecture, len(source.classes), settings, where=where)
        put_weights(module, read_weights(done), str(done))
        return module.eval()
    task = learning_task(config, source)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)  # noqa: TID251  # initial weights have no other; put back by fork_rng
        module = module_of(config.network.architecture, len(task.outputs), settings, where=where)
    keep = getattr(module, "keep", None)
    drops = len(task.kept) < len(task.outputs)
    if drops and keep is None:
        raise SettingError(
            f"auxiliary outputs need an architecture that can drop them; {config.network.architecture} cannot. "
            "Set auxiliary.statements and auxiliary.reports to false."
        )
    if len(task.training.signals) < config.fit.batch:
        raise SettingError(
            f"fit.batch must be at most the {len(task.training.signals)} training records; got {config.fit.batch}."
        )
    module = fit(module, task.training, task.choosing, config, folder)
    if drops and keep is not None:
        keep(task.kept)
    with written_whole(done) as temporary:
        save_file({name: value.contiguous() for name, value in module.state_dict().items()}, temporary)
    return module


def learning_task(config: TrainingConfig, source: Dataset) -> Task:
    """Return signals, labels and auxiliary targets of the training and choosing folds."""
    data = config.data
    learning = source.select(folds=data.train, records=data.records)
    choosing = source.select(folds=data.choose, records=data.records)
    kept, names, labels = _all_labels(config.auxiliary, source)
    extra = _extra(config.auxiliary, source, data.train)
    rows = source.table.index.get_indexer(learning.table.index)
    training = TrainingSet(
        learning.signals(), labels[rows], extra.values[rows], extra.known[rows], source.sampling_rate
    )
    chosen = ChoosingSet(choosing.signals(), labels[source.table.index.get_indexer(choosing.table.index)])
    return Task(training, chosen, names + extra.names, kept)


def _all_labels(
    settings: AuxiliarySettings, source: Dataset
) -> tuple[tuple[int, ...], tuple[str, ...], NDArray[np.bool_]]:
    """Return where the classes stand among all outputs, the outputs' names, and all labels."""
    if not settings.statements:
        return tuple(range(len(source.classes))), source.classes, source.labels.to_numpy()
    sets: list[ClassSet] = _offered(source, "statement_sets")()
    tables = [_offered(source, "with_classes")(one).labels for one in sets]
    labels = np.concatenate([table.to_numpy() for table in tables], axis=1)
    members = [group for one in sets for group in one.members.values()]
    kept = tuple(members.index(source.class_set.members[name]) for name in source.classes)
    return kept, tuple(name for one in sets for name in one.classes), labels


def _extra(settings: AuxiliarySettings, source: Dataset, folds: tuple[int, ...]) -> Targets:
    if not settings.reports:
        nothing = np.zeros((len(source), 0), dtype=bool)
        return Targets((), nothing, nothing)
    targets: Targets = _offered(source, "auxiliary")(source.table["fold"].isin(folds).to_numpy())
    return targets


def _offered(source: Dataset, name: str) -> Callable[..., Any]:
    try:
        offer: Callable[..., Any] = getattr(source, name)
        return offer
    except AttributeError:
        raise InvalidInputError(
            f"data set {source.name} has no auxiliary targets. Set auxiliary.statements and auxiliary.reports to false."
        ) from None


def same_training(config: TrainingConfig, folder: Path) -> None:
    """Raise if `folder` holds a training of another configuration; else note this one there.

    Raises
    ------
    InvalidInputError
        Naming the folder and the remedy.
    """
    path = folder / "config.json"
    wanted = encode(config)
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise InvalidInputError(
            f"{folder} holds a training of another configuration ({path}). "
            "Name another folder with --out, or remove it."
        )
    write_json(path, wanted)
