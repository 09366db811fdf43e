"""A study on disk: Optuna's journal, and how its trials are given out to processes that may be killed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from pellucid.core.randomness import generator
from pellucid.training.search import Plan
from pellucid.training.search_workers import Worker

JOURNAL = "study.log"
_OWNER = "worker"


class Journal:
    """The study in `folder/study.log`.

    Parameters
    ----------
    folder
        Of the study, on a file system that all its processes see.
    plan
        What is searched.
    worker
        This process.

    Notes
    -----
    Everything that a trial draws is settled by the search's seed, the trial's number and the trials before it: a
    sampler is made anew for each. A trial enters the journal with all its parameters in one line, or not at all. One
    that was running when its process was killed is taken over under its own number. A single process that is killed
    and started again so comes to the study of one that never was.
    """

    def __init__(self, folder: Path, plan: Plan, worker: Worker) -> None:
        logging.getLogger("optuna").setLevel(logging.WARNING)
        self._plan, self._worker, self._folder = plan, worker, folder
        path = (folder / JOURNAL).absolute()
        _cut_to_whole_lines(path)
        search = plan.search
        self._pruner = optuna.pruners.MedianPruner(n_startup_trials=search.startup, n_warmup_steps=search.warmup + 1)
        self.study = optuna.create_study(
            study_name=str(plan.values.get("name", "search")),
            storage=JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path)))),
            direction="maximize",
            pruner=self._pruner,
            load_if_exists=True,
        )

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, in the order of their numbers."""
        return self.study.get_trials(deepcopy=False)

    def best(self) -> FrozenTrial | None:
        """Return the finished trial of the highest score, the first among equals."""
        return max(
            (trial for trial in self.trials if trial.state == TrialState.COMPLETE),
            key=lambda trial: (trial.values[0], -trial.number),
            default=None,
        )

    def next(self, total: int) -> optuna.Trial | None:
        """Return a trial to run: one that a killed process left, else a new one, None when there are `total`."""
        with _alone(self._folder / "asking"):
            trials = self.trials
            left = next((one for one in trials if one.state == TrialState.RUNNING and self._is_left(one)), None)
            if left is not None:
                trial = self._open(left)
                trial.set_user_attr(_OWNER, self._worker.name)
                return trial
            if len(trials) >= total:
                return None
            self.study.add_trial(
                create_trial(
                    state=TrialState.RUNNING,
                    params=self._drawn(trials),
                    distributions=self._plan.distributions,
                    user_attrs={_OWNER: self._worker.name},
                )
            )
            return self._open(self.trials[len(trials)])

    def running_elsewhere(self) -> dict[int, str]:
        """Return the trials that a process on another machine holds, and which machine and file say so."""
        running = (trial for trial in self.trials if trial.state == TrialState.RUNNING)
        held = {trial.number: self._worker.elsewhere(trial.user_attrs[_OWNER]) for trial in running}
        return {number: words for number, words in held.items() if words is not None}

    def _open(self, trial: FrozenTrial) -> optuna.Trial:
        return optuna.Trial(self.study, trial._trial_id)  # the only name by which a trial is reported to

    def _is_left(self, trial: FrozenTrial) -> bool:
        return not self._worker.owner_lives(trial.user_attrs[_OWNER])

    def _drawn(self, trials: list[FrozenTrial]) -> dict[str, object]:
        """Return what the next trial draws, asked of a copy of the study in memory."""
        search = self._plan.search
        seed = int(generator(search.seed, len(trials)).integers(2**31))
        sampler = optuna.samplers.TPESampler(n_startup_trials=search.startup, seed=seed)
        copy = optuna.create_study(direction="maximize", sampler=sampler)
        # The sampler passes failed trials over and would propose the like again and again; pruned ones are its worst.
        copy.add_trials([_as_pruned(one) if one.state == TrialState.FAIL else one for one in trials])
        return dict(copy.ask(self._plan.distributions).params)


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    return create_trial(state=TrialState.PRUNED, params=trial.params, distributions=trial.distributions)


def _cut_to_whole_lines(path: Path) -> None:
    """Drop a last line that a killed process began and did not end; the next one would be written onto it."""
    with _alone(path):
        content = path.read_bytes() if path.is_file() else b""
        if content and not content.endswith(b"\n"):
            with path.open("r+b") as stream:
                stream.truncate(content.rfind(b"\n") + 1)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time, on any machine, into the block; a lock left by a killed one falls after 30 s."""
    lock = JournalFileOpenLock(str(path))
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
