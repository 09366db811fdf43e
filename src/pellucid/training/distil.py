"""Distillation: a student trained alone and with a teacher from the same beginning, and what the teacher was worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

from torch import Tensor

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_json
from pellucid.core.settings import encode
from pellucid.datasets.dataset import Dataset
from pellucid.networks.network import Network
from pellucid.networks.store import load, save
from pellucid.training.batches import Batch
from pellucid.training.distil_loss import distillation_loss
from pellucid.training.distil_plan import Distil, Plan
from pellucid.training.distil_table import ALONE, TAUGHT, TEACHER, Comparison, Run, compare
from pellucid.training.distil_teacher import Lesson, lesson, reserve, same_activation, teacher_of
from pellucid.training.finish import finished
from pellucid.training.fit_log import Watcher
from pellucid.training.losses import Loss
from pellucid.training.settings import TrainingConfig
from pellucid.training.settled import settled
from pellucid.training.train import begun, fitted, open_dataset, train

Tell = Callable[[str], None]

UNDISTURBED = (
    "The teacher answered about each training record once, whole and as it is: what augmentation does to the student's "
    "records (brightness, noise, stretches), it did not see."
)


def distil(
    plan: Plan, folder: Path, *, tell: Tell = lambda words: None, watch: Watcher = lambda *_: None
) -> tuple[Comparison, list[Path]]:
    """Train what is missing, compare teacher and students, store the first taught student in `folder/network`.

    Parameters
    ----------
    plan
        What `read_distil` gives.
    folder
        Keeps everything; a distillation that was killed goes on where it ended when it is called again with it, and
        comes to the same weights.
    tell
        Gets a line for people after each training.
    watch
        Is called after each epoch, first with whose it is: `teacher`, or a student with its seed.

    Returns
    -------
    :
        The comparison on the test folds, and the paths written.

    Raises
    ------
    InvalidInputError
        When the folder holds a distillation of another configuration, the teacher does not fit the student, or another
        teacher taught in this folder before.

    Notes
    -----
    Both students of a seed begin with the same weights and see the same batches. Cost: the teacher's training where it
    has one, one pass of the teacher over the training records, and two trainings of the student a seed.
    """
    source = open_dataset(plan.student.data)
    config = settled(plan.student, source)
    _same(plan, config, folder)
    teacher = teacher_of(plan, source, folder, watch=_of(TEACHER, watch))
    same_activation(teacher, config)
    learnt = lesson(teacher, source, config.data, folder)
    runs = [Run(TEACHER, None, teacher)]
    for seed in plan.distil.seeds:
        own, place = _seeded(config, seed), f"seed-{seed}"
        for kind, train_one in (
            (ALONE, partial(_alone, own, folder / "alone" / place)),
            (TAUGHT, partial(_taught, own, folder / "taught" / place, plan.distil, source, learnt)),
        ):
            who = f"{kind}, seed {seed}"
            network = train_one(watch=_of(who, watch))
            tell(f"{who}: trained in {network.card.training['seconds']} s")
            runs.append(Run(kind, seed, network))
    runs.sort(key=lambda run: (TEACHER, ALONE, TAUGHT).index(run.kind))
    test = source.select(folds=config.data.test, records=config.data.records)
    untestable = source.untestable and f"No test: {source.untestable}."
    notes = [note for note in (untestable, *source.notes, UNDISTURBED, reserve(teacher, source)) if note]
    found = compare(runs, test, notes)
    first = next(run.network for run in runs if run.kind == TAUGHT)
    stored = _with_card(first, config, plan.distil, teacher, learnt, found)
    save(stored, folder / "network", half=config.half)
    return found, [*found.save(folder, f"{config.name}: distilled from {teacher.name}"), folder / "network"]


def _seeded(config: TrainingConfig, seed: int) -> TrainingConfig:
    return replace(config, name=f"{config.name}-seed-{seed}", seed=seed)


def _of(who: str, watch: Watcher) -> Watcher:
    """Return the watcher of one network's training, and of its members' where it has some."""
    return lambda member, epoch, line: watch(", ".join(filter(None, (who, member))), epoch, line)


def _alone(config: TrainingConfig, folder: Path, *, watch: Watcher) -> Network:
    done = folder / "network"
    return load(done) if (done / "card.json").is_file() else train(config, folder, watch=watch)


def _taught(
    config: TrainingConfig, folder: Path, settings: Distil, source: Dataset, learnt: Lesson, *, watch: Watcher
) -> Network:
    note, done = folder / "teacher.json", folder / "network"
    if note.is_file() and json.loads(note.read_text(encoding="utf-8")) != learnt.facts:
        raise InvalidInputError(
            f"the student in {folder} was taught by another teacher, or on other records, than now. "
            f"Remove {folder} to train it anew, or name another folder with --out."
        )
    if (done / "card.json").is_file():
        return load(done)
    write_json(note, learnt.facts)
    loss = loss_with(settings, exclusive=config.fit.loss.name == "cross_entropy")
    module = fitted(config, source, folder / "fit", watch=partial(watch, ""), loss=loss, teacher=learnt.logits)
    network = finished(config, [module], source, folder)
    save(network, done, half=config.half)
    return network


def loss_with(settings: Distil, *, exclusive: bool) -> Loss:
    """Return the loss of a batch that holds the teacher's logits."""

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        teacher = cast(Tensor, batch.teacher).to(logits)
        return distillation_loss(
            logits, teacher, batch.labels.to(logits), settings.temperature, settings.soft, settings.hard,
            exclusive=exclusive,
        )  # fmt: skip

    return loss


def _with_card(
    network: Network, config: TrainingConfig, settings: Distil, teacher: Network, learnt: Lesson, found: Comparison
) -> Network:
    """Return the network under the student's own name, with what a reader of its card must know of its teacher."""
    weights = learnt.facts["teacher"]
    told = f"Distilled from network {teacher.name} (weights {weights[:12]}): it may have taken over its mistakes."
    distillation = {
        "teacher": {"name": teacher.name, "weights": weights},
        "loss": {name: value for name, value in encode(settings).items() if name in ("temperature", "soft", "hard")},
        "table": found.json(),
        "notes": list(found.notes),
    }
    card = replace(
        network.card,
        name=config.name,
        training={**network.card.training, "distillation": distillation},
        limits=(*network.card.limits, told),
    )
    return Network.of(network.module, card)


def _same(plan: Plan, config: TrainingConfig, folder: Path) -> None:
    path = folder / "distil.json"
    teacher = None if plan.teacher is None else encode(plan.teacher)
    wanted = {"student": encode(config), "distil": encode(plan.distil), "teacher": teacher}
    if path.is_file() and begun(folder) and json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise InvalidInputError(
            f"{folder} holds a distillation of another configuration ({path}). "
            "Name another folder with --out, or remove it."
        )
    write_json(path, wanted)
