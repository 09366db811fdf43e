"""Fitting: it learns, keeps the best epoch, stops early, and resumes to the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.training import fit as fitting
from pellucid.training.batches import TrainingSet
from pellucid.training.fit import ChoosingSet, choosing_loss, fit
from pellucid.training.settings import DataSettings, FitSettings, Stage, TrainingConfig


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


def test_a_killed_fit_resumes_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit(Mean(), *sets(), config(), tmp_path / "whole")
    steps = 0
    real = fitting.bce_with_auxiliary

    def killing(*arguments: torch.Tensor, **settings: float) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 21:  # in the middle of the third epoch
            raise KilledError
        return real(*arguments, **settings)

    monkeypatch.setattr(fitting, "bce_with_auxiliary", killing)
    with pytest.raises(KilledError):
        fit(Mean(), *sets(), config(), tmp_path / "cut")
    monkeypatch.setattr(fitting, "bce_with_auxiliary", real)
    resumed = fit(Mean(), *sets(), config(), tmp_path / "cut")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    strip = [{key: value for key, value in line.items() if key != "seconds"} for line in log(tmp_path / "cut")]
    assert strip == [
        {key: value for key, value in line.items() if key != "seconds"} for line in log(tmp_path / "whole")
    ]


def test_ctrl_c_stays_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: torch.Tensor, **__: float) -> torch.Tensor:
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "bce_with_auxiliary", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(Mean(), *sets(), config(), tmp_path)


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
    with pytest.raises(InvalidInputError, match=r"diverged: the loss of epoch 1 is nan\. Lower fit\.learning_rate"):
        fit(module, *sets(), config(), tmp_path)


def test_it_stops_when_patience_ends_and_keeps_the_best(tmp_path: Path) -> None:
    training, choosing = sets()
    upside_down = ChoosingSet(choosing.signals, ~choosing.labels)  # the better it learns, the worse it gets
    module = fit(Mean(), training, upside_down, config(epochs=20, patience=2), tmp_path)
    lines = log(tmp_path)
    assert len(lines) == 3
    assert lines[-1]["best_epoch"] == 1
    assert choosing_loss(module, upside_down, torch.device("cpu")) == pytest.approx(lines[0]["choosing_loss"], abs=1e-5)
