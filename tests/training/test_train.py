"""From a configuration to a network with its card, on simulated patients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.settings import decode
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.store import load
from pellucid.training.settings import TrainingConfig
from pellucid.training.train import learning_task, open_dataset, train

SMALL = {"widths": [4, 6], "kernels": [7, 5], "strides": [4, 4], "dilations": [1, 1]}
CONFIG = decode(
    TrainingConfig,
    {
        "name": "small",
        "seed": 5,
        "half": True,
        "data": {"dataset": "simulated:42", "train": [1, 2, 3], "choose": [4, 5], "test": [6]},
        "network": {"settings": SMALL},
        "fit": {"stages": [{"epochs": 1, "seconds": [4.0]}], "batch": 7, "precision": "float32"},
        "limits": ["Six diagnoses only."],
    },
    where="test",
)
MEMBERS = [{"name": "a", "seed": 6}, {"name": "b", "seed": 7, "settings": {"pools": [["max"]]}}]


def test_a_training_ends_in_a_network_that_comes_back(tmp_path: Path) -> None:
    network = train(CONFIG, tmp_path)
    card = network.card
    assert card.classes == ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")
    assert card.descriptions["AFIB"] == "atrial fibrillation"
    assert card.thresholds_from == "maximal F1 on fold 4, 5 of simulated"
    assert [scoring["data"] for scoring in card.metrics] == [
        "simulated, fold 4, chosen on", "simulated, fold 5, chosen on", "simulated, fold 6, test",
    ]  # fmt: skip
    assert card.training["splits"]["train"]["patients"] == 21
    assert card.training["config"]["data"]["dataset"] == "simulated"  # not where it lay
    record = open_dataset(CONFIG.data).select(folds=[6])[1]
    again = load(tmp_path / "network")
    assert again.card == card
    np.testing.assert_array_equal(again.predict(record).logits, network.predict(record).logits)
    # A second call reads what is there and comes to the same.
    assert train(CONFIG, tmp_path).card.thresholds == card.thresholds


def test_members_are_joined_into_one_additive_network(tmp_path: Path) -> None:
    config = decode(TrainingConfig, {**_as_dict(CONFIG), "members": MEMBERS}, where="test")
    network = train(config, tmp_path)
    assert isinstance(network.module, LeadNet)
    assert network.module.pools == (("mean", "attention", "std"), ("max",))
    inputs = network.prepare(open_dataset(CONFIG.data)[0]).inputs
    found = network.module.additive_map(inputs)
    np.testing.assert_allclose((found.maps.sum((2, 3)) + found.bias).detach(), network.logits(inputs), atol=1e-4)
    assert load(tmp_path / "network").card.architecture_settings["pools"] == [["mean", "attention", "std"], ["max"]]


def test_another_configuration_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    train(CONFIG, tmp_path)
    with pytest.raises(InvalidInputError, match=r"another configuration.*Name another folder"):
        train(replace(CONFIG, seed=6), tmp_path)


def test_auxiliary_outputs_stand_behind_the_classes_and_are_dropped(small_ptbxl: Path, tmp_path: Path) -> None:
    values = _as_dict(CONFIG)
    values["data"] = {"dataset": f"ptbxl:{small_ptbxl}", "train": [9], "choose": [1], "test": [10]}
    values["auxiliary"] = {"statements": True}
    values["fit"]["batch"] = 2
    config = decode(TrainingConfig, values, where="test")
    task = learning_task(config, open_dataset(config.data))
    assert [task.outputs[index] for index in task.kept] == ["1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH"]
    assert len(task.outputs) == 10 + 5 + 3
    column = task.outputs.index("AFIB")
    assert task.training.labels[:, column].tolist() == [False, True]
    network = train(config, tmp_path / "run")
    assert network.module.head.out_features == 6  # type: ignore[union-attr]  # a LeadNet has a head


def test_what_cannot_be_trained_is_told_before_any_fit(tmp_path: Path) -> None:
    values = _as_dict(CONFIG)
    with pytest.raises(SettingError, match=r"batch must be at most the 21 training records; got 64"):
        train(decode(TrainingConfig, {**values, "fit": {"batch": 64}}, where="test"), tmp_path / "a")
    wrong = {"settings": {"width": [4]}}
    with pytest.raises(SettingError, match=r"training small: settings of lead_net: .*'width'"):
        train(decode(TrainingConfig, {**values, "network": wrong}, where="test"), tmp_path / "b")


def test_auxiliary_outputs_that_a_data_set_lacks_are_told(tmp_path: Path) -> None:
    values = {**_as_dict(CONFIG), "auxiliary": {"reports": True}}
    with pytest.raises(InvalidInputError, match="simulated has no auxiliary targets"):
        train(decode(TrainingConfig, values, where="test"), tmp_path)


def _as_dict(config: TrainingConfig) -> dict:  # type: ignore[type-arg]  # whatever JSON holds
    from pellucid.core.settings import encode

    return encode(config)
