"""From a configuration to a network with its card, on simulated patients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from pellucid.core.errors import InvalidInputError, SettingError, UnknownNameError, UnreadableFileError
from pellucid.core.settings import decode
from pellucid.datasets.catalog.phantoms import Phantoms
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.store import load
from pellucid.training.finish import probabilities
from pellucid.training.settings import TrainingConfig
from pellucid.training.train import fitted, learning_task, open_dataset, train

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
    assert card.training["dataset"] == "simulated:42"
    record = open_dataset(CONFIG.data).select(folds=[6])[1]
    again = load(tmp_path / "network")
    assert again.card == card
    np.testing.assert_array_equal(again.predict(record).logits, network.predict(record).logits)
    # A second call reads what is there and comes to the same.
    assert train(CONFIG, tmp_path).card.thresholds == card.thresholds


def test_members_are_joined_into_one_additive_network(tmp_path: Path) -> None:
    config = decode(TrainingConfig, {**_as_dict(CONFIG), "members": MEMBERS}, where="test")
    told: list[tuple[str, int]] = []
    network = train(config, tmp_path, watch=lambda who, epoch, line: told.append((who, epoch)))
    assert told == [("member 1 of 2 (a)", 1), ("member 2 of 2 (b)", 1)]
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


def test_a_folder_in_which_nothing_was_trained_takes_another_configuration(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"fit\.batch must be at most"):
        train(replace(CONFIG, fit=replace(CONFIG.fit, batch=64)), tmp_path)
    assert train(CONFIG, tmp_path).name == "small"


def test_a_test_picture_that_cannot_be_read_is_told_before_any_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.datasets.packed.cache_folder", lambda: tmp_path / "cache")
    for name in ("no", "yes"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(10):
            path = tmp_path / "set" / name / f"{number}.png"
            Image.fromarray(np.full((20, 20), 9 * number, dtype=np.uint8)).save(path)
    data = {"dataset": f"image-folder:{tmp_path / 'set'}", "by_slice": True}
    network = {"architecture": "plain_cnn", "size": [20, 20]}
    values = {"name": "slices", "seed": 1, "data": data, "network": network}
    config = decode(TrainingConfig, values, where="test")
    (first,) = open_dataset(config.data).select(folds=[10]).take([0]).table["file"]
    (tmp_path / "set" / first).write_bytes(b"junk")
    with pytest.raises(UnreadableFileError, match=rf"{first} is in none of the formats.*leave it out: pellucid audit"):
        train(config, tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.ckpt"))


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
    with pytest.raises(
        SettingError, match=r"network\.settings: setting of lead_net 'width' is not known.*Did you mean 'widths'"
    ):
        train(decode(TrainingConfig, {**values, "network": wrong}, where="test"), tmp_path / "b")


def test_auxiliary_outputs_that_a_data_set_lacks_are_told(tmp_path: Path) -> None:
    values = {**_as_dict(CONFIG), "auxiliary": {"reports": True}}
    with pytest.raises(InvalidInputError, match="simulated has no auxiliary targets"):
        train(decode(TrainingConfig, values, where="test"), tmp_path)


def test_slices_exclude_each_other_and_have_no_thresholds(tmp_path: Path) -> None:
    values = {
        "name": "slices", "seed": 2, "data": {"dataset": "phantoms:48,size=48", "train": [1, 2, 3, 4, 5, 6, 7]},
        "network": {"architecture": "conv_net", "size": [40, 40], "channels": 1, "settings": {"widths": [4, 6]}},
        "fit": {"stages": [{"epochs": 2}], "batch": 7, "averaging": 0.0, "precision": "float32"},
        "picture_augmentation": {"flip": 0.5},
    }  # fmt: skip
    told: list[int] = []
    network = train(
        decode(TrainingConfig, values, where="test"), tmp_path, watch=lambda who, epoch, line: told.append(epoch)
    )
    card = network.card
    assert told == [1, 2]
    assert (card.activation, card.thresholds, card.thresholds_from) == ("softmax", (), "")
    assert card.training["config"]["fit"]["loss"]["name"] == "cross_entropy"
    assert any("flip of the pictures" in limit for limit in card.limits)
    source = open_dataset(decode(TrainingConfig, values, where="test").data)
    part = source.select(folds=[10])
    scoring = card.metrics[-1]
    expected = np.array([network.predict(record).probabilities for record in part])
    assert_allclose(probabilities(network, part), expected, atol=1e-3)  # grey values are rounded to 1/255
    right = expected.argmax(1) == part.labels.to_numpy().argmax(1)
    assert scoring["accuracy"] == pytest.approx(right.mean())
    assert scoring["commonest_class"] == pytest.approx(part.labels.mean().max())
    again = load(tmp_path / "network")
    assert again.card == card
    assert again.card.architecture_settings == {"channels": 1, "size": [40, 40], "widths": [4, 6]}


def test_beats_are_read_as_their_data_set_cuts_them(
    mitdb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    values = {
        "name": "beats", "seed": 2, "network": {"architecture": "beat_net"},
        "data": {"dataset": f"mitbih:{mitdb},by=beat", "classes": "N,V", "train": [1], "choose": [2], "test": [3],
                 "records": "any-of-classes"},
        "fit": {"stages": [{"epochs": 1}], "batch": 64, "averaging": 0.0, "precision": "float32"},
    }  # fmt: skip
    config = decode(TrainingConfig, values, where="test")
    network = train(config, tmp_path / "run")
    card = network.card
    assert (card.activation, card.layer, card.architecture_settings) == ("softmax", "body.8", {})
    assert card.preparation.leads == ("MLII",)  # type: ignore[union-attr]  # of ECGs
    assert any("beats of one person are on both sides" in limit for limit in card.limits)
    assert card.training["dataset"] == f"mitbih:{mitdb.name},by=beat"
    part = open_dataset(config.data).select(folds=[3], records="any-of-classes").take(range(20))
    expected = np.array([network.predict(record).probabilities for record in part])
    assert_allclose(probabilities(network, part), expected, atol=5e-3)  # rows are whole thousandths


def test_another_rate_and_length_are_the_architectures_own(tmp_path: Path) -> None:
    values = {
        **_as_dict(CONFIG), "half": False,
        "network": {"architecture": "ribeiro_resnet", "length": 256, "sampling_rate": 50.0},
    }  # fmt: skip
    config = decode(TrainingConfig, values, where="test")
    network = train(config, tmp_path)
    part = open_dataset(config.data).select(folds=[6])
    expected = np.array([network.predict(record).logits for record in part])
    np.testing.assert_allclose(network.probabilities(expected), probabilities(network, part), atol=1e-3)
    assert network.card.preparation.sampling_rate == 50  # type: ignore[union-attr]  # of ECGs
    assert network.card.layer is None


def test_no_record_of_the_test_folds_is_read_for_a_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = Phantoms.read
    monkeypatch.setattr(Phantoms, "read", lambda self, record: read.append(int(record)) or real(self, record))
    values = {
        "name": "slices", "seed": 2, "data": {"dataset": "phantoms:40,size=32"},
        "network": {"architecture": "plain_cnn", "size": [16, 16]},
        "fit": {"stages": [{"epochs": 1}], "batch": 8},
    }  # fmt: skip
    config = decode(TrainingConfig, values, where="test")
    source = open_dataset(config.data)
    fitted(config, source, tmp_path)
    test = set(source.table.index[source.table["fold"] == 10])
    assert len(test) == 4
    assert set(read) == set(range(40)) - test


def _as_dict(config: TrainingConfig) -> dict:  # type: ignore[type-arg]  # whatever JSON holds
    from pellucid.core.settings import encode

    return encode(config)


def test_an_unknown_class_is_told_with_its_key(tmp_path: Path) -> None:
    data = replace(CONFIG.data, classes=("AFIB", "SBRADD"))
    with pytest.raises(UnknownNameError, match=r"data set simulated, data\.classes: class 'SBRADD'.*mean 'SBRAD'"):
        train(replace(CONFIG, data=data), tmp_path)
