"""Nothing is left open, and settling twice changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pellucid.core.errors import InvalidInputError
from pellucid.core.settings import decode, encode
from pellucid.datasets.dataset import dataset
from pellucid.training.settings import DataSettings, TrainingConfig
from pellucid.training.settled import settled, settled_folds


def config(dataset: str, architecture: str, **more: object) -> TrainingConfig:
    values = {"name": "t", "seed": 1, "data": {"dataset": dataset}, "network": {"architecture": architecture}}
    return decode(TrainingConfig, {**values, **more}, where="t")


def test_losses_follow_the_labels_and_the_rest_the_architecture() -> None:
    slices = dataset("phantoms:40")
    found = settled(config("phantoms:40", "conv_net"), slices)
    assert (found.fit.loss.name, found.fit.rate, found.network.size) == ("cross_entropy", 1e-3, (224, 224))
    assert settled(found, slices) == found
    assert decode(TrainingConfig, encode(found), where="json") == found
    asked = settled(config("phantoms:40", "conv_net", fit={"loss": {"name": "bce"}}), slices)
    assert asked.fit.loss.name == "bce"
    members = [{"name": "a", "seed": 2}, {"name": "b", "seed": 3, "fit": {"batch": 7}}]
    ecgs = dataset("simulated:70")
    found = settled(config("simulated:70", "lead_net", members=members), ecgs)
    assert [(part.fit.loss.name, part.fit.batch, part.fit.rate) for part in found.trainings()] == [
        ("bce", 64, 4e-3),
        ("bce", 7, 4e-3),
    ]


def test_usual_folds_that_are_not_there_are_replaced_and_stated_ones_are_not() -> None:
    usual = DataSettings(dataset="simulated:28")
    four = settled_folds(usual, dataset("simulated:28"))
    assert (four.train, four.choose, four.test) == ((1, 2, 3), (4,), ())
    assert settled_folds(usual, dataset("simulated:70")) == usual
    stated = DataSettings(dataset="simulated:28", train=(1,), choose=(9,))
    assert settled_folds(stated, dataset("simulated:28")) == stated
    with pytest.raises(InvalidInputError, match="a fold to train on and one to choose on, beside fold 10; it has 1"):
        settled_folds(usual, dataset("simulated:7"))


def test_test_folds_of_slices_without_patients_are_refused_unless_asked_for(tmp_path) -> None:
    generate = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(30):
            Image.fromarray(generate.integers(0, 255, (8, 8), dtype=np.uint8)).save(tmp_path / name / f"{number}.png")
    source = dataset(f"image-folder:{tmp_path}")
    spec = f"image-folder:{tmp_path}"
    with pytest.raises(InvalidInputError, match=r"split by slice.*by_slice = true in \[data\]"):
        settled(config(spec, "conv_net"), source)
    assert settled(config(spec, "conv_net", data={"dataset": spec, "test": []}), source).data.test == ()
    assert settled(config(spec, "conv_net", data={"dataset": spec, "by_slice": True}), source).data.test == (10,)
