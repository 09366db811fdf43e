"""The log of a fit and the steps it shows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from pellucid.core.progress import shown_by
from pellucid.training.fit_log import Log, Progress, read_log


class Chosen:
    def choose(self) -> dict[str, float]:
        return {"loss": 0.12345678, "choosing_loss": 0.5, "choosing_score": 0.75, "best_epoch": 0.0, "best": 0.5}


def trainer(epoch: int) -> SimpleNamespace:
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.01}])
    return SimpleNamespace(current_epoch=epoch, max_epochs=3, num_training_batches=2, optimizers=[optimizer])


def test_an_epoch_that_is_done_again_replaces_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_log(path) == []
    log = Log(path)
    for epoch in (0, 1, 2, 1):
        log.on_train_epoch_end(trainer(epoch), Chosen())  # type: ignore[arg-type]  # stand-ins
    lines = read_log(path)
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[0] | {"seconds": 0} == {
        "epoch": 1, "loss": 0.123457, "choosing_loss": 0.5, "choosing_score": 0.75, "best_epoch": 1,
        "learning_rate": 0.01, "seconds": 0,
    }  # fmt: skip


def test_a_bar_an_epoch_counts_its_steps() -> None:
    bars: list[tuple[str, int | None]] = []
    done: list[int] = []

    def display(title: str, total: int | None):  # type: ignore[no-untyped-def]  # a display
        bars.append((title, total))
        return done.append

    progress = Progress("training t")
    with shown_by(display):
        progress.on_train_epoch_start(trainer(1), None)  # type: ignore[arg-type]  # stand-ins
        for step in range(2):
            progress.on_train_batch_end(trainer(1), None, None, None, step)  # type: ignore[arg-type]  # stand-ins
    assert bars == [("training t, epoch 2 of 3", 2)]
    assert done == [1, 2]
