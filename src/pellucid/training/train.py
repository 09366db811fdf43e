"""From a configuration to a network: data, targets, one fit a member, card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from pellucid.core.errors import InvalidInputError, SettingError, UnreadableFileError
from pellucid.core.files import write_json, written_whole
from pellucid.core.settings import decode, encode
from pellucid.datasets.auxiliary import Targets
from pellucid.datasets.dataset import Dataset, dataset
from pellucid.datasets.labels import ClassSet
from pellucid.networks.network import Network
from pellucid.networks.store import module_of, put_weights, read_weights, save
from pellucid.training.batches import TrainingSet
from pellucid.training.choosing import ChoosingSet
from pellucid.training.finish import finished
from pellucid.training.fit import fit
from pellucid.training.fit_log import Watch, Watcher
from pellucid.training.inputs import rows_of
from pellucid.training.losses import Loss
from pellucid.training.network_input import architecture_settings, new_module, preparation_of
from pellucid.training.settings import AuxiliarySettings, DataSettings, TrainingConfig
from pellucid.training.settled import settled


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What one network learns: its training and choosing sets, and which of its outputs are the classes."""

    training: TrainingSet
    choosing: ChoosingSet
    outputs: tuple[str, ...]
    kept: tuple[int, ...]


def train(config: TrainingConfig, folder: Path, *, watch: Watcher | None = None) -> Network:
    """Return the network that a configuration describes, fitted, chosen, scored and stored in `folder/network`.

    Parameters
    ----------
    config
        What `read_config` gives.
    folder
        Keeps everything; a training that was killed goes on where it ended when it is called again with it, and
        comes to the same weights.
    watch
        Is called after each epoch of each fit, as in `fit`, but first with whose it is: `member 2 of 3 (NAME)`, or
        nothing where there is one network.

    Raises
    ------
    InvalidInputError
        When the folder holds a training of another configuration, or the data cannot be learnt as it asks.
    """
    source = open_dataset(config.data)
    config = settled(config, source)
    same_training(config, source, folder)
    if config.data.test:  # a file that cannot be read is told now, and not when all is trained
        test = source.select(folds=config.data.test, records=config.data.records)
        rows_of(test, preparation_of(config.network))
    parts = config.trainings()
    places = [folder / "members" / part.name for part in parts] if len(parts) > 1 else [folder / "fit"]
    names = [f"member {number} of {len(parts)} ({part.name})" for number, part in enumerate(parts, 1)]
    whose = names if len(parts) > 1 else [""]
    modules = [
        fitted(part, source, place, watch=None if watch is None else partial(watch, who))
        for part, place, who in zip(parts, places, whose, strict=True)
    ]
    network = finished(config, modules, source, folder)
    save(network, folder / "network", half=config.half)
    return network


def open_dataset(data: DataSettings) -> Dataset:
    """Return the data set of a configuration with its classes."""
    settings = {"min_likelihood": data.min_likelihood} if data.min_likelihood else {}
    classes = list(data.classes) if isinstance(data.classes, tuple) else data.classes
    return dataset(data.dataset, classes=classes, classes_by="data.classes", **settings)


def fitted(
    config: TrainingConfig,
    source: Dataset,
    folder: Path,
    *,
    watch: Watch | None = None,
    loss: Loss | None = None,
    teacher: NDArray[np.float32] | None = None,
) -> nn.Module:
    """Return the module of one network's configuration, fitted, its auxiliary outputs dropped.

    No record of the test folds is read.

    Parameters
    ----------
    config
        Of one network.
    source
        Its data set.
    folder
        Keeps checkpoints and, at the end, `weights.safetensors`; a second call reads these.
    watch, loss
        As in `fit`.
    teacher
        (training record, class): logits of a teacher, which `loss` finds in its batch.
    """
    config = settled(config, source)
    done = folder / "weights.safetensors"
    where = f"training {config.name}"
    if done.is_file():
        settings = architecture_settings(config.network)
        module = module_of(config.network.architecture, len(source.classes), settings, where=where)
        put_weights(module, read_weights(done), str(done))
        return module.eval()
    task = learning_task(config, source)
    module = new_module(config.network, len(task.outputs), config.seed, where=where)
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
    training = replace(task.training, teacher=teacher)
    module = fit(module, training, task.choosing, config, folder, watch=watch, loss=loss)
    if drops and keep is not None:
        keep(task.kept)
    with written_whole(done) as temporary:
        save_file({name: value.contiguous() for name, value in module.state_dict().items()}, temporary)
    return module


def learning_task(config: TrainingConfig, source: Dataset) -> Task:
    """Return records, labels and auxiliary targets of the training and choosing folds; no test record is read."""
    config = settled(config, source)
    data = config.data
    learning = source.select(folds=data.train, records=data.records)
    choosing = source.select(folds=data.choose, records=data.records)
    kept, names, labels = _all_labels(config.auxiliary, source)
    extra = _extra(config.auxiliary, source, data.train)
    rows = source.table.index.get_indexer(learning.table.index)
    preparation = preparation_of(config.network)
    training = TrainingSet(
        rows_of(learning, preparation),
        labels[rows],
        extra.values[rows],
        extra.known[rows],
        source.sampling_rate,
        preparation=preparation,
    )
    chosen = ChoosingSet(
        rows_of(choosing, preparation),
        labels[source.table.index.get_indexer(choosing.table.index)],
        source.sampling_rate,
        preparation,
    )
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


def same_training(config: TrainingConfig, source: Dataset, folder: Path) -> None:
    """Raise if `folder` holds a training of another configuration, an epoch or more; else note this one there.

    Raises
    ------
    InvalidInputError
        Naming the folder and the remedy.
    """
    path = folder / "config.json"
    if path.is_file() and begun(folder) and settled(_noted(path), source) != config:
        raise InvalidInputError(
            f"{folder} holds a training of another configuration ({path}). "
            "Name another folder with --out, or remove it."
        )
    write_json(path, encode(config))


def begun(folder: Path) -> bool:
    """Return whether some network has been trained for an epoch in this folder."""
    return any(folder.rglob("last.ckpt"))


def _noted(path: Path) -> TrainingConfig:
    """Return the configuration of an earlier call, which may not know of settings that came later."""
    try:
        return decode(TrainingConfig, json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} cannot be read ({error}). Remove it to start anew.") from error
