"""Trials are given out once, drawn alike whatever was killed, and taken over under their own number."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState

from pellucid.training.search import Plan, read_search
from pellucid.training.search_journal import Journal
from pellucid.training.search_workers import working

CONFIG = """
name = "small"
seed = 3
[data]
dataset = "phantoms:40"
[network]
architecture = "conv_net"
[search]
trials = 8
seed = 1
startup = 2
[search.space]
fit.learning_rate = { low = 1e-3, high = 1e-1, log = true }
fit.batch = { low = 2, high = 9 }
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "search.toml"
    path.write_text(CONFIG)
    return read_search(path)


def ended(journal: Journal, total: int) -> list[dict[str, float]]:
    """Run trials whose score is known in closed form, and return what was drawn."""
    while (trial := journal.next(total)) is not None:
        journal.study.tell(trial.number, -abs(trial.params["fit.batch"] - 5) - trial.params["fit.learning_rate"])
    return [trial.params for trial in journal.trials]


def test_the_same_seed_draws_the_same_through_any_restarts(plan: Plan, tmp_path: Path) -> None:
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    with working(tmp_path / "whole") as worker:
        whole = ended(Journal(tmp_path / "whole", plan, worker), 8)
    for total in (1, 3, 4, 8):
        with working(tmp_path / "cut") as worker:
            assert ended(Journal(tmp_path / "cut", plan, worker), total) == whole[:total]
    assert len({params["fit.learning_rate"] for params in whole}) == 8  # each trial draws for itself


def test_it_searches_where_scores_are_high(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        drawn = ended(journal, 25)
    away = sorted(abs(params["fit.batch"] - 5) for params in drawn[15:])
    assert away[5] <= 1  # at random the half would be 2 away or more
    best = journal.best()
    assert best is not None
    assert best.params["fit.batch"] == 5


def test_what_failed_is_not_proposed_again_and_again(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        while (trial := journal.next(25)) is not None:
            failed = trial.params["fit.batch"] > 6
            state = TrialState.FAIL if failed else TrialState.COMPLETE
            journal.study.tell(trial.number, None if failed else float(trial.params["fit.batch"]), state=state)
        states = [trial.state for trial in journal.trials]
    assert states.count(TrialState.FAIL) <= 10  # passed over by the sampler it would be 22 of the 25


def test_a_trial_is_taken_over_only_when_its_process_has_gone(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as first:
        lost = Journal(tmp_path, plan, first).next(2)
        assert lost is not None
        with working(tmp_path) as second:
            journal = Journal(tmp_path, plan, second)
            other = journal.next(2)
            assert other is not None
            assert (lost.number, other.number) == (0, 1)
            assert journal.next(2) is None  # the total counts both processes' trials
    with working(tmp_path) as third:
        journal = Journal(tmp_path, plan, third)
        again = journal.next(2)
        assert again is not None
        assert (again.number, again.params) == (0, lost.params)
        assert [trial.state for trial in journal.trials] == [TrialState.RUNNING, TrialState.RUNNING]


def test_trials_on_another_machine_are_told(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        journal.next(1)
        assert journal.running_elsewhere() == {}
        path = tmp_path / "workers" / worker.name
        path.write_text('{"host": "another.machine", "process": 7}')
        assert journal.running_elsewhere() == {0: f"another.machine ({path})"}


def test_a_line_that_a_killed_process_began_is_dropped(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        whole = ended(Journal(tmp_path, plan, worker), 2)
        with (tmp_path / "study.log").open("a") as stream:
            stream.write('{"op_code": 4, "worker')
        assert ended(Journal(tmp_path, plan, worker), 3)[:2] == whole


def test_the_first_of_equals_is_the_best(plan: Plan, tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        journal = Journal(tmp_path, plan, worker)
        assert journal.best() is None
        for score in (0.5, 0.7, 0.7):
            trial = journal.next(3)
            assert trial is not None
            journal.study.tell(trial.number, score)
        best = journal.best()
    assert best is not None
    assert best.number == 1
