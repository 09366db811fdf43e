"""The teacher's answers: the same as asking it record by record, kept, made anew when anything changed, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.core.settings import decode
from pellucid.datasets.dataset import Dataset, dataset
from pellucid.networks.architectures.conv_net import ConvNet
from pellucid.networks.card import Card
from pellucid.networks.network import Network
from pellucid.networks.preparation import SlicePreparation
from pellucid.training.distil_plan import Distil, Plan
from pellucid.training.distil_teacher import lesson, reserve, same_activation, teacher_of
from pellucid.training.fit_settings import LossSettings
from pellucid.training.settings import DataSettings, TrainingConfig

DATA = DataSettings(dataset="phantoms:40,size=32", train=(1, 2), choose=(3,), test=(4,))


SETTINGS = {"channels": 1, "widths": [2], "head": "gap", "size": [16, 16], "dropout": 0.5}
CLASSES = ("pituitary_tumor", "no_tumor", "meningioma_tumor", "glioma_tumor")  # in another order than the set's


def network(seed: int = 0, **card: Any) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = ConvNet(4, **SETTINGS)  # type: ignore[arg-type]  # lists and numbers, as JSON gives them
    facts = {"name": "master", "classes": CLASSES, "activation": "softmax", "architecture_settings": SETTINGS}
    return Network.of(
        module, Card(architecture="conv_net", preparation=SlicePreparation(size=(16, 16)), **{**facts, **card})
    )


def source() -> Dataset:
    return dataset(DATA.dataset)


def plan(folder: Path) -> Plan:
    values = {
        "name": "pupil",
        "seed": 0,
        "data": {"dataset": DATA.dataset, "train": [1, 2], "choose": [3], "test": [4]},
    }
    return Plan(decode(TrainingConfig, values, where="test"), Distil(teacher=str(folder)), None)


def test_logits_are_the_networks_own_in_the_data_sets_order(tmp_path: Path) -> None:
    teacher, whole = network(), source()
    logits = lesson(teacher, whole, DATA, tmp_path).logits
    training = whole.select(folds=[1, 2])
    assert logits.shape == (8, 4)
    for row in (0, 5):
        asked = teacher.logits(teacher.prepare(training[row]).inputs)[0]
        # The pictures are kept as 0 to 255; the order of classes is turned round.
        np.testing.assert_allclose(logits[row], asked[::-1], atol=0.01)


def test_they_are_computed_once_and_again_when_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = Network.logits

    def counted(self: Network, inputs: torch.Tensor) -> Any:
        asked.append(len(inputs))
        return real(self, inputs)

    monkeypatch.setattr(Network, "logits", counted)
    first = lesson(network(), source(), DATA, tmp_path)
    again = lesson(network(), source(), DATA, tmp_path)
    assert asked == [8]
    np.testing.assert_array_equal(first.logits, again.logits)
    assert first.facts == again.facts
    lesson(network(seed=1), source(), DATA, tmp_path)  # other weights
    lesson(network(seed=1), source(), replace(DATA, train=(1, 2, 5)), tmp_path)  # other records
    assert asked == [8, 8, 12]
    path = tmp_path / "teacher_logits.npy"
    np.save(path, np.load(path) + 1)  # another content under the same name
    lesson(network(seed=1), source(), replace(DATA, train=(1, 2, 5)), tmp_path)
    path.write_bytes(path.read_bytes()[:-20])  # cut short
    lesson(network(seed=1), source(), replace(DATA, train=(1, 2, 5)), tmp_path)
    assert asked == [8, 8, 12, 12, 12]


def test_a_teacher_of_other_classes_is_refused(tmp_path: Path) -> None:
    network(classes=("glioma_tumor", "meningioma_tumor", "no_tumor", "healthy")).save(tmp_path)
    with pytest.raises(InvalidInputError, match=r"must know the student's classes, glioma_tumor.*no others.*healthy"):
        teacher_of(plan(tmp_path), source(), tmp_path)


def test_a_teacher_that_saw_the_test_folds_is_refused_and_one_that_says_nothing_has_a_reserve(tmp_path: Path) -> None:
    network().save(tmp_path)
    teacher = teacher_of(plan(tmp_path), source(), tmp_path)
    assert reserve(teacher, source()).startswith("The card of teacher master names no folds of phantoms")
    splits = {"train": {"folds": [1]}, "choose": {"folds": [4]}}
    seen = network(training={"config": {"data": {"dataset": "phantoms"}}, "splits": splits})
    seen.save(tmp_path)
    with pytest.raises(InvalidInputError, match="was trained or chosen on fold 4, which the student is tested on"):
        teacher_of(plan(tmp_path), source(), tmp_path)


def test_folds_of_the_same_name_that_hold_other_records_have_a_reserve() -> None:
    splits = {
        name: {"folds": folds, "hash": source().select(folds=folds).hash}
        for name, folds in (("train", [1, 2]), ("choose", [3]))
    }
    teacher = network(training={"config": {"data": {"dataset": "phantoms"}}, "splits": splits})
    assert reserve(teacher, source()) == ""
    assert reserve(teacher, dataset("phantoms:44,size=32")).startswith("The folds of phantoms that teacher master")
    assert "hold other records" in reserve(teacher, source().select(folds=[1, 2, 4]))


def test_softmax_and_sigmoid_do_not_compare(tmp_path: Path) -> None:
    student = plan(tmp_path).student
    exclusive, single = (
        replace(student, fit=replace(student.fit, loss=LossSettings(name=name))) for name in ("cross_entropy", "bce")
    )
    same_activation(network(), exclusive)
    with pytest.raises(InvalidInputError, match=r"master has a softmax, student pupil a sigmoid.*to cross_entropy"):
        same_activation(network(), single)
