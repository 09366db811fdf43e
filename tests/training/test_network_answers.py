from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.labels import ClassSet
from pellucid.networks.network import Network
from pellucid.networks.store import load
from pellucid.training.network_answers import (
    _seen_before,
    data_facts,
    folds_for_testing,
    grouped,
    members_of,
    network_answers,
    network_facts,
)

CODES = ClassSet("codes", {"IMI": ("IMI",), "AMI": ("AMI",), "NORM": ("NORM",)})
GROUPS = ClassSet("super", {"MI": ("IMI", "AMI"), "NORM": ("NORM",)})
LOGITS = np.array([[3.0, -3.0, 0.0], [0.0, 1.0, -2.0], [-1.0, 2.0, 1.0], [-3.0, -3.0, -3.0]])
PROBABILITIES = 1 / (1 + np.exp(-LOGITS))


class Toy(Dataset):
    """Four records of three patients; the first sample of the first leads carries the logits in mV."""

    name = "toy"
    sampling_rate = 100.0

    def __init__(self, class_set, positions=(0, 1, 2, 3)):
        self.class_set = class_set
        self.positions = np.array(positions)
        table = pd.DataFrame({"patient": ["p", "p", "q", "r"], "fold": [9, 10, 10, 10]}, index=[5, 6, 7, 8])
        labels = np.arange(4 * len(class_set.classes)).reshape(4, -1) % 3 == 0
        self.table = table.iloc[self.positions]
        self.labels = pd.DataFrame(labels, index=table.index, columns=list(class_set.classes)).iloc[self.positions]

    def read(self, record_id):
        raise NotImplementedError

    def signals(self):
        signals = np.zeros((len(self), 12, 20), dtype=np.int16)
        signals[:, :3, 0] = 1000 * LOGITS[self.positions]
        return signals

    def _subset(self, positions):
        return Toy(self.class_set, self.positions[positions])


class FirstSamples(nn.Module):
    def forward(self, x):
        return x[:, :3, 0]


def network(classes=("IMI", "AMI", "NORM"), **more):
    return Network(FirstSamples(), classes, sampling_rate=100, length=20, name="first", **more)


def trained(on="toy"):
    known = network(thresholds=[0.1, 0.2, 0.3])
    splits = {"train": {"folds": [1, 2]}, "choose": {"folds": [9]}, "test": {"folds": [10]}}
    card = replace(known.card, training={"config": {"data": {"dataset": on}}, "splits": splits})
    return Network.of(known.module, card)


def test_each_class_gets_its_probability_and_threshold():
    answers = network_answers(trained("other"), Toy(CODES))
    assert answers.probabilities == pytest.approx(PROBABILITIES, abs=1e-6)
    assert answers.thresholds.tolist() == [0.1, 0.2, 0.3]
    assert answers.patients.tolist() == ["p", "p", "q", "r"]
    assert answers.records.tolist() == ["5", "6", "7", "8"]


def test_a_class_of_several_codes_gets_the_largest_and_no_threshold():
    answers = network_answers(trained("other"), Toy(GROUPS))
    assert answers.probabilities[:, 0] == pytest.approx(PROBABILITIES[:, :2].max(axis=1), abs=1e-6)
    assert answers.probabilities[:, 1] == pytest.approx(PROBABILITIES[:, 2], abs=1e-6)
    assert answers.threshold(0) is None
    assert answers.threshold(1) == 0.3
    assert "largest of theirs" in answers.notes[0]


def test_thresholds_are_chosen_elsewhere_or_given():
    data = Toy(GROUPS)
    chosen = network_answers(network(), data.select(folds=[10]), chosen=data.select(folds=[9]))
    # Record 5 alone: it has MI, found from half its probability on; nobody has NORM.
    assert chosen.thresholds == pytest.approx([PROBABILITIES[0, 0] / 2, 0.5], abs=1e-6)
    assert "No record to choose a threshold on has NORM: 0.5 is used." in chosen.notes
    assert network_answers(network(), data, thresholds=[0.4]).thresholds.tolist() == [0.4, 0.4]


def test_scoring_what_was_learnt_from_or_chosen_on_is_said():
    data = Toy(CODES)
    notes = network_answers(trained(), data, chosen=data).notes
    assert any("4 records are scored on which thresholds were chosen" in note for note in notes)
    assert any("chosen on fold 9, which is scored here" in note for note in notes)
    assert not any("scored here" in note for note in network_answers(trained(), data.select(folds=[10])).notes)
    assert not any("scored here" in note for note in network_answers(trained("other"), data).notes)


def test_the_card_knows_the_folds_for_testing():
    assert folds_for_testing(trained(), Toy(CODES)) == (10,)
    assert folds_for_testing(trained("other"), Toy(CODES)) is None
    assert folds_for_testing(network(), Toy(CODES)) is None


def test_a_network_of_the_groups_themselves():
    assert members_of(network(("NORM", "STTC", "MI")), GROUPS) == ((2,), (0,))


def test_a_network_with_other_names_for_its_classes():
    six = ClassSet("some", {"AFIB": ("AFIB",), "1AVB": ("1AVB",)})
    assert members_of(network(("1dAVb", "SB", "AF")), six) == ((2,), (0,))


def test_what_the_network_lacks_is_named():
    with pytest.raises(InvalidInputError, match="class set super; it lacks AMI"):
        members_of(network(("IMI", "NORM", "SR")), GROUPS)


def test_exclusive_classes_add_up_and_the_top_one_is_found():
    answers = network_answers(network(activation="softmax"), Toy(GROUPS))
    softmax = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    assert answers.probabilities[:, 0] == pytest.approx(softmax[:, :2].sum(axis=1), abs=1e-6)
    assert answers.found(0).tolist() == (softmax.argmax(axis=1) < 2).tolist()
    assert answers.threshold(0) is None
    with pytest.raises(InvalidInputError, match="take no thresholds"):
        network_answers(network(activation="softmax"), Toy(GROUPS), thresholds=[0.5])


def test_groups_of_plain_arrays():
    values = np.array([[0.2, 0.7, 0.4]])
    assert grouped(values, ((0, 1), (2,))).tolist() == [[0.7, 0.4]]
    assert grouped(values, ((0, 2), (1,)), exclusive=True) == pytest.approx(np.array([[0.6, 0.7]]))


def test_facts_change_with_what_they_are_about():
    data = Toy(CODES)
    assert data_facts(data)["folds"] == [9, 10]
    assert data_facts(data)["hash"] != data_facts(data.select(folds=[10]))["hash"]
    one, other = (Network(nn.Linear(2, 2), ["a", "b"], sampling_rate=1, length=2) for _ in range(2))
    with torch.no_grad():
        other.module.weight.copy_(one.module.weight)
        other.module.bias.copy_(one.module.bias)
    assert network_facts(one) == network_facts(other)
    with torch.no_grad():
        other.module.bias += 1
    assert network_facts(one)["weights"] != network_facts(other)["weights"]


def test_another_split_of_the_same_data_is_said():
    known = trained()
    card = replace(known.card, training={**known.card.training, "dataset": "toy:x,by=beat"})
    by_beat, scored = Network.of(known.module, card), Toy(CODES)
    scored.spec = "toy:y"
    assert network_answers(by_beat, scored).notes[-1] == (
        "The network was trained on toy:x,by=beat, and this is toy:y: it may have seen the scored records."
    )
    scored.spec = "toy:y,by=beat,strict=true"
    assert "fold 9, which is scored here: too good" in network_answers(by_beat, scored).notes[-1]
    usual = Network.of(known.module, replace(card, training={**card.training, "dataset": "toy:x"}))
    scored.spec = "toy:y,by=patient"  # the default, put into words
    assert "fold 9, which is scored here: too good" in network_answers(usual, scored).notes[-1]


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("tumour-three", "brain-tumor:brain_tumor_mri,outlined=true,split=split.csv"),
        ("beats", "mitbih:mitdb,strict=true"),
    ],
)
def test_a_bundled_network_scored_on_another_split_than_its_own_says_so(name, spec):
    network, scored = load(name), Toy(CODES)
    scored.name, scored.spec = spec.partition(":")[0], f"{spec.partition(',')[0]},split=own.csv"
    assert _seen_before(network, scored)[0].startswith(f"The network was trained on {spec}, and this is ")
