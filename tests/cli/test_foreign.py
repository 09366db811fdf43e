from __future__ import annotations

import pytest
import torch

from pellucid.cli.foreign import Described, listed, numbers, opened, picture_size
from pellucid.core.errors import InvalidInputError
from pellucid.networks.store import load

NETS = """
import torch
from torch import nn
from pellucid.networks.network import Network

def bare():
    return nn.Sequential(nn.Conv1d(2, 4, 5), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))

def pictures():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 2))

def whole():
    return Network(bare(), ["A", "B"], leads=["I", "II"], sampling_rate=100, length=200, name="mine")

def broken():
    return len(5)
"""
ECG = Described(leads="I,II", sampling_rate=100, length=200)


@pytest.fixture(autouse=True)
def nets(tmp_path, monkeypatch):
    (tmp_path / "nets_of_foreign.py").write_text(NETS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_bare_module_is_what_the_options_say():
    described = Described(leads="I, II", sampling_rate=100, length=200, padding="end", unit="uV", activation="softmax")
    network = opened("nets_of_foreign:bare", described, classes=("A", "B"), thresholds=None, layer="0")
    card = network.card
    assert (card.name, card.classes, card.activation, card.layer) == ("bare", ("A", "B"), "softmax", "0")
    expects = card.preparation
    assert (expects.leads, expects.sampling_rate, expects.length) == (("I", "II"), 100, 200)
    assert (expects.padding, expects.unit) == ("end", "uV")


def test_a_slice_network_needs_a_size_alone():
    assert opened("nets_of_foreign:pictures", classes=("A", "B"), size=(3, 4)).card.preparation.size == (3, 4)


def test_its_own_card_is_kept_and_weights_are_put_in(tmp_path):
    other = opened("nets_of_foreign:whole")
    assert (other.name, other.classes) == ("mine", ("A", "B"))
    torch.save(other.module.state_dict(), tmp_path / "w.pt")
    network = opened("nets_of_foreign:whole", Described(weights=tmp_path / "w.pt"))
    assert torch.equal(network.module[0].weight, other.module[0].weight)


def test_a_bundled_network_needs_nothing():
    assert opened("ecg-six").card == load("ecg-six").card


@pytest.mark.parametrize(
    ("name", "described", "more", "words"),
    [
        ("bare", Described(), {}, "bare module, which needs --mine, and --sampling-rate"),
        ("bare", ECG, {}, "bare module, which needs --mine"),
        ("bare", Described(length=200), {"classes": ("A", "B")}, "needs sampling_rate= "),
        ("bare", ECG, {"classes": ("A",)}, r"one for each of its 1 classes; got \(1, 2\)"),
        ("bare", Described(sampling_rate=100, length=200), {"classes": ("A", "B")}, r"shape \(1, 12, 200\).*Runtime"),
        ("broken", ECG, {"classes": ("A", "B")}, "cannot be built: TypeError: object of type 'int' has no len"),
        ("whole", ECG, {}, "describes itself; leave out leads, length, sampling_rate"),
        ("absent", ECG, {}, "cannot be imported"),
    ],
)
def test_what_does_not_fit_is_told_in_words(name, described, more, words):
    with pytest.raises(InvalidInputError, match=words):
        opened(f"nets_of_foreign:{name}", described, classes_by="--mine", **more)


@pytest.mark.parametrize("described", [Described(weights="w.pt"), Described(unit="mV")])
def test_a_network_with_a_card_takes_no_options(described):
    with pytest.raises(InvalidInputError, match=r"belongs to package\.module:function; ecg-six has its own card"):
        opened("ecg-six", described)


def test_lists_and_numbers():
    assert listed(None) is numbers(None) is None
    assert listed(" a,b ,,c") == ("a", "b", "c")
    assert numbers("0.3, 1") == (0.3, 1.0)
    with pytest.raises(InvalidInputError, match="--thresholds must be numbers with commas"):
        numbers("0.3,")


def test_the_size_of_a_picture():
    assert picture_size(None) is None
    assert picture_size("224X112") == (224, 112)
    with pytest.raises(InvalidInputError, match="ROWSxCOLUMNS, such as 224x224; got '224'"):
        picture_size("224")
