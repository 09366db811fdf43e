"""Searching: resumed it comes to the same study, it never reads a test record, it prunes and fails in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.catalog.phantoms import Phantoms
from pellucid.training import train
from pellucid.training import tune as tuning
from pellucid.training.search import Plan, read_search
from pellucid.training.search_files import trials_table
from pellucid.training.search_journal import Journal
from pellucid.training.search_workers import working
from pellucid.training.settings import read_config

CONFIG = """
name = "small"
seed = 3
[data]
dataset = "phantoms:48,size=32"
train = [1, 2, 3]
choose = [4, 5]
test = [6]
[network]
architecture = "conv_net"
channels = 1
size = [16, 16]
settings = { head = "gap", widths = [3] }
[fit]
stages = [{ epochs = 2 }]
batch = 6
averaging = 0.0
precision = "float32"
[search]
trials = 4
seed = 1
startup = 2
warmup = 0
[search.space]
fit.learning_rate = { low = 1e-3, high = 1e-1, log = true }
network.settings.dropout = { low = 0.0, high = 0.5 }
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "search.toml"
    path.write_text(CONFIG)
    return read_search(path)


class KilledError(Exception):
    pass


def study(folder: Path, plan: Plan) -> list[dict[str, Any]]:
    """Return all that a study holds of its trials, but for seconds and who ran them."""
    with working(folder) as worker:
        trials = Journal(folder, plan, worker).trials
    rows = trials_table(trials).drop(columns="seconds").to_dict(orient="records")
    return [
        {**{str(key): value for key, value in row.items()}, "epochs": trial.intermediate_values}
        for row, trial in zip(rows, trials, strict=True)
    ]


def test_killed_and_resumed_it_is_the_study_that_was_never_stopped(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = set()
    read = Phantoms.read

    def noted(self: Phantoms, record_id: Any) -> Any:
        folds.add(self.table["fold"][record_id])
        return read(self, record_id)

    monkeypatch.setattr(Phantoms, "read", noted)
    tuning.tune(plan, tmp_path / "whole")
    assert folds == {1, 2, 3, 4, 5}  # and nothing of the test fold
    real = train.fitted

    def killed(config: Any, *arguments: Any, watch: Callable[..., None]) -> Any:
        def dying(epoch: int, line: Mapping[str, float]) -> None:
            if (config.name, epoch) == ("small-002", 1):
                raise KilledError
            watch(epoch, line)

        return real(config, *arguments, watch=dying)

    monkeypatch.setattr(tuning, "fitted", killed)
    with pytest.raises(KilledError):
        tuning.tune(plan, tmp_path / "cut")
    monkeypatch.setattr(tuning, "fitted", real)
    assert (tmp_path / "cut" / "trials" / "002" / "last.ckpt").is_file()
    assert study(tmp_path / "cut", plan)[2]["state"] == "running"
    told: list[str] = []
    tuning.tune(plan, tmp_path / "cut", tell=told.append)
    assert [words.partition(":")[0] for words in told[:2]] == ["trial 2", "trial 3"]
    whole = study(tmp_path / "whole", plan)
    assert study(tmp_path / "cut", plan) == whole
    assert [len(row["epochs"]) for row in whole[:2]] == [2, 2]
    best = read_config(tmp_path / "cut" / "best.toml")
    assert best == read_config(tmp_path / "whole" / "best.toml")
    winner = max(range(4), key=lambda number: (whole[number]["state"] == "finished", whole[number]["score"], -number))
    assert best.network.settings["dropout"] == whole[winner]["network.settings.dropout"]
    kept = sorted(str(path.relative_to(tmp_path / "cut" / "trials")) for path in tmp_path.glob("cut/trials/*/*"))
    assert kept == sorted([*(f"00{i}/log.jsonl" for i in range(4)), f"00{winner}/weights.safetensors"])


def pretended(scores: Callable[[int], list[float]]) -> Callable[..., None]:
    """Return a fit that is over at once: its log and what it tells of each epoch, by the trial's number."""

    def fitted(config: Any, source: Any, folder: Path, *, watch: Callable[..., None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        log, lines = folder / "log.jsonl", []
        for epoch, score in enumerate(scores(int(config.name[-3:])), start=1):
            line = {"epoch": epoch, "choosing_score": score, "best_epoch": 1, "seconds": 0.5}
            lines.append(line)
            log.write_text("".join(json.dumps(one) + "\n" for one in lines))
            watch(epoch, line)
        (folder / "weights.safetensors").write_bytes(b"")

    return fitted


def test_a_trial_below_the_median_is_pruned_after_the_warm_up(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(plan, search=replace(plan.search, startup=3, warmup=2))
    good, bad = [0.5, 0.6, 0.7, 0.8], [0.4, 0.3, 0.2, 0.1]
    monkeypatch.setattr(tuning, "fitted", pretended(lambda number: bad if number in (0, 3) else good))
    tuning.tune(plan, tmp_path)
    rows = study(tmp_path, plan)
    # The first is as bad as the fourth, but is judged by nobody: too few are done. The fourth ends at epoch 3.
    assert [(row["state"], len(row["epochs"])) for row in rows] == [
        ("finished", 4), ("finished", 4), ("finished", 4), ("pruned", 3),
    ]  # fmt: skip
    assert [row["score"] for row in rows] == [0.4, 0.5, 0.5, 0.4]  # of the epoch that is kept, not the best or last


def test_a_trial_that_was_killed_before_it_was_pruned_is_pruned_at_the_same_epoch(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = [0.5, 0.6, 0.7], [0.4, 0.3, 0.2]
    fit = pretended(lambda number: bad if number == 3 else good)

    def killed(config: Any, source: Any, folder: Path, *, watch: Callable[..., None]) -> None:
        def dying(epoch: int, line: Mapping[str, float]) -> None:
            if config.name == "small-003":
                raise KilledError
            watch(epoch, line)

        fit(config, source, folder, watch=dying)

    monkeypatch.setattr(tuning, "fitted", killed)
    with pytest.raises(KilledError):
        tuning.tune(plan, tmp_path)
    monkeypatch.setattr(tuning, "fitted", fit)
    tuning.tune(plan, tmp_path)
    assert study(tmp_path, plan)[3]["epochs"] == {1: 0.4}
    assert study(tmp_path, plan)[3]["state"] == "pruned"


def test_a_trial_that_cannot_be_trained_fails_in_words_and_the_search_goes_on(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = pretended(lambda number: [0.5])

    def failing(config: Any, source: Any, folder: Path, *, watch: Callable[..., None]) -> None:
        if config.name == "small-001":
            raise InvalidInputError("it diverged.")
        fit(config, source, folder, watch=watch)

    monkeypatch.setattr(tuning, "fitted", failing)
    told: list[str] = []
    tuning.tune(plan, tmp_path, trials=3, tell=told.append)
    assert told[1] == "trial 1 failed: it diverged."
    assert [row["state"] for row in study(tmp_path, plan)] == ["finished", "failed", "finished"]
    tuning.tune(plan, tmp_path, trials=5)  # more are added to what is there
    assert len(study(tmp_path, plan)) == 5


def test_when_nothing_can_be_trained_the_search_ends(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("kernel larger than the picture")

    monkeypatch.setattr(tuning, "fitted", failing)
    with pytest.raises(InvalidInputError, match="none of the first 3 trials could be trained; the last: kernel larger"):
        tuning.tune(plan, tmp_path)
    assert not (tmp_path / "best.toml").exists()


def test_another_configuration_in_the_same_folder_is_refused(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "fitted", pretended(lambda number: [0.5]))
    tuning.tune(plan, tmp_path, trials=1)
    with pytest.raises(InvalidInputError, match=r"another configuration.*Name another folder with --out"):
        tuning.tune(replace(plan, search=replace(plan.search, seed=2)), tmp_path)
    (tmp_path / "search.toml").write_text(CONFIG.replace("batch = 6", "batch = 8"))
    with pytest.raises(InvalidInputError, match="do not compare"):
        tuning.tune(read_search(tmp_path / "search.toml"), tmp_path)
