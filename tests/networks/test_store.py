"""Networks on disk: kept whole, refused in words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError, UnknownNameError, UnreadableFileError
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.card import Card
from pellucid.networks.network import Network
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.networks.store import bundled, foreign, load, read_weights, save
from pellucid.records.ecg import EcgRecord
from pellucid.records.slice import MriSlice
from pellucid.simulation.phantoms import brain_phantom

SETTINGS = {"widths": [4, 6], "kernels": [5, 3], "strides": [2, 2], "dilations": [1, 1]}
PREPARATION = EcgPreparation(sampling_rate=100, length=500, padding="none")


def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = LeadNet(2, **SETTINGS)  # type: ignore[arg-type]  # lists, as JSON gives them
    card = Card(
        name="small",
        architecture="lead_net",
        architecture_settings=SETTINGS,
        classes=("A", "B"),
        preparation=PREPARATION,
    )
    return Network.of(module, card)


def a_record() -> EcgRecord:
    return EcgRecord(signal=np.random.default_rng(0).normal(size=(12, 500)), sampling_rate=100, name="r")


def a_record_for(one: Network) -> EcgRecord | MriSlice:
    expects = one.card.preparation
    if isinstance(expects, SlicePreparation):
        return brain_phantom("glioma_tumor", seed=1, size=64).record
    rows = len(expects.leads)
    signal = np.random.default_rng(0).normal(size=(rows, round(expects.sampling_rate * 5)))
    return EcgRecord(signal=signal, sampling_rate=expects.sampling_rate, leads=expects.leads, name="r")


def test_a_network_comes_back_as_it_was(tmp_path: Path) -> None:
    here = network()
    again = load(here.save(tmp_path / "small"))
    assert again.card == here.card
    np.testing.assert_array_equal(again.predict(a_record()).logits, here.predict(a_record()).logits)
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == ["card.json", "weights.safetensors"]


def test_half_the_size_and_nearly_the_same_answer(tmp_path: Path) -> None:
    here = network()
    save(here, tmp_path / "whole")
    save(here, tmp_path / "half", half=True)
    sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.7 * sizes[1]
    np.testing.assert_allclose(
        load(tmp_path / "half").predict(a_record()).logits, here.predict(a_record()).logits, atol=0.01
    )


def test_a_foreign_class_needs_its_module_again(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12 * 50, 2))
    folder = Network(module, ["A", "B"], sampling_rate=100, length=50).save(tmp_path / "mine")
    with pytest.raises(InvalidInputError, match=r"foreign class Sequential.*load\(folder, module=\.\.\.\)"):
        load(folder)
    blank = nn.Sequential(nn.Flatten(), nn.Linear(12 * 50, 2))
    assert torch.equal(load(folder, blank).module[1].weight, module[1].weight)  # type: ignore[index]  # a Sequential


def test_damage_is_named(tmp_path: Path) -> None:
    folder = network().save(tmp_path / "small")
    weights = folder / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    with pytest.raises(UnreadableFileError, match=r"weights\.safetensors cannot be read"):
        load(folder)
    weights.unlink()
    with pytest.raises(UnreadableFileError, match="are not there"):
        load(folder)
    weights.write_bytes(whole)
    card = json.loads((folder / "card.json").read_text())
    card["classes"] = ["A", "B", "C"]
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(UnreadableFileError, match=r"'head\.weight' must have the shape \(3, 216\); got \(2, 216\)"):
        load(folder)
    (folder / "card.json").write_text("{")
    with pytest.raises(UnreadableFileError, match=r"card\.json is not JSON"):
        load(folder)


def test_an_unknown_name_is_told_with_the_bundled_ones() -> None:
    with pytest.raises(UnknownNameError, match="network 'no-such' is not known"):
        load("no-such")


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_network_is_small_complete_and_answers(name: str) -> None:
    one = load(name)
    folder = Path(load.__code__.co_filename).parent / "bundled" / name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000
    assert one.card.attribution.startswith("Trained on ")
    assert one.card.licence in ("CC-BY-4.0", "Apache-2.0")
    assert one.card.limits
    assert len(one.card.thresholds) == (0 if one.card.activation == "softmax" else len(one.classes))
    assert any(scoring["data"].endswith(", test") for scoring in one.card.metrics)
    assert one.predict(a_record_for(one)).probabilities.shape == (len(one.classes),)


def test_weights_are_read_as_tensors_alone(tmp_path: Path) -> None:
    evil = tmp_path / "evil.pt"
    evil.write_bytes(pickle.dumps(print))
    with pytest.raises(UnreadableFileError, match="tensors alone"):
        read_weights(evil)
    torch.save({"state_dict": {"weight": torch.ones(2)}}, tmp_path / "nested.pt")
    assert read_weights(tmp_path / "nested.pt")["weight"].tolist() == [1, 1]
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    with pytest.raises(UnreadableFileError, match="must be a state dict"):
        read_weights(tmp_path / "list.pt")


def test_a_foreign_network_by_its_import_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets_for_a_test.py").write_text(
        "from torch import nn\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(600, 2))\n"
        "nothing = dict\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    weights = {"1.weight": torch.full((2, 600), 0.5), "1.bias": torch.zeros(2)}
    torch.save(weights, tmp_path / "weights.pt")
    one = foreign("nets_for_a_test:build", tmp_path / "weights.pt", classes=["A", "B"], sampling_rate=100, length=50)
    assert one.name == "build"
    assert one.module.state_dict()["1.weight"][0, 0].item() == 0.5
    torch.save({"1.wieght": torch.ones(2, 600), "1.bias": torch.zeros(2)}, tmp_path / "weights.pt")
    with pytest.raises(UnreadableFileError, match=r"lack the tensor '1\.weight'.*Did you mean '1\.wieght'"):
        foreign("nets_for_a_test:build", tmp_path / "weights.pt", classes=["A", "B"], sampling_rate=100, length=50)
    with pytest.raises(InvalidInputError, match="cannot be imported"):
        foreign("nets_for_a_test:bild", classes=["A"])
    with pytest.raises(InvalidInputError, match=r"must give a torch module.*got dict"):
        foreign("nets_for_a_test:nothing", classes=["A"])
    with pytest.raises(InvalidInputError, match=r"package\.module:function; got 'nets'"):
        foreign("nets", classes=["A"])
