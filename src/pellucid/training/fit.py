"""Fitting one module: Lightning's loop, weights averaged, the best epoch kept, exact resuming."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.training.averaging import WeightAverage
from pellucid.training.batches import Batch, EpochBatches, TrainingSet, steps
from pellucid.training.choosing import ChoosingSet, choosing_figures
from pellucid.training.fit_log import LOG, Log, Progress, Told, Watch
from pellucid.training.losses import Loss, loss_of
from pellucid.training.optimisation import optimizer_of, plateau_of, schedule_of
from pellucid.training.settings import TrainingConfig


def fit(
    module: nn.Module,
    training: TrainingSet,
    choosing: ChoosingSet,
    config: TrainingConfig,
    folder: Path,
    *,
    watch: Watch | None = None,
    loss: Loss | None = None,
) -> nn.Module:
    """Fit `module` and return the averaged weights of the best epoch, by loss or score on the choosing set.

    Parameters
    ----------
    module
        Takes what the sets' preparation makes, gives logits: the classes, then the auxiliary targets. Only parameters
        that require a gradient are trained.
    training, choosing
        What is learnt from, and what decides when to stop.
    config
        Of one network (`TrainingConfig.trainings`).
    folder
        Gets `last.ckpt` after every epoch and `log.jsonl`; a fit that finds them goes on where they end and
        comes to the same weights as one that was never stopped.
    watch
        Is called after each epoch, once its checkpoint is written, with its number from 1 on and its line of the log:
        `loss`, `choosing_loss`, `choosing_score` (higher is better), and for exclusive classes `choosing_accuracy`.
        What it raises ends the fit; called again, the fit goes on with the next epoch.
    loss
        Of logits and batch, in place of the configuration's; the choosing loss stays the configuration's.

    Raises
    ------
    InvalidInputError
        When the loss is not finite, with epoch, step and remedy.

    Notes
    -----
    The global random state of torch drives dropout, so it is set for each epoch and put back at the end. A resumed fit
    does not call `watch` for epochs that were done before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    last = folder / "last.ckpt"
    kept = _checkpoint(last)
    if kept is not None and kept["record"].get("stopped"):
        module.load_state_dict(kept["best"])
        return module.float().eval()
    fitting = _Task(module.train(), training, choosing, config, loss)
    trainer = _trainer(fitting.config, folder, watch)
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")  # Lightning's own use of torch
        warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
        warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")  # frozen batch norms
        try:
            trainer.fit(fitting, ckpt_path=str(last) if kept is not None else None, weights_only=True)
        except SystemExit as end:  # Lightning's own answer to Ctrl-C; the doors have theirs
            raise KeyboardInterrupt from end
    module.load_state_dict(fitting.best)
    return module.float().eval()


def _trainer(config: TrainingConfig, folder: Path, watch: Watch | None) -> lightning.Trainer:
    used = precision_used(config.fit.precision)
    callbacks: list[Callback] = [
        Log(folder / LOG),
        Progress(f"training {config.name}"),
        ModelCheckpoint(
            folder,
            filename="last",
            save_top_k=-1,
            enable_version_counter=False,
            every_n_epochs=1,
            save_on_train_epoch_end=True,
        ),
    ]
    if watch is not None:
        callbacks.append(Told(watch, folder / LOG))
    return lightning.Trainer(
        accelerator="auto",
        devices=1,
        max_epochs=config.fit.epochs,
        precision="32-true" if used == "64-true" else used,  # the task itself is in float64
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        callbacks=callbacks,
        default_root_dir=folder,
    )


def _checkpoint(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["pellucid"]
    except Exception as error:  # torch raises its unpickler's errors of any kind
        raise UnreadableFileError(f"checkpoint {path} cannot be read ({error}). Remove it to start anew.") from error
    return kept


def precision_used(
    wanted: Literal["auto", "bfloat16", "float32", "float64"],
) -> Literal["bf16-mixed", "32-true", "64-true"]:
    """Return Lightning's name of the precision; `auto` is bfloat16 where the machine has it."""
    if wanted == "auto":
        # Private in torch, and absent from some builds.
        supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
        fast = torch.cuda.is_available() or supported()
        return "bf16-mixed" if fast else "32-true"
    if wanted == "float64":
        return "64-true"
    return "bf16-mixed" if wanted == "bfloat16" else "32-true"


class _Task(lightning.LightningModule):
    def __init__(
        self,
        module: nn.Module,
        training: TrainingSet,
        choosing: ChoosingSet,
        config: TrainingConfig,
        loss: Loss | None,
    ) -> None:
        super().__init__()
        self.config = replace(config, fit=config.fit.settled(config.network.architecture))
        self.number = torch.float64 if config.fit.precision == "float64" else torch.float32
        self.module = module.to(self.number)
        self.average = WeightAverage(module, config.fit.averaging)
        self.training_set = training
        self.choosing_set = choosing
        configured = loss_of(config.fit.loss, training.labels, weight=config.auxiliary.weight)
        self.loss: Loss = partial(loss or configured)  # a module as attribute would become part of this one
        self.best: dict[str, Tensor] = {}
        self.losses: list[float] = []
        self.record: dict[str, float] = {}
        self.plateau_state: dict[str, Any] = {}

    def configure_optimizers(self) -> Any:
        fit = self.config.fit
        optimizer = optimizer_of(self.module, fit)
        self.plateau = plateau_of(optimizer, fit)
        if self.plateau is not None and self.plateau_state:
            self.plateau.load_state_dict(self.plateau_state)
        schedule = schedule_of(optimizer, fit, steps(len(self.training_set.signals), fit))
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def train_dataloader(self) -> EpochBatches:
        epoch = self.current_epoch
        torch.manual_seed(self.config.seed * 1000 + epoch)  # noqa: TID251  # dropout has no other; `fit` puts it back
        return EpochBatches(self.training_set, self.config, epoch)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        return batch.to(device)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        logits = self.module(batch.inputs.to(self.number))
        loss = self.loss(logits.to(self.number), batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise self._diverged(f"the loss of epoch {self.current_epoch + 1}, step {index + 1}", value)
        self.losses.append(value)
        return loss

    def on_fit_start(self) -> None:
        self.average.module.to(self.device)

    def on_train_batch_end(self, *_: object) -> None:
        if self.average.decay:
            self.average.update(self.module)

    def choose(self) -> Mapping[str, float]:
        """Score the averaged weights, keep them if they are the best so far, stop when patience ends."""
        fit = self.config.fit
        if not self.average.decay:
            self.average.update(self.module)
        figures = choosing_figures(self.average.module, self.choosing_set, self.device, fit.loss)
        loss = figures["choosing_loss"]
        if not math.isfinite(loss):
            raise self._diverged(f"the choosing loss of epoch {self.current_epoch + 1}", loss)
        self._keep(figures)
        self.record |= {"loss": float(np.mean(self.losses)), **figures}
        self.losses = []
        if self.plateau is not None:
            self.plateau.step(loss)
        if self.current_epoch - self.record["least_epoch"] >= fit.patience:
            self.record["stopped"] = 1.0
            self.trainer.should_stop = True
        return self.record

    def _keep(self, figures: Mapping[str, float]) -> None:
        fit, loss = self.config.fit, figures["choosing_loss"]
        if loss < self.record.get("least", math.inf) - fit.min_delta:
            self.record |= {"least": loss, "least_epoch": float(self.current_epoch)}
        cost = -figures["choosing_score"] if fit.keep == "score" else loss
        if cost < self.record.get("best", math.inf):
            self.record |= {"best": cost, "best_epoch": float(self.current_epoch)}
            self.best = {name: value.clone() for name, value in self.average.module.state_dict().items()}

    def _diverged(self, what: str, value: float) -> InvalidInputError:
        return InvalidInputError(
            f"training {self.config.name} diverged: {what} is {value}. "
            f"Lower fit.learning_rate, which is {self.config.fit.rate:g}."
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["pellucid"] = {
            "best": self.best,
            "record": self.record,
            "average": self.average.module.state_dict(),
            "steps": self.average.steps,
            "plateau": {} if self.plateau is None else self.plateau.state_dict(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept = checkpoint["pellucid"]
        self.best, self.record = kept["best"], kept["record"]
        self.record.setdefault("least", self.record["best"])  # of a checkpoint written before scores were kept
        self.record.setdefault("least_epoch", self.record["best_epoch"])
        self.average.module.load_state_dict(kept["average"])
        self.average.steps = kept["steps"]
        self.plateau_state = kept.get("plateau", {})
