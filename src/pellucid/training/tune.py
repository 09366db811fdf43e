"""Searching for a better configuration: one training a trial, judged on the choosing folds, never on the test folds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.trial import TrialState

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_json
from pellucid.core.progress import opened
from pellucid.core.settings import encode
from pellucid.datasets.dataset import Dataset
from pellucid.training.fit_log import LOG, read_log
from pellucid.training.learnable import learnt_from
from pellucid.training.search import Plan
from pellucid.training.search_files import draw, write_tables
from pellucid.training.search_journal import JOURNAL, Journal
from pellucid.training.search_workers import working
from pellucid.training.settled import settled
from pellucid.training.train import fitted, open_dataset

Tell = Callable[[str], None]

_HOPELESS = 3  # failed trials without a finished one: the fault is the configuration's, not the draw's


def tune(plan: Plan, folder: Path, *, trials: int | None = None, tell: Tell = lambda words: None) -> list[Path]:
    """Search until the study has as many trials as it should, and return what was written.

    Parameters
    ----------
    plan
        What `read_search` gives.
    folder
        Keeps the study. A search that was killed goes on where it ended when it is called again with it, and comes to
        the same study; several processes and machines may work on it at once.
    trials
        How many in all, in place of the plan's.
    tell
        Gets a line for people after each trial, and what else is to be said.

    Raises
    ------
    InvalidInputError
        When the folder holds a study of another configuration, or none of its first trials could be trained.

    Notes
    -----
    The score of a trial is that of the epoch it keeps, on the choosing folds. The records of the test folds are not
    among those that a trial is given. All trials start from the configuration's own seed.
    Cost: a training a trial, less what pruning saves.
    """
    total = plan.search.trials if trials is None else trials
    _same_study(plan, folder)
    base = plan.config()
    source = learnt_from(open_dataset(base.data), base.data)
    settled(base, source)  # what no trial could be trained with is told before the first
    tick = opened(f"trials of {base.name}", total)
    with working(folder) as worker:
        journal = Journal(folder, plan, worker)
        while (trial := journal.next(total)) is not None:
            _run(trial, plan, source, folder, journal)
            tick(sum(one.state.is_finished() for one in journal.trials))
            tell(_words(journal, trial.number))
            _tidy(journal, folder)
            write_tables(journal, plan, folder)
            _refuse_the_hopeless(journal)
        for number, where in journal.running_elsewhere().items():
            tell(f"trial {number} is in the hands of a process on {where}; if it was killed, remove that file.")
        written = write_tables(journal, plan, folder)
        pictures, lacking = draw(journal, plan, folder)
        if lacking:
            tell(lacking)
        return [*written, *pictures]


def _same_study(plan: Plan, folder: Path) -> None:
    path = folder / "search.json"
    search = {key: value for key, value in encode(plan.search).items() if key != "trials"}
    wanted = json.loads(json.dumps({"training": plan.values, "search": search}))
    if path.is_file() and (folder / JOURNAL).is_file() and json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise InvalidInputError(
            f"{folder} holds a study of another configuration ({path}): its trials do not compare with new ones. "
            "Name another folder with --out, or remove it; only the number of trials may change."
        )
    write_json(path, wanted)


@dataclass(frozen=True, slots=True)
class _Reports:
    """The epochs of one trial, told to the study as they come; pruning ends the fit."""

    trial: optuna.Trial
    log: Path

    def __call__(self, epoch: int, line: Mapping[str, float]) -> None:
        self.catch_up(read_log(self.log))

    def catch_up(self, lines: Sequence[Mapping[str, float]]) -> None:
        """Report what is not reported yet, then ask whether to go on: a process may have been killed before it did."""
        known = self.trial.study.trials[self.trial.number].intermediate_values
        for line in lines:
            if line["epoch"] not in known:
                self.trial.report(line["choosing_score"], int(line["epoch"]))
        if lines and self.trial.should_prune():
            raise optuna.TrialPruned


def _run(trial: optuna.Trial, plan: Plan, source: Dataset, folder: Path, journal: Journal) -> None:
    """Train one trial and tell the study how it ended."""
    place = folder / "trials" / f"{trial.number:03d}"
    reports = _Reports(trial, place / LOG)
    state, reason = TrialState.COMPLETE, ""
    try:
        config = plan.config(trial.params)
        reports.catch_up(read_log(reports.log))
        fitted(replace(config, name=f"{config.name}-{trial.number:03d}"), source, place, watch=reports)
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except (InvalidInputError, RuntimeError) as error:  # of torch too: shapes that do not fit, memory that is not there
        state, reason = TrialState.FAIL, " ".join(str(error).split())
    lines = read_log(reports.log)
    if reason or not lines:
        trial.set_user_attr("reason", reason)
    else:
        kept = next(line for line in lines if line["epoch"] == lines[-1]["best_epoch"])
        for name, value in (
            ("score", kept["choosing_score"]),
            ("epoch", kept["epoch"]),
            ("epochs", len(lines)),
            ("seconds", round(sum(line["seconds"] for line in lines), 1)),
        ):
            trial.set_user_attr(name, value)
    score = trial.user_attrs["score"] if state == TrialState.COMPLETE else None
    journal.study.tell(trial.number, score, state=state)


def _words(journal: Journal, number: int) -> str:
    trial, best = journal.trials[number], journal.best()
    told = trial.user_attrs
    if trial.state == TrialState.FAIL:
        return f"trial {number} failed: {told['reason']}"
    score = f"{told['score']:.4f} at epoch {told['epoch']} of {told['epochs']}"
    end = "pruned, " if trial.state == TrialState.PRUNED else ""
    top = "" if best is None else f" (best {best.values[0]:.4f}, trial {best.number})"
    drawn = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in trial.params.items())
    return f"trial {number}: {end}{score}{top}; {drawn}"


def _tidy(journal: Journal, folder: Path) -> None:
    """Keep the log of each trial that has ended, and the weights of the best one."""
    best = journal.best()
    for trial in journal.trials:
        if not trial.state.is_finished():
            continue
        kept = {LOG, "weights.safetensors"} if best is not None and trial.number == best.number else {LOG}
        for path in (folder / "trials" / f"{trial.number:03d}").glob("*"):
            if path.is_file() and path.name not in kept:
                path.unlink(missing_ok=True)


def _refuse_the_hopeless(journal: Journal) -> None:
    ended = [trial for trial in journal.trials if trial.state.is_finished()]
    if len(ended) >= _HOPELESS and all(trial.state == TrialState.FAIL for trial in ended):
        raise InvalidInputError(
            f"none of the first {len(ended)} trials could be trained; the last: {ended[-1].user_attrs['reason']}"
        )
