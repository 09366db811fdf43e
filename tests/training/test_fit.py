"""Fitting: it learns, keeps the best epoch, stops early, and resumes to the same weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.networks.architectures.conv_net import ConvNet
from pellucid.networks.preparation import SlicePreparation
from pellucid.networks.store import ARCHITECTURES
from pellucid.networks.transfer import Backbone, freeze
from pellucid.training.batches import Batch, TrainingSet
from pellucid.training.choosing import ChoosingSet, choosing_loss
from pellucid.training.fit import fit
from pellucid.training.fit_settings import FitSettings, LossSettings, Stage
from pellucid.training.losses import loss_of
from pellucid.training.settings import DataSettings, TrainingConfig


class Mean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 1)
        self.dropout = nn.Dropout(0.2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.dropout(x.mean(-1) * 5))
        return out


def sets(seed: int = 0) -> tuple[TrainingSet, ChoosingSet]:
    numbers = np.random.default_rng(seed)
    signals = numbers.normal(scale=400, size=(64, 2, 40)).astype(np.int16)
    labels = numbers.random((64, 1)) < 0.5
    signals[labels[:, 0], 0] += 900
    none = np.zeros((64, 0), dtype=bool)
    return TrainingSet(signals, labels, none, none, 100.0), ChoosingSet(signals, labels)


def config(epochs: int = 4, **settings: object) -> TrainingConfig:
    stages = (Stage(epochs=epochs, seconds=(0.2, 0.4)),)
    chosen = {"stages": stages, "batch": 8, "learning_rate": 0.1, "averaging": 0.5, "precision": "float32", **settings}
    return TrainingConfig(name="t", seed=1, data=DataSettings(dataset="simulated:7"), fit=FitSettings(**chosen))  # type: ignore[arg-type]  # overridden above


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_it_learns_logs_each_epoch_and_leaves_the_global_random_state(tmp_path: Path) -> None:
    fresh = Mean()
    state = torch.get_rng_state()
    module = fit(fresh, *sets(), config(), tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    lines = log(tmp_path)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert lines[-1]["choosing_loss"] < 0.6 * float(np.log(2))
    assert not module.training
    best = min(line["choosing_loss"] for line in lines)
    assert choosing_loss(module, sets()[1], torch.device("cpu")) == pytest.approx(best, abs=1e-5)


class KilledError(Exception):
    pass


def test_a_killed_fit_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole = fit(Mean(), *sets(), config(), tmp_path / "whole")
    steps = 0
    real = loss_of(LossSettings(), sets()[0].labels, weight=0.3)

    def killing(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 21:  # in the middle of the third epoch
            raise KilledError
        return real(logits, batch)

    with pytest.raises(KilledError):
        fit(Mean(), *sets(), config(), tmp_path / "cut", loss=killing)
    resumed = fit(Mean(), *sets(), config(), tmp_path / "cut")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    strip = [{key: value for key, value in line.items() if key != "seconds"} for line in log(tmp_path / "cut")]
    assert strip == [
        {key: value for key, value in line.items() if key != "seconds"} for line in log(tmp_path / "whole")
    ]


def test_ctrl_c_stays_ctrl_c(tmp_path: Path) -> None:
    def interrupted(*_: object) -> torch.Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Mean(), *sets(), config(), tmp_path, loss=interrupted)


def test_a_stopped_fit_stays_stopped(tmp_path: Path) -> None:
    training, choosing = sets()
    upside_down = ChoosingSet(choosing.signals, ~choosing.labels)
    first = fit(Mean(), training, upside_down, config(epochs=20, patience=2), tmp_path)
    again = fit(Mean(), training, upside_down, config(epochs=20, patience=2), tmp_path)
    assert len(log(tmp_path)) == 3
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in first.state_dict().items())


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(UnreadableFileError, match=r"last\.ckpt cannot be read.*Remove it to start anew"):
        fit(Mean(), *sets(), config(), tmp_path)


def test_divergence_is_told_with_its_remedy(tmp_path: Path) -> None:
    module = Mean()
    with torch.no_grad():
        module.head.bias.fill_(float("nan"))
    with pytest.raises(
        InvalidInputError, match=r"diverged: the loss of epoch 1, step 1 is nan\. Lower fit\.learning_rate"
    ):
        fit(module, *sets(), config(), tmp_path)


def test_it_stops_when_patience_ends_and_keeps_the_best(tmp_path: Path) -> None:
    training, choosing = sets()
    upside_down = ChoosingSet(choosing.signals, ~choosing.labels)  # the better it learns, the worse it gets
    module = fit(Mean(), training, upside_down, config(epochs=20, patience=2), tmp_path)
    lines = log(tmp_path)
    assert len(lines) == 3
    assert lines[-1]["best_epoch"] == 1
    assert choosing_loss(module, upside_down, torch.device("cpu")) == pytest.approx(lines[0]["choosing_loss"], abs=1e-5)


def pictures(seed: int = 3) -> tuple[TrainingSet, ChoosingSet]:
    numbers = np.random.default_rng(seed)
    shown = numbers.integers(0, 120, size=(24, 20, 20)).astype(np.uint8)
    target = np.arange(24) % 3
    for position, name in enumerate(target):
        shown[position, 6 * name : 6 * name + 6] += 90
    labels = np.eye(3, dtype=bool)[target]
    none = np.zeros((24, 0), dtype=bool)
    preparation = SlicePreparation(size=(20, 20), mean=(0.3,), std=(0.2,))
    rate = float("nan")
    return TrainingSet(shown, labels, none, none, rate, None, preparation), ChoosingSet(
        shown, labels, rate, preparation
    )


def small_net() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ConvNet(3, channels=1, widths=(3, 4), size=(20, 20), dropout=0.2)


FURTHER = [
    {
        "optimizer": "adam",
        "l2": 0.01,
        "schedule": "plateau",
        "schedule_patience": 1,
        "learning_rate": 0.5,
        "averaging": 0.0,
        "keep": "score",
    },
    {"optimizer": "sgd", "schedule": "exponential", "schedule_factor": 0.7, "shuffle": False, "batch": 7},
    {"schedule": "cosine", "precision": "float64"},
    {"schedule": "constant", "keep": "score", "min_delta": 0.01},
]


@pytest.mark.parametrize("settings", FURTHER, ids=[str(one["schedule"]) for one in FURTHER])
def test_every_schedule_resumes_to_the_same_weights(settings: dict[str, object], tmp_path: Path) -> None:
    loss = LossSettings(name="cross_entropy", class_weights="balanced")
    asked = config(epochs=5, loss=loss, patience=5, **{"learning_rate": 0.05, **settings})
    training, choosing = pictures()
    if settings["schedule"] == "plateau":  # the better it learns, the worse it gets
        choosing = replace(choosing, labels=np.roll(choosing.labels, 1, axis=1))
    whole = fit(small_net(), training, choosing, asked, tmp_path / "whole")
    told: list[tuple[int, float]] = []

    def killing(epoch: int, line: Mapping[str, float]) -> None:
        told.append((epoch, line["choosing_score"]))
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        fit(small_net(), training, choosing, asked, tmp_path / "cut", watch=killing)
    assert (tmp_path / "cut" / "last.ckpt").is_file()
    resumed = fit(small_net(), training, choosing, asked, tmp_path / "cut", watch=killing)
    lines = log(tmp_path / "whole")
    assert told == [(line["epoch"], line["choosing_score"]) for line in lines]  # each epoch once
    assert all("choosing_accuracy" in line for line in lines)
    for name, value in whole.state_dict().items():
        assert value.dtype in (torch.float32, torch.int64)
        assert torch.equal(value, resumed.state_dict()[name]), name
    rates = [line["learning_rate"] for line in lines]
    assert rates == [line["learning_rate"] for line in log(tmp_path / "cut")]
    if settings["schedule"] != "constant":
        assert rates[-1] < rates[0]


def test_without_averaging_the_kept_weights_are_those_of_the_epoch(tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    module = small_net()
    real = loss_of(LossSettings(name="cross_entropy"), pictures()[0].labels, weight=0.0)

    def watching(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        seen.append(next(module.parameters()).detach().clone())
        return real(logits, batch)

    asked = config(2, averaging=0.0, optimizer="sgd", schedule="constant", learning_rate=1e-12, keep="score")
    fitted = fit(module, *pictures(), asked, tmp_path, loss=watching)
    assert torch.equal(next(fitted.parameters()), seen[-1])


def test_the_kept_epoch_is_that_of_the_best_score(tmp_path: Path) -> None:
    asked = config(6, loss=LossSettings(name="cross_entropy"), keep="score", learning_rate=0.05, patience=6)
    fit(small_net(), *pictures(), asked, tmp_path)
    scores = [line["choosing_score"] for line in log(tmp_path)]
    assert log(tmp_path)[-1]["best_epoch"] == 1 + int(np.argmax(scores))
    assert max(scores) > 0.9


def test_a_frozen_body_keeps_weights_and_batch_norms(tmp_path: Path) -> None:
    module = ARCHITECTURES["resnet50"](classes=2, channels=1, head="transfer")
    freeze(cast(Backbone, module))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    pictures = np.random.default_rng(0).integers(0, 255, (4, 32, 32)).astype(np.uint8)
    labels = np.eye(2, dtype=bool)[[0, 1, 0, 1]]
    none, preparation = np.zeros((4, 0), dtype=bool), SlicePreparation(size=(32, 32))
    data = TrainingSet(pictures, labels, none, none, 100.0, preparation=preparation)
    task = config(1, stages=(Stage(epochs=1),), batch=2, loss=LossSettings(name="cross_entropy"))
    after = fit(module, data, ChoosingSet(pictures, labels, preparation=preparation), task, tmp_path).state_dict()
    changed = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"head"}
