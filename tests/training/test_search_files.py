"""What a study leaves: TOML that reads back, a table, pictures, and words where there is no picture."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from pellucid.training.search import Plan, read_search
from pellucid.training.search_files import draw, toml_text, trials_table, write_tables
from pellucid.training.search_journal import Journal
from pellucid.training.search_workers import working
from pellucid.training.settings import read_config

CONFIG = """
name = "small"
seed = 3
limits = ["one \\"quoted\\" limit"]
[data]
dataset = "phantoms:40"
[network]
architecture = "conv_net"
[search]
trials = 12
seed = 1
[search.space]
fit.learning_rate = { low = 1e-3, high = 1e-1, log = true }
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "search.toml"
    path.write_text(CONFIG + "fit.batch = { low = 2, high = 9 }")
    return read_search(path)


def ended(journal: Journal, total: int) -> None:
    while (trial := journal.next(total)) is not None:
        score = trial.params.get("fit.batch", 5) / 10
        for name, value in (("score", score), ("epoch", 2), ("epochs", 3), ("seconds", 1.5)):
            trial.set_user_attr(name, value)
        journal.study.tell(trial.number, score)


def test_toml_reads_back_as_it_was() -> None:
    values = {
        "name": "a\"b\\ é", "seed": 3, "rate": 1e-05, "half": True, "empty": [],
        "data": {"train": [1, 2], "odd key": {"x": 0.5}},
        "fit": {"stages": [{"epochs": 2, "seconds": [4.0]}], "loss": {"name": "bce"}, "none": {}},
    }  # fmt: skip
    assert tomllib.loads(toml_text(values)) == values


def test_the_best_trial_is_a_plain_configuration(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        assert write_tables(journal, plan, tmp_path) == [tmp_path / "trials.csv"]  # nothing is best yet
        ended(journal, 4)
        assert write_tables(journal, plan, tmp_path) == [tmp_path / "best.toml", tmp_path / "trials.csv"]
        best = journal.best()
    assert best is not None
    config = read_config(tmp_path / "best.toml")
    assert config.name == "small-best"
    assert (config.fit.batch, config.fit.learning_rate) == (best.params["fit.batch"], best.params["fit.learning_rate"])
    assert config.limits == ('one "quoted" limit',)
    assert f"The best of 4 trials (4 finished) of a search with seed 1: trial {best.number}." in (
        tmp_path / "best.toml"
    ).read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "trials.csv", index_col="trial")
    assert list(table.columns) == [
        "state", "score", "epoch", "epochs", "seconds", "fit.learning_rate", "fit.batch", "reason",
    ]  # fmt: skip
    assert table["score"].tolist() == (table["fit.batch"] / 10).tolist()


def test_importance_is_drawn_of_ten_finished_trials_and_else_its_absence_is_explained(
    plan: Plan, tmp_path: Path
) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        ended(journal, 9)
        paths, words = draw(journal, plan, tmp_path)
        assert paths == [tmp_path / "history.png"]
        assert words == "No picture of importance: 9 trials are finished, and 10 are needed. Add some with --trials."
        ended(journal, 12)
        paths, words = draw(journal, plan, tmp_path)
    assert (paths, words) == ([tmp_path / "history.png", tmp_path / "importance.png"], "")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_one_setting_or_equal_scores_have_no_importance(tmp_path: Path) -> None:
    path = tmp_path / "search.toml"
    path.write_text(CONFIG)
    plan = read_search(path)
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        ended(journal, 11)
        assert "one setting alone explains" in draw(journal, plan, tmp_path)[1]
        path.write_text(CONFIG + "fit.averaging = { low = 0.1, high = 0.2 }")
        assert "all 11 finished trials have the same score" in draw(journal, read_search(path), tmp_path)[1]
        assert trials_table(journal.trials)["score"].unique().tolist() == [0.5]
