"""What is told of a running fit: a line an epoch in a file, steps on a display, and whoever watches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

import lightning
from lightning.pytorch.callbacks import Callback, Checkpoint

from pellucid.core.files import write_text
from pellucid.core.progress import Tick, opened

Watch = Callable[[int, Mapping[str, float]], None]
"""Is called after each epoch with its number, from 1 on, and its line of the log."""

Watcher = Callable[[str, int, Mapping[str, float]], None]
"""The same where several networks are trained: the first argument says whose epoch it is, empty where there is one."""

LOG = "log.jsonl"
FIGURES = ("loss", "choosing_loss", "choosing_score", "choosing_accuracy")


class Chooser(Protocol):
    """A task that says at an epoch's end how it went."""

    def choose(self) -> Mapping[str, float]:
        """Return the epoch's figures."""
        ...


class Log(Callback):
    """One JSON line an epoch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start = time.perf_counter()

    def on_train_epoch_start(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        """Let the task choose, and write the line."""
        # Here, because Lightning calls the task's own hook only after the callbacks'.
        figures = cast(Chooser, task).choose()
        line = {
            "epoch": trainer.current_epoch + 1,
            **{name: round(figures[name], 6) for name in FIGURES if name in figures},
            "best_epoch": int(figures["best_epoch"]) + 1,
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            "seconds": round(time.perf_counter() - self.start, 1),
        }
        kept = [row for row in read_log(self.path) if row["epoch"] < line["epoch"]]
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in [*kept, line]))


class Told(Checkpoint):
    """Tells a watcher of each epoch, after its checkpoint is written: Lightning calls checkpoints last, in order."""

    def __init__(self, watch: Watch, path: Path) -> None:
        self.watch = watch
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        """Hand over the epoch's line."""
        line = read_log(self.path)[-1]
        self.watch(int(line["epoch"]), line)


class Progress(Callback):
    """Steps of each epoch, on whatever display a door has opened."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tick: Tick | None = None

    def on_train_epoch_start(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        """Open a bar for the epoch."""
        title = f"{self.title}, epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        self.tick = opened(title, int(trainer.num_training_batches))

    def on_train_batch_end(self, trainer: lightning.Trainer, *arguments: Any) -> None:
        """Move the bar."""
        if self.tick is not None:
            self.tick(int(arguments[-1]) + 1)


def logs(folder: Path) -> list[Path]:
    """Return the logs of a training in `folder`: of its one fit, or of its members'."""
    return sorted([*folder.glob(f"fit/{LOG}"), *folder.glob(f"members/*/{LOG}")])


def read_log(path: Path) -> list[dict[str, float]]:
    """Return the lines of a fit's log, none where it is not there yet."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
