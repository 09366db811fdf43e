"""The ports: every weight of a module has its layer, every class its words."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pellucid.networks.keras_ports import PORTS
from pellucid.networks.store import ARCHITECTURES


@pytest.mark.parametrize("kind", PORTS)
def test_every_weight_comes_from_a_layer_of_its_kind(kind):
    port = PORTS[kind]
    with torch.device("meta"):
        module = ARCHITECTURES[port.architecture]()
    types = {"convolution": nn.Conv1d, "norm": nn.BatchNorm1d, "dense": nn.Linear}
    parts = [(name, types[one]) for one, names in port.layers.items() for name in names]
    assert all(isinstance(module.get_submodule(name), wanted) for name, wanted in parts)
    weighted = {name.rpartition(".")[0] for name in module.state_dict()}
    assert sorted(name for name, _ in parts) == sorted(weighted)


@pytest.mark.parametrize(("kind", "classes"), [("ribeiro", 6), ("resnet27", 27), ("cnn27", 27), ("aime", 4)])
def test_cards_say_what_users_must_know(kind, classes):
    port = PORTS[kind]
    assert len(port.classes) == classes
    assert all(port.classes.values())
    assert port.attribution
    assert "never a diagnosis" in port.limits[-1]


def test_the_27_classes_are_those_of_the_published_table(shared):
    lines = (shared / "weights" / "ecg_resnet27" / "classes.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    wanted = {short: f"{name} (SNOMED {code})" for _, code, name, short in rows}
    assert list(PORTS["resnet27"].classes.items()) == list(wanted.items())
