"""The teacher of a distillation, and its answers about the training records, computed once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_json, written_whole
from pellucid.core.provenance import array_hash
from pellucid.datasets.dataset import Dataset
from pellucid.networks.network import Network
from pellucid.networks.store import load
from pellucid.training.answers import canonical
from pellucid.training.distil_plan import Plan
from pellucid.training.finish import logits_of
from pellucid.training.fit_log import Watcher
from pellucid.training.inputs import rows_of
from pellucid.training.network_answers import network_facts
from pellucid.training.settings import DataSettings, TrainingConfig
from pellucid.training.train import train


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Logits (training record, class) in the student's order of classes, and the hashes of what they came from."""

    logits: NDArray[np.float32]
    facts: dict[str, str]


def teacher_of(plan: Plan, source: Dataset, folder: Path, *, watch: Watcher | None = None) -> Network:
    """Return the teacher: read, or trained first in `folder/teacher`, where a killed training goes on.

    `watch` is called after each epoch of that training, as in `train`.

    Raises
    ------
    InvalidInputError
        When its classes are not the student's, or its card says that it saw the student's test folds.
    """
    if plan.teacher is None:
        teacher = load(plan.distil.teacher)
    else:
        place = folder / "teacher"
        done = (place / "network" / "card.json").is_file()
        teacher = load(place / "network") if done else train(plan.teacher, place, watch=watch)
    own, wanted = (sorted(map(canonical, names)) for names in (teacher.classes, source.classes))
    if own != wanted:
        raise InvalidInputError(
            f"teacher {teacher.name} must know the student's classes, {', '.join(source.classes)}, and no others; it "
            f"knows {', '.join(teacher.classes)}. Choose another, or data.classes that are its own."
        )
    seen = _folds_seen(teacher, source, ("train", "choose")) & set(plan.student.data.test)
    if seen:
        raise InvalidInputError(
            f"teacher {teacher.name} was trained or chosen on fold {', '.join(map(str, sorted(seen)))}, which the "
            "student is tested on: what it learnt there would be counted as the student's. Choose other test folds."
        )
    return teacher


def same_activation(teacher: Network, student: TrainingConfig) -> None:
    """Raise when classes exclude each other for one and not for the other: their answers do not compare.

    Parameters
    ----------
    teacher
        A network.
    student
        A settled configuration.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    activation = "softmax" if student.fit.loss.name == "cross_entropy" else "sigmoid"
    if teacher.card.activation != activation:
        raise InvalidInputError(
            f"teacher {teacher.name} has a {teacher.card.activation}, student {student.name} a {activation}. "
            f"Set the student's fit.loss.name to {'cross_entropy' if teacher.card.activation == 'softmax' else 'bce'}."
        )


def reserve(teacher: Network, source: Dataset) -> str:
    """Return in words that the teacher may have seen the test records, unless its card tells that it has not."""
    if not _folds_seen(teacher, source, ("train",)):
        return (
            f"The card of teacher {teacher.name} names no folds of {source.name} that it was trained on: it may have "
            "seen the test records."
        )
    return (
        ""
        if _same_split(teacher, source)
        else (
            f"The folds of {source.name} that teacher {teacher.name} was trained on hold other records or labels than "
            "here: it may have seen the test records."
        )
    )


def lesson(teacher: Network, source: Dataset, data: DataSettings, folder: Path) -> Lesson:
    """Return the teacher's logits of the training records, from `folder/teacher_logits.npy` where they stand there.

    Notes
    -----
    Each record is asked about once, whole and as it is, in eval mode: the disturbances (brightness, noise, stretches)
    that the student's training draws anew each time are not seen by the teacher. The file is used again when the
    records, their labels and samples, the teacher's weights and the file itself have the hashes that stand in
    `teacher_logits.json`; else it is made anew. Cost: one forward pass of the teacher a record.
    """
    learning = source.select(folds=data.train, records=data.records)
    rows = rows_of(learning, teacher.card.preparation)
    made_of = {
        "records": learning.hash,
        "inputs": array_hash(rows),
        "classes": ",".join(source.classes),
        "teacher": str(network_facts(teacher)["weights"]),
    }
    path = folder / "teacher_logits.npy"
    note = path.with_suffix(".json")
    kept = _kept(path, note, made_of)
    if kept is not None:
        return Lesson(kept, {**made_of, "logits": array_hash(kept)})
    places = [[canonical(name) for name in teacher.classes].index(canonical(name)) for name in source.classes]
    logits = logits_of(teacher, rows, source.sampling_rate)[:, places].astype(np.float32)
    with written_whole(path) as temporary:
        np.save(temporary, logits)
    facts = {**made_of, "logits": array_hash(logits)}
    write_json(note, facts)
    return Lesson(logits, facts)


def _kept(path: Path, note: Path, made_of: dict[str, str]) -> NDArray[np.float32] | None:
    """Return the logits on disk if they are whole and of these records and this teacher."""
    try:
        logits: NDArray[np.float32] = np.load(path, allow_pickle=False)
        facts = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError, EOFError):  # not there, or cut short
        return None
    return logits if facts == {**made_of, "logits": array_hash(logits)} else None


def _same_split(teacher: Network, source: Dataset) -> bool:
    """Return whether the folds that the teacher learnt from are, record by record, those of this data set."""
    training = teacher.card.training
    records = training["config"]["data"].get("records", "all")
    try:
        return all(
            source.select(folds=split["folds"], records=records).hash == split["hash"]
            for split in (training["splits"][name] for name in ("train", "choose"))
        )
    except (InvalidInputError, KeyError):  # folds that are not there, a card without hashes
        return False


def _folds_seen(teacher: Network, source: Dataset, splits: tuple[str, ...]) -> set[int]:
    """Return the folds of this data set that the teacher's card names in these splits."""
    training = teacher.card.training
    if training.get("config", {}).get("data", {}).get("dataset") != source.name:
        return set()
    return {fold for split in splits for fold in training.get("splits", {}).get(split, {}).get("folds", ())}
