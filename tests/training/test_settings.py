"""Training configurations: strict, and each bundled one readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.core.errors import PellucidError, SettingError
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


FIT = 'name = "n"\nseed = 1\ndata = { dataset = "simulated:7" }\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[fit]\noptimizer = "adam"\nweight_decay = 0.1', r"weight_decay is of the optimizer adamw.*adam\. Set l2"),
        ('[fit]\noptimizer = "sgd"\nhead_weight_decay = 0.1', "head_weight_decay is of the optimizer adamw"),
        ("[fit]\nmomentum = 0.5", r"fit: momentum is of the optimizer sgd.*with adamw\. Leave it out"),
        ("[fit]\nschedule_patience = 3", "schedule_patience is of the schedule plateau and has no effect with one_c"),
        (
            '[[members]]\nname = "a"\nseed = 1\nfit = { optimizer = "adam", weight_decay = 0.1 }',
            "fit of member a: weight_decay is of the optimizer adamw",
        ),
    ],
)
def test_what_has_no_effect_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FIT + text)
    with pytest.raises(SettingError, match=rf"own\.toml: {told}" if told.startswith("fit") else told):
        read_config(path)


def test_a_file_for_another_command_is_told(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FIT + "[search]\ntrials = 3\n")
    with pytest.raises(SettingError, match=r"own\.toml has a table \[search\], so it is for pellucid tune"):
        read_config(path)


def test_a_preset_states_nothing_that_a_file_must_answer_for(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('preset = "s1_practical"\n[fit]\noptimizer = "adam"\n')
    assert read_config(path).fit.optimizer == "adam"


def test_weights_are_looked_for_beside_the_configuration_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("config", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    path = tmp_path / "config" / "own.toml"
    path.write_text(FIT + '[network]\narchitecture = "vgg16"\nweights = "vgg.pt"\n')
    assert read_config(path).network.weights == "vgg.pt"
    (tmp_path / "config" / "vgg.pt").touch()
    assert read_config(path).network.weights == str(tmp_path / "config" / "vgg.pt")
    (tmp_path / "work" / "vgg.pt").touch()
    assert read_config(path).network.weights == "vgg.pt"


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ('architecture = "convnet"', "architecture 'convnet' is not known.*Did you mean 'conv_net'"),
        ('architecture = "conv_net"\nsettings = { width = [4] }', "setting of conv_net 'width'.*Did you mean 'widths'"),
    ],
)
def test_a_misspelt_network_is_told_with_the_file(tmp_path: Path, network: str, told: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"{FIT}[network]\n{network}\n")
    with pytest.raises(PellucidError, match=rf"own\.toml: {told}"):
        read_config(path)
