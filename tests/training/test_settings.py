"""Training configurations: strict, and each bundled one readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.core.errors import SettingError
from pellucid.core.settings import decode, encode, read_toml
from pellucid.training.fit_settings import FitSettings, Stage
from pellucid.training.settings import TrainingConfig, read_config

ALL = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))
CONFIGS = [path for path in ALL if not {"search", "distil"} & set(read_toml(path))]  # those have tests of their own


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_of_the_repository_reads_and_keeps_its_test_fold_apart(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem or path.stem.endswith("-teacher")
    assert not set(config.data.test) & (set(config.data.train) | set(config.data.choose))
    assert decode(TrainingConfig, encode(config), where="json") == config
    seeds = [part.seed for part in config.trainings()]
    assert len(set(seeds)) == len(seeds)


def test_members_override_what_they_name_and_no_more() -> None:
    config = decode(
        TrainingConfig,
        {
            "name": "n", "seed": 1, "data": {"dataset": "simulated:7"},
            "network": {"settings": {"dropout": 0.1}},
            "members": [{"name": "a", "seed": 2}, {"name": "b", "seed": 3, "settings": {"pools": [["max"]]}}],
        },
        where="t",
    )  # fmt: skip
    a, b = config.trainings()
    assert (a.name, a.seed, a.network.settings) == ("a", 2, {"dropout": 0.1})
    assert b.network.settings == {"dropout": 0.1, "pools": [["max"]]}
    assert a.fit == b.fit == config.fit


def test_stages_follow_each_other() -> None:
    fit = FitSettings(stages=(Stage(epochs=2, seconds=(5.0,)), Stage(epochs=1, seconds=(10.0,))))
    assert fit.epochs == 3
    assert [fit.stage(epoch).seconds for epoch in range(3)] == [(5.0,), (5.0,), (10.0,)]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"data": {"dataset": "d", "train": [1, 9]}}, r"train, choose and test folds must be apart.*\[9\]"),
        ({"data": {"dataset": "d"}, "fit": {"patience": 0}}, "patience >= 1"),
        ({"data": {"dataset": "d"}, "fit": {"lr": 1}}, r"'lr' is not known; known: stages, batch"),
        ({"data": {"dataset": "d"}, "fit": {"loss": {"nmae": "bce"}}}, r"'nmae' is not known.*Did you mean 'name'"),
        ({"data": {"dataset": "d"}, "network": {"arcitecture": "x"}}, "Did you mean 'architecture'"),
        ({"data": {"dataset": "d"}, "fit": {"stages": []}}, "at least one stage"),
        ({"data": {"dataset": "d"}, "name": "../x"}, r"letters, digits, _ \. and -; got \['\.\./x'\]"),
        ({"data": {"dataset": "d"}, "members": [{"name": "a", "seed": 1}, {"name": "a", "seed": 2}]}, "must differ"),
        ({"data": {"dataset": "d"}, "members": [{"name": "a", "seed": 1, "settings": {"widths": [4]}}]}, "got widths"),
        ({"data": {"dataset": "d"}, "augmentation": {"gain": 2}}, r"gain and lead_dropout must be in 0\.\.1"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(values: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        decode(TrainingConfig, {"name": "n", "seed": 1, **values}, where="c.toml")
