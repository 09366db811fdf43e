"""The space of a search: what is drawn, what it becomes, and what is wrong with it in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from pellucid.core.errors import SettingError
from pellucid.training.search import Choices, Plan, Range, Rising, read_search

EXAMPLES = sorted((Path(__file__).parents[2] / "configs").glob("tune-*.toml"))
CONFIG = """
name = "small"
seed = 3
[data]
dataset = "phantoms:40"
[network]
architecture = "conv_net"
settings = { head = "gap" }
[fit]
stages = [{ epochs = 4 }]
[search]
trials = 6
seed = 1
[search.space]
"""


def plan(tmp_path: Path, space: str, config: str = CONFIG) -> Plan:
    path = tmp_path / "search.toml"
    path.write_text(config + space)
    return read_search(path)


def test_forms_become_distributions_and_values(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        """
        fit.learning_rate = { low = 1e-5, high = 1e-2, log = true }
        "fit.batch" = { low = 8, high = 32, step = 8 }
        network.settings.dropout = { low = 0, high = 0.5 }
        network.settings.kernel = { choices = [3, 5] }
        network.settings.widths = { blocks = [2, 5], low = 8, high = 64, rising = true }
        fit.stages.0.epochs = { low = 2, high = 6 }
        fit.optimizer = { choices = ["adam", "sgd"] }
        """,
    )
    widths = "network.settings.widths"
    assert found.distributions == {
        "fit.learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
        "fit.batch": IntDistribution(8, 32, step=8),
        "fit.stages.0.epochs": IntDistribution(2, 6),
        "fit.optimizer": CategoricalDistribution(('"adam"', '"sgd"')),
        "network.settings.dropout": FloatDistribution(0, 0.5),
        "network.settings.kernel": CategoricalDistribution(("3", "5")),
        f"{widths}.blocks": IntDistribution(2, 5),
        f"{widths}.first": IntDistribution(8, 64, log=True),
        f"{widths}.growth": FloatDistribution(0, 1),
    }
    drawn: dict[str, Any] = {"fit.learning_rate": 0.001, "fit.batch": 16, "network.settings.dropout": 0.1}
    drawn |= {"network.settings.kernel": "5", "fit.stages.0.epochs": 3, "fit.optimizer": '"sgd"'}
    config = found.config(drawn | {f"{widths}.blocks": 4, f"{widths}.first": 8, f"{widths}.growth": 1.0})
    assert (config.fit.learning_rate, config.fit.batch, config.fit.epochs, config.fit.optimizer) == (
        0.001, 16, 3, "sgd",
    )  # fmt: skip
    # 8 to 64 in three equal ratios: each twice the one before.
    assert config.network.settings == {"head": "gap", "dropout": 0.1, "kernel": 5, "widths": [8, 16, 32, 64]}
    assert found.config().fit.epochs == 4  # the file's own values stay as they are


@pytest.mark.parametrize(("blocks", "first", "growth"), [(1, 8, 1.0), (2, 64, 0.5), (5, 8, 0.0), (4, 9, 0.7)])
def test_a_rising_list_never_falls_and_keeps_to_its_bounds(blocks: int, first: int, growth: float) -> None:
    form = Rising(blocks=(1, 5), low=8, high=64, rising=True)
    values = form.value("k", {"k.blocks": blocks, "k.first": first, "k.growth": growth})
    assert len(values) == blocks
    assert values == sorted(values)
    assert (values[0], values[-1]) == (first, round(first * (64 / first) ** growth) if blocks > 1 else first)


def test_extremes_are_the_ends() -> None:
    assert list(Range(low=1, high=3).extremes()) == [1, 3]
    assert list(Choices(choices=([1], "a")).extremes()) == [[1], "a"]
    assert list(Rising(blocks=(1, 3), low=2, high=8, rising=True).extremes()) == [[2], [2, 4, 8]]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("fit.learning_rat = { low = 1e-3, high = 1e-2 }", r"search\.space\.fit\.learning_rat: key 'learning_rat'.*"
         "Did you mean 'learning_rate'"),
        ("network.settings.dropot = { low = 0.1, high = 0.2 }", "setting of conv_net 'dropot'.*Did you mean 'dropout'"),
        ("fit.learning_rate = { low = -1.0, high = 1.0 }", r"search\.space\.fit\.learning_rate.*learning_rate > 0"),
        ("fit.learning_rate = { low = 0.1, hihg = 1.0 }", r"fit\.learning_rate: key 'hihg'.*Did you mean 'high'"),
        ("fit.learning_rate = { low = 0.1, high = 0.01 }", "low must be below high"),
        ("fit.learning_rate = { low = 0.0, high = 0.1, log = true }", "above 0 with log"),
        ("fit.batch = { low = 8, high = 30, step = 8 }", "step must be positive, without log, and lead"),
        ("fit.batch = 8", r"search\.space\.fit\.batch must be \{ low, high, log or step \}.*got 8"),
        ("fit.batch = { lo = 8 }", r"search\.space\.fit\.batch\.lo must be \{ low"),
        ("fit.batch = {}", r"search\.space\.fit\.batch must be \{ low"),
        ("fit.batch = { choices = [8, 8] }", "choices must be different"),
        ("network.settings.widths = { blocks = [0, 2], low = 2, high = 4, rising = true }", "fewest, most"),
        ("fit.stages.3.epochs = { low = 1, high = 2 }", "has no such entry"),
        ("data.train = { choices = [[1], [2]] }", "data is the same for all trials"),
        ("seed = { low = 1, high = 9 }", "seed is the same for all trials"),
        ("", r"needs trials >= 1.*\[search\.space\] that is not empty"),
    ],
)  # fmt: skip
def test_a_bad_space_is_told_before_any_data_are_read(
    tmp_path: Path, space: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.datasets.dataset.dataset", None)
    with pytest.raises(SettingError, match=rf"search\.toml: {words}" if words.startswith("search") else words) as told:
        plan(tmp_path, space)
    assert "search.toml" in str(told.value)


def test_a_bad_search_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"search\.toml: search: key 'trails'.*Did you mean 'trials'"):
        plan(tmp_path, "fit.batch = { low = 2, high = 4 }", CONFIG.replace("trials", "trails"))
    path = tmp_path / "plain.toml"
    path.write_text(CONFIG.partition("[search]")[0])
    with pytest.raises(SettingError, match=r"plain\.toml: a search needs a table \[search\]"):
        read_search(path)


def test_the_data_set_can_be_put_in(tmp_path: Path) -> None:
    plan(tmp_path, "fit.batch = { low = 2, high = 4 }")
    assert read_search(tmp_path / "search.toml", data="phantoms:8").config().data.dataset == "phantoms:8"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    found = read_search(path)
    assert found.config().name == path.stem
    assert 4 <= len(found.space) <= len(found.distributions)


def test_what_a_drawn_optimiser_does_not_use_is_left_out(tmp_path: Path) -> None:
    space = (
        'fit.weight_decay = { low = 1e-4, high = 1e-2, log = true }\nfit.optimizer = { choices = ["adam", "adamw"] }'
    )
    found = plan(tmp_path, space)
    drawn = {"fit.weight_decay": 3e-3, "fit.optimizer": '"adamw"'}
    assert found.drawn_values(drawn)["fit"]["weight_decay"] == 3e-3
    assert "weight_decay" not in found.drawn_values({**drawn, "fit.optimizer": '"adam"'})["fit"]
    adam = CONFIG.replace("[search]", 'optimizer = "adam"\n[search]')
    with pytest.raises(
        SettingError, match=r"search\.space\.fit\.weight_decay: fit: weight_decay is of the optimizer adamw"
    ):
        plan(tmp_path, space.partition("\n")[0], adam)


def test_a_preset_and_weights_beside_the_file_are_found(tmp_path: Path) -> None:
    (tmp_path / "w.pt").touch()
    text = 'preset = "s3"\n[network]\narchitecture = "squeeze_net"\nweights = "w.pt"\n[search]\ntrials = 2\nseed = 1\n'
    found = plan(tmp_path, "[search.space]\nfit.batch = { low = 2, high = 4 }", text)
    assert found.config().fit.optimizer == "adam"
    assert found.config().network.weights == str(tmp_path / "w.pt")


def test_what_a_preset_states_for_another_optimiser_is_left_out(tmp_path: Path) -> None:
    text = 'preset = "s1_practical"\n[fit]\noptimizer = "adam"\n[search]\ntrials = 2\nseed = 1\n'
    found = plan(tmp_path, "[search.space]\nfit.batch = { low = 2, high = 4 }", text)
    assert "weight_decay" not in found.values["fit"]
    assert found.config().fit.optimizer == "adam"
