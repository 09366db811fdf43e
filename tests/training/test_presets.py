"""Recipes: each readable, each overridden key by key, unknown ones told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.core.errors import UnknownNameError, UnreadableFileError
from pellucid.networks.store import ARCHITECTURES
from pellucid.training.presets import expanded, preset, preset_names
from pellucid.training.settings import read_config


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_configuration_that_says_what_is_published(name: str) -> None:
    config = read_config(Path(name))
    assert config.name == name.replace("_", "-")
    assert config.network.architecture in ARCHITECTURES
    assert config.fit.averaging == 0  # none of them averages weights
    text = (Path(read_config.__code__.co_filename).parent / "presets" / f"{name}.toml").read_text()
    assert "# Published: " in text
    assert "# Ours: " in text


def test_the_recipes_are_those_of_the_sources() -> None:
    assert preset_names() == ("ribeiro", "s1", "s1_practical", "s3", "s4", "s5")
    s1 = read_config(Path("s1")).fit
    assert (s1.loss.name, s1.loss.focus, s1.optimizer, s1.rate, s1.l2) == ("focal", (10.0, 5.0), "adam", 1e-6, 0.1)
    assert (s1.schedule, s1.factor, s1.batch, s1.epochs, s1.shuffle, s1.precision) == (
        "exponential", 0.999, 256, 250, False, "float64",
    )  # fmt: skip
    ribeiro = read_config(Path("ribeiro")).fit
    assert (ribeiro.schedule, ribeiro.factor, ribeiro.schedule_patience, ribeiro.schedule_floor) == (
        "plateau", 0.1, 7, 1e-5,
    )  # fmt: skip
    assert (ribeiro.batch, ribeiro.epochs, ribeiro.patience, ribeiro.min_delta, ribeiro.shuffle) == (
        64, 70, 9, 1e-5, False,
    )  # fmt: skip


def test_a_files_own_keys_come_first_table_by_table(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('preset = "S1-practical"\nseed = 7\n[fit]\nbatch = 8\n[fit.loss]\nclass_weights = "balanced"\n')
    mine, base = read_config(path), read_config(Path("s1-practical"))
    assert (mine.seed, mine.fit.batch, mine.fit.loss.class_weights) == (7, 8, "balanced")
    assert (mine.name, mine.fit.loss.name, mine.fit.learning_rate) == (base.name, "focal", base.fit.learning_rate)
    assert expanded({"name": "n"}) == {"name": "n"}
    assert expanded({"preset": "s3", "network": {"channels": 1}})["network"] == {
        "architecture": "conv_net", "settings": {"widths": [16, 36, 45, 54]}, "channels": 1,
    }  # fmt: skip
    assert expanded({"preset": "s3", "network": {"architecture": "vgg16"}})["network"] == {"architecture": "vgg16"}
    assert preset("s5")["network"]["length"] == 186


def test_what_is_no_preset_and_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"preset 'riberio' is not known.*Did you mean 'ribeiro'.*TOML file"):
        read_config(Path("riberio"))
    with pytest.raises(UnreadableFileError, match=r"none\.toml cannot be read"):
        read_config(tmp_path / "none.toml")
