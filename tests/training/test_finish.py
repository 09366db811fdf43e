"""The end of a training: what is chosen and scored is what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.settings import decode
from pellucid.datasets.dataset import dataset
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.network import Network
from pellucid.training.finish import exclusive_figures, finished, probabilities
from pellucid.training.settings import TrainingConfig
from pellucid.training.thresholds import best_thresholds

SMALL = {"widths": [4, 6], "kernels": [7, 5], "strides": [4, 4], "dilations": [1, 1]}
VALUES = {
    "name": "n", "seed": 1, "data": {"dataset": "simulated:42", "train": [1, 2], "choose": [3, 4], "test": [5]},
    "network": {"settings": SMALL},
}  # fmt: skip
SOURCE = dataset("simulated:42", sampling_rate=100)


def config(**more: object) -> TrainingConfig:
    return decode(TrainingConfig, {**VALUES, **more}, where="test")


def module() -> LeadNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LeadNet(6, **SMALL).eval()  # type: ignore[arg-type]  # lists, as JSON gives them


def test_halved_weights_are_what_thresholds_and_scores_are_of(tmp_path: Path) -> None:
    network = finished(config(half=True), [module()], SOURCE, tmp_path)
    weights = network.module.state_dict()["head.weight"]
    assert torch.equal(weights, weights.half().float())
    chosen = SOURCE.select(folds=[3, 4])
    again = best_thresholds(probabilities(network, chosen), chosen.labels.to_numpy())
    np.testing.assert_allclose(network.thresholds, again, atol=1e-6)


def test_the_card_tells_seconds_splits_and_layer(tmp_path: Path) -> None:
    (tmp_path / "fit").mkdir()
    lines = [{"epoch": epoch, "seconds": 2.6} for epoch in (1, 2)]
    (tmp_path / "fit" / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    card = finished(config(), [module()], SOURCE, tmp_path).card
    assert (card.training["seconds"], card.training["epochs"]) == (5, 2)
    splits = card.training["splits"]
    assert [splits[name]["records"] for name in ("train", "choose", "test")] == [14, 14, 7]
    assert splits["train"]["positives"]["AFIB"] == 2
    assert len({splits[name]["hash"] for name in splits}) == 3
    assert len({splits[name]["inputs"] for name in splits}) == 3
    assert card.layer == "features"


def test_members_that_cannot_be_joined_are_told(tmp_path: Path) -> None:
    members = [{"name": "a", "seed": 2}, {"name": "b", "seed": 3}]
    with pytest.raises(SettingError, match="must be lead_net to be joined"):
        finished(config(members=members), [module(), nn.Linear(1, 1)], SOURCE, tmp_path)


def test_figures_of_exclusive_classes_are_worked_by_hand() -> None:
    answers = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.7, 0.2, 0.1]])
    truth = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0]], dtype=bool)
    assert exclusive_figures(answers, truth) == {"accuracy": 0.75, "balanced_accuracy": 0.75, "commonest_class": 0.5}


def test_what_data_take_from_a_network_stands_among_its_limits(tmp_path: Path) -> None:
    never = SOURCE.take([i for i in range(42) if "AFIB" not in SOURCE.table["codes"].iloc[i] or i > 13])
    limits = finished(config(limits=["Ours."]), [module()], never, tmp_path).card.limits
    assert limits == ("Ours.", "No training record had AFIB: it cannot be told.")


def test_a_network_for_ecgs_is_not_asked_about_slices() -> None:
    network = Network(module(), SOURCE.classes, sampling_rate=100, length=1000)
    with pytest.raises(InvalidInputError, match="reads ECGs; data set phantoms holds none"):
        probabilities(network, dataset("phantoms:2"))


def test_where_patients_are_not_known_a_card_counts_none(tmp_path: Path) -> None:
    unknown = SOURCE.take(range(42))
    unknown.patients_known = False
    card = finished(config(), [module()], unknown, tmp_path).card
    assert [scoring["patients"] for scoring in card.metrics] == [None, None, None]
    assert card.training["splits"]["test"]["patients_known"] is False
