"""Fitting one module: Lightning's loop, weights averaged, the best epoch kept, exact resuming."""

from __future__ import annotations

import json
import logging
import math
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from numpy.typing import NDArray
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.core.files import write_text
from pellucid.core.progress import Tick, opened
from pellucid.training.averaging import WeightAverage
from pellucid.training.batches import Batch, EpochBatches, TrainingSet
from pellucid.training.losses import bce_with_auxiliary
from pellucid.training.settings import TrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class ChoosingSet:
    """The records that decide when to stop: signals in microvolts and labels of the network's classes."""

    signals: NDArray[np.int16]
    labels: NDArray[np.bool_]


def fit(
    module: nn.Module, training: TrainingSet, choosing: ChoosingSet, config: TrainingConfig, folder: Path
) -> nn.Module:
    """Fit `module` and return the averaged weights of the epoch with the lowest loss on the choosing set.

    Parameters
    ----------
    module
        Takes (record, lead, sample) in mV, gives logits: the classes, then the auxiliary targets.
    training, choosing
        What is learnt from, and what decides when to stop.
    config
        Of one network (`TrainingConfig.trainings`).
    folder
        Gets `last.ckpt` after every epoch and `log.jsonl`; a fit that finds them goes on where they end and
        comes to the same weights as one that was never stopped.

    Notes
    -----
    The global random state of torch drives dropout, so it is set for each epoch and put back at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    task = _Task(module, training, choosing, config)
    trainer = lightning.Trainer(
        accelerator="auto",
        devices=1,
        max_epochs=config.fit.epochs,
        precision=precision_used(config.fit.precision),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        callbacks=[
            _Log(folder / "log.jsonl"),
            _Progress(config.name),
            ModelCheckpoint(
                folder,
                filename="last",
                save_top_k=-1,
                enable_version_counter=False,
                every_n_epochs=1,
                save_on_train_epoch_end=True,
            ),
        ],
        default_root_dir=folder,
    )
    last = folder / "last.ckpt"
    kept = _checkpoint(last)
    if kept is not None and kept["record"].get("stopped"):
        module.load_state_dict(kept["best"])
        return module.eval()
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")  # Lightning's own use of torch
        warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
        try:
            trainer.fit(task, ckpt_path=str(last) if kept is not None else None, weights_only=True)
        except SystemExit as end:  # Lightning's own answer to Ctrl-C; the doors have theirs
            raise KeyboardInterrupt from end
    module.load_state_dict(task.best)
    return module.eval()


def _checkpoint(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["pellucid"]
    except Exception as error:  # torch raises its unpickler's errors of any kind
        raise UnreadableFileError(f"checkpoint {path} cannot be read ({error}). Remove it to start anew.") from error
    return kept


def precision_used(wanted: Literal["auto", "bfloat16", "float32"]) -> Literal["bf16-mixed", "32-true"]:
    """Return Lightning's name of the precision; `auto` is bfloat16 where the machine has it."""
    if wanted == "auto":
        # Private in torch, and absent from some builds.
        supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
        fast = torch.cuda.is_available() or supported()
        return "bf16-mixed" if fast else "32-true"
    return "bf16-mixed" if wanted == "bfloat16" else "32-true"


class _Task(lightning.LightningModule):
    def __init__(self, module: nn.Module, training: TrainingSet, choosing: ChoosingSet, config: TrainingConfig) -> None:
        super().__init__()
        self.module = module
        self.average = WeightAverage(module, config.fit.averaging)
        self.training_set = training
        self.choosing_set = choosing
        self.config = config
        self.best: dict[str, Tensor] = {}
        self.losses: list[float] = []
        self.record: dict[str, float] = {}

    def configure_optimizers(self) -> Any:
        fit = self.config.fit
        head = {id(p) for name, p in self.module.named_parameters() if name.startswith("head.")}
        parameters = list(self.module.parameters())
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if id(p) not in head], "weight_decay": fit.weight_decay},
                {"params": [p for p in parameters if id(p) in head], "weight_decay": fit.head_weight_decay},
            ],
            lr=fit.learning_rate,
        )
        steps = fit.epochs * (len(self.training_set.signals) // fit.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, fit.learning_rate, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def train_dataloader(self) -> EpochBatches:
        epoch, fit = self.current_epoch, self.config.fit
        torch.manual_seed(self.config.seed * 1000 + epoch)  # noqa: TID251  # dropout has no other; `fit` puts it back
        return EpochBatches(
            self.training_set,
            fit.stage(epoch),
            self.config.augmentation,
            batch=fit.batch,
            seed=self.config.seed,
            epoch=epoch,
        )

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        return Batch(
            batch.signals.to(device), batch.labels.to(device), batch.auxiliary.to(device), batch.known.to(device)
        )

    def training_step(self, batch: Batch, index: int) -> Tensor:
        logits = self.module(batch.signals).float()
        loss = bce_with_auxiliary(
            logits, batch.labels, batch.auxiliary, batch.known, weight=self.config.auxiliary.weight
        )
        self.losses.append(float(loss.detach()))
        return loss

    def on_fit_start(self) -> None:
        self.average.module.to(self.device)

    def on_train_batch_end(self, *_: object) -> None:
        self.average.update(self.module)

    def choose(self) -> None:
        """Score the averaged weights, keep them if they are the best so far, stop when patience ends."""
        loss = choosing_loss(self.average.module, self.choosing_set, self.device)
        if not math.isfinite(loss):
            raise InvalidInputError(
                f"training {self.config.name} diverged: the loss of epoch {self.current_epoch + 1} is {loss}. "
                f"Lower fit.learning_rate, which is {self.config.fit.learning_rate:g}."
            )
        fit = self.config.fit
        earlier = self.record.get("best", float("inf"))
        if loss < earlier:
            self.record["best"], self.record["best_epoch"] = loss, float(self.current_epoch)
            self.best = {name: value.clone() for name, value in self.average.module.state_dict().items()}
        self.record |= {"loss": float(np.mean(self.losses)), "choosing_loss": loss}
        self.losses = []
        if self.current_epoch - self.record["best_epoch"] >= fit.patience:
            self.record["stopped"] = 1.0
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["pellucid"] = {
            "best": self.best,
            "record": self.record,
            "average": self.average.module.state_dict(),
            "steps": self.average.steps,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept = checkpoint["pellucid"]
        self.best, self.record = kept["best"], kept["record"]
        self.average.module.load_state_dict(kept["average"])
        self.average.steps = kept["steps"]


@torch.no_grad()
def choosing_loss(module: nn.Module, data: ChoosingSet, device: torch.device, batch: int = 64) -> float:
    """Return the mean binary cross-entropy over records and classes, in eval mode."""
    total = 0.0
    for start in range(0, len(data.signals), batch):
        part = data.signals[start : start + batch]
        labels = torch.from_numpy(data.labels[start : start + batch]).float().to(device)
        logits = module(torch.from_numpy(part.astype(np.float32) / 1000).to(device))[:, : labels.shape[1]].float()
        total += float(torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum"))
    return total / data.labels.size


class _Log(Callback):
    """One JSON line an epoch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start = time.perf_counter()

    def on_train_epoch_start(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        self.start = time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, task: _Task) -> None:  # type: ignore[override]  # our own
        task.choose()  # here, because Lightning calls the task's own hook only after the callbacks'
        line = {
            "epoch": trainer.current_epoch + 1,
            "loss": round(task.record["loss"], 6),
            "choosing_loss": round(task.record["choosing_loss"], 6),
            "best_epoch": int(task.record["best_epoch"]) + 1,
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            "seconds": round(time.perf_counter() - self.start, 1),
        }
        kept = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
        kept = [row for row in kept if json.loads(row)["epoch"] < line["epoch"]]
        write_text(self.path, "\n".join([*kept, json.dumps(line)]) + "\n")


class _Progress(Callback):
    """Steps of the whole training, on whatever display a door has opened."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tick: Tick | None = None

    def on_train_start(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        self.tick = opened(f"training {self.title}", int(trainer.estimated_stepping_batches))

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        if self.tick is not None:
            self.tick(trainer.global_step)
