"""What a network reads: the configuration first, then the architecture, then the data."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pellucid.core.errors import SettingError, UnreadableFileError
from pellucid.datasets.dataset import dataset
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.networks.store import ARCHITECTURES
from pellucid.networks.transfer import trainable
from pellucid.training.network_input import (
    architecture_settings,
    new_module,
    preparation_of,
    reads_pictures,
    settled_network,
)
from pellucid.training.settings import NetworkSettings

ECGS = dataset("simulated:7", sampling_rate=100)
SLICES = dataset("phantoms:8")
SHORT = ("lead_net", "aime_cnn", "ecg_cnn27", "ecg_resnet27", "ribeiro_resnet", "ecg_conv_attention_net")


def settled(architecture: str, **values: object) -> NetworkSettings:
    source = SLICES if reads_pictures(architecture) else ECGS
    return settled_network(NetworkSettings(architecture=architecture, **values), source, [1])  # type: ignore[arg-type]  # keywords


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES.names if name != "beat_net"])
def test_the_name_alone_settles_what_every_architecture_reads(name: str) -> None:
    network = settled(name)
    again = settled_network(network, SLICES if reads_pictures(name) else ECGS, [1])
    assert again == network
    assert architecture_settings(network) == {}
    preparation = preparation_of(network)
    if isinstance(preparation, SlicePreparation):
        assert preparation.channels == 3
        assert preparation.size == ((150, 150) if name == "plain_cnn" else (224, 224))
    else:
        assert preparation.leads[1] == "II"
        assert preparation(ECGS[0]).inputs.shape == (1, 12, preparation.length)


def test_ribeiros_network_reads_4096_samples_at_400_hz_and_ours_what_the_data_are() -> None:
    assert preparation_of(settled("ribeiro_resnet")) == EcgPreparation(sampling_rate=400, length=4096, padding="both")
    assert preparation_of(settled("ecg_conv_attention_net")) == EcgPreparation(sampling_rate=500, length=5000)
    wanted = EcgPreparation(sampling_rate=100, length=1000, padding="none", shortest=3.0)
    assert preparation_of(settled("lead_net")) == wanted


def test_what_the_configuration_states_comes_first_and_reaches_the_architecture() -> None:
    network = settled("ribeiro_resnet", sampling_rate=100.0, length=500, leads=("II", "V1"), gain=2.0, padding="end")
    assert architecture_settings(network) == {"length": 500, "leads": 2}
    preparation = preparation_of(network)
    module = new_module(network, 3, 0, where="t")
    assert module(preparation(ECGS[0]).inputs).shape == (1, 3)
    picture = settled("conv_net", size=(40, 48), channels=1, settings={"widths": [4, 5]})
    assert architecture_settings(picture) == {"channels": 1, "size": [40, 48], "widths": [4, 5]}
    assert preparation_of(picture).mean == (pytest.approx(0.449),)  # type: ignore[union-attr]  # of slices
    assert new_module(picture, 3, 0, where="t")(torch.zeros(2, 1, 40, 48)).shape == (2, 3)


def test_the_seed_draws_the_weights_and_the_global_state_stays() -> None:
    network = settled("plain_cnn")
    state = torch.get_rng_state()
    first, again, other = (new_module(network, 2, seed, where="t") for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    weights = [next(module.parameters()) for module in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_published_weights_a_frozen_body_and_its_last_parts(tmp_path: Path) -> None:
    torch.manual_seed(3)
    published = ARCHITECTURES["squeeze_net"](classes=1000)
    names = {here: there for there, here in published.published_names.items()}  # type: ignore[union-attr]  # a Backbone
    state = {
        next((names[here] + key.removeprefix(here) for here in names if key.startswith(here)), key): value
        for key, value in published.state_dict().items()
    }
    torch.save(state, tmp_path / "w.pt")
    module = new_module(settled("squeeze_net", weights=str(tmp_path / "w.pt"), freeze=True), 4, 0, where="t")
    assert torch.equal(next(module.parameters()), next(published.parameters()))
    assert trainable(module) == 512 * 4 + 4
    deeper = new_module(settled("squeeze_net", freeze=True, unfreeze=1), 4, 0, where="t")
    assert trainable(deeper) > 512 * 4 + 4
    with pytest.raises(
        UnreadableFileError, match=r"t: network\.weights must be a file; .*none\.pt is none, neither from.*nor beside"
    ):
        new_module(settled("squeeze_net", weights=str(tmp_path / "none.pt")), 4, 0, where="t")
    with pytest.raises(
        SettingError, match=r"training x: weights and freeze are of picture networks.*conv_net has none"
    ):
        new_module(settled("conv_net", freeze=True), 4, 0, where="training x")


@pytest.mark.parametrize(
    ("network", "source", "told"),
    [
        ({"architecture": "lead_net"}, SLICES, r"lead_net reads ECGs; data set phantoms holds slices\. .*conv_net"),
        ({"architecture": "conv_net"}, ECGS, r"conv_net reads slices; data set simulated holds ECGs\. .*lead_net"),
        ({"architecture": "conv_net", "length": 5}, SLICES, "conv_net takes no length"),
        ({"architecture": "lead_net", "size": [5, 5]}, ECGS, "lead_net takes no size"),
        ({"architecture": "conv_net", "settings": {}, "unit": "mV"}, SLICES, "takes no unit"),
        ({"architecture": "lead_net", "head": "transfer"}, ECGS, "lead_net takes no head"),
        ({"architecture": "plain_cnn", "head": "transfer"}, SLICES, "plain_cnn takes no head, for it has one only"),
        ({"architecture": "lead_net", "leads": ["II", "MLII"]}, ECGS, r"among those of data set .*V6; got MLII\."),
        ({"architecture": "beat_net"}, ECGS, r"beat_net reads 1 leads; data set simulated has 12\. Name them"),
    ],
)
def test_what_does_not_fit_is_told(network: dict[str, object], source: object, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        settled_network(NetworkSettings(**network), source, [1])  # type: ignore[arg-type]  # as TOML gives them


def test_a_key_that_stands_twice_and_differs_is_told() -> None:
    with pytest.raises(SettingError, match="channels of conv_net must be the same"):
        NetworkSettings(architecture="conv_net", channels=1, settings={"channels": 3})
    with pytest.raises(SettingError, match="unfreeze must be parts of a frozen body"):
        NetworkSettings(architecture="vgg16", unfreeze=2)
