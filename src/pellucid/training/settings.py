"""What a training is, as one TOML file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pellucid.core.errors import SettingError
from pellucid.core.registry import normalised
from pellucid.core.settings import Settings, decode, read_toml

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_OF_A_MEMBER = {"pools", "dropout", "lead_dropout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings(Settings):
    """Which records, labels and folds.

    `train` folds fit the weights, `choose` folds decide when to stop and where the thresholds stand,
    `test` folds are never looked at while training.
    """

    dataset: str
    classes: str | tuple[str, ...] = "six"
    train: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    choose: tuple[int, ...] = (9,)
    test: tuple[int, ...] = (10,)
    records: Literal["all", "any-of-classes"] = "all"
    min_likelihood: float = 0.0

    def __post_init__(self) -> None:
        twice = (set(self.train) & set(self.choose)) | (set(self.test) & (set(self.train) | set(self.choose)))
        if twice or not self.train or not self.choose:
            raise SettingError(
                "train, choose and test folds must be apart, train and choose not empty; "
                f"got {sorted(twice)} in two of them."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings(Settings):
    """Which architecture, with its own settings."""

    architecture: str = "lead_net"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Settings):
    """So many epochs on random stretches of these lengths, in seconds."""

    epochs: int
    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.epochs < 1 or not self.seconds or min(self.seconds) <= 0:
            raise SettingError(f"a stage must have 1 epoch or more of positive seconds; got {self!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings(Settings):
    """How the weights are fitted: AdamW with a one-cycle learning rate, weights averaged along the way.

    `patience` epochs without a better loss on the `choose` folds end the training; the best epoch is kept.
    """

    stages: tuple[Stage, ...] = (Stage(epochs=8, seconds=(5.0,)), Stage(epochs=4, seconds=(10.0,)))
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    head_weight_decay: float = 1.0
    averaging: float = 0.998
    patience: int = 4
    precision: Literal["auto", "bfloat16", "float32"] = "auto"

    def __post_init__(self) -> None:
        if not self.stages:
            raise SettingError("stages must name at least one stage, as { epochs = 8, seconds = [5.0] }; got none.")
        if self.batch < 2 or self.learning_rate <= 0 or not 0 <= self.averaging < 1 or self.patience < 1:
            raise SettingError(
                "fit needs batch >= 2, learning_rate > 0, 0 <= averaging < 1 and patience >= 1; "
                f"got {self.batch}, {self.learning_rate}, {self.averaging}, {self.patience}."
            )

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def stage(self, epoch: int) -> Stage:
        """Return the stage that an epoch, counted from 0, belongs to."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage
            epoch -= stage.epochs
        return self.stages[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationSettings(Settings):
    """What is done to each training record anew every time, drawn per record.

    `gain`: amplitude times 1 +- so much. `wander`: a sine of .05 to .5 Hz per lead, up to so many mV. `noise`: white,
    up to so many mV.
    """

    gain: float = 0.1
    wander: float = 0.1
    noise: float = 0.02

    def __post_init__(self) -> None:
        if not 0 <= self.gain < 1 or self.wander < 0 or self.noise < 0:
            raise SettingError(f"gain must be in 0..1, wander and noise 0 mV or more; got {self!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliarySettings(Settings):
    """What else the network learns to tell in training; these outputs are dropped afterwards.

    `statements`: all other statements of the data set and their groups, weighted like the classes. `reports`: words of
    the report and fields of the table, their loss times `weight`.
    """

    statements: bool = False
    reports: bool = False
    weight: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Settings):
    """One of several networks trained one after the other and joined into one: what it does otherwise."""

    name: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    fit: FitSettings | None = None
    auxiliary: AuxiliarySettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig(Settings):
    """A whole training: data, network, fit. The file is the record of what was done.

    With `members` each is fitted and all are joined; `half` stores the weights as float16. `earlier_scorings` tells
    what else was scored on the test folds on the way here.
    """

    name: str
    seed: int
    data: DataSettings
    network: NetworkSettings = field(default_factory=NetworkSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    auxiliary: AuxiliarySettings = field(default_factory=AuxiliarySettings)
    members: tuple[Member, ...] = ()
    half: bool = False
    earlier_scorings: tuple[str, ...] = ()
    licence: str = ""
    attribution: str = ""
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [self.name, *(member.name for member in self.members)]
        strange = [name for name in names if not _NAME.fullmatch(name)]
        if strange or len({member.name for member in self.members}) != len(self.members):
            raise SettingError(
                f"names of a training and its members must differ and be of letters, digits, _ . and -; got {names}."
            )
        if self.members and normalised(self.network.architecture) != "lead_net":
            raise SettingError(
                f"members of {self.name} must be lead_net to be joined; got {self.network.architecture}."
            )
        other = sorted({key for member in self.members for key in member.settings} - _OF_A_MEMBER)
        if other:
            raise SettingError(
                f"settings of a member must be {', '.join(sorted(_OF_A_MEMBER))}, for members are joined; "
                f"got {', '.join(other)}. Set what they share in [network]."
            )

    def trainings(self) -> tuple[TrainingConfig, ...]:
        """Return one configuration for each network to fit: the members', or this one."""
        if not self.members:
            return (self,)
        return tuple(
            replace(
                self,
                name=member.name,
                seed=member.seed,
                network=replace(self.network, settings={**self.network.settings, **member.settings}),
                fit=member.fit or self.fit,
                auxiliary=member.auxiliary or self.auxiliary,
                members=(),
            )
            for member in self.members
        )


def read_config(path: Path) -> TrainingConfig:
    """Return the training that a TOML file describes.

    Raises
    ------
    SettingError
        Naming the file, the key, what was wanted and what came.
    """
    return decode(TrainingConfig, read_toml(path), where=str(path))
