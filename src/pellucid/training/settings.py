"""What a training is, as one TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pellucid.core.errors import SettingError
from pellucid.core.registry import normalised
from pellucid.core.settings import Settings, decode, read_toml
from pellucid.training.fit_settings import (
    AugmentationSettings,
    FitSettings,
    PictureAugmentationSettings,
    without_effect,
)
from pellucid.training.presets import expanded

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
ECG_INPUT = ("sampling_rate", "length", "leads", "unit", "gain", "padding")
SLICE_INPUT = ("size", "channels", "mean", "std")
_OF_A_MEMBER = {"pools", "dropout", "lead_dropout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings(Settings):
    """Which records, labels and folds.

    `classes`: a class set of the data set or a list of codes; its own default where not given. `train` folds fit the
    weights, `choose` folds decide when to stop and where the thresholds stand, `test` folds are never looked at while
    training. `by_slice` allows test folds of slices whose patients are unknown; the score then says so.
    """

    dataset: str
    classes: str | tuple[str, ...] | None = None
    train: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    choose: tuple[int, ...] = (9,)
    test: tuple[int, ...] = (10,)
    records: Literal["all", "any-of-classes"] = "all"
    min_likelihood: float = 0.0
    by_slice: bool = False

    def __post_init__(self) -> None:
        twice = (set(self.train) & set(self.choose)) | (set(self.test) & (set(self.train) | set(self.choose)))
        if twice or not self.train or not self.choose:
            raise SettingError(
                "train, choose and test folds must be apart, train and choose not empty; "
                f"got {sorted(twice)} in two of them."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings(Settings):
    """Which architecture, with its own settings, and what it reads.

    Parameters
    ----------
    architecture, settings
        A name of `available("architectures")`, and what it is built with.
    sampling_rate, length, leads, unit, gain, padding
        Of an ECG input, as in `EcgPreparation`; where not given, the architecture's own, else the data set's.
    size, channels, mean, std
        Of a slice input, as in `SlicePreparation`; where not given, the architecture's own.
    weights
        A file with ImageNet's weights of this architecture (torchvision's state dict), to begin with; looked for from
        the working folder, then beside the configuration.
    head
        Of a picture network: `published` or `transfer`.
    freeze
        The body keeps its weights; only the head is trained.
    unfreeze
        So many parts of the frozen body, counted from the head, are trained too.
    """

    architecture: str = "lead_net"
    settings: dict[str, Any] = field(default_factory=dict)
    sampling_rate: float | None = None
    length: int | None = None
    leads: tuple[str, ...] | None = None
    unit: Literal["mV", "uV"] | None = None
    gain: float | None = None
    padding: Literal["both", "end", "none"] | None = None
    size: tuple[int, int] | None = None
    channels: Literal[1, 3] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    weights: str | None = None
    head: str | None = None
    freeze: bool = False
    unfreeze: int = 0

    def __post_init__(self) -> None:
        if self.unfreeze < 0 or (self.unfreeze and not self.freeze):
            raise SettingError(
                f"unfreeze must be parts of a frozen body, 0 or more, with freeze = true; got {self.unfreeze}."
            )
        stated = self.stated
        both = [name for name in ("head", "channels", "size", "length") if name in self.settings and name in stated]
        unlike = [name for name in both if _plain(self.settings[name]) != _plain(stated[name])]
        if unlike:
            raise SettingError(
                f"{', '.join(unlike)} of {self.architecture} must be the same in [network] and in its settings. "
                "Leave one out."
            )

    @property
    def stated(self) -> dict[str, Any]:
        """What the configuration says of the input and the head."""
        names = (*ECG_INPUT, *SLICE_INPUT, "head")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


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
    picture_augmentation: PictureAugmentationSettings = field(default_factory=PictureAugmentationSettings)
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
    """Return the training that a TOML file describes, or the preset of that name where there is no such file.

    In a file, `preset = "NAME"` takes a preset's keys wherever the file has none of its own.

    Raises
    ------
    SettingError
        Naming the file, the key, what was wanted and what came.
    UnknownNameError
        When it is neither a file nor a preset, or the file names an unknown one.
    """
    bare = not path.suffix and path.parent == Path()
    values = {"preset": path.name} if bare and not path.is_file() else read_toml(path)
    for table, command in (("search", "tune"), ("distil", "distil")):
        if table in values:
            raise SettingError(
                f"{path} has a table [{table}], so it is for pellucid {command}. Leave the table out to train alone."
            )
    return config_of(values, path)


def config_of(values: Mapping[str, Any], path: Path) -> TrainingConfig:
    """Return the training that the content of a TOML file describes; raises as `read_config` does.

    A relative `network.weights` that is not there from the working folder is looked for beside the file.
    """
    from pellucid.training.network_input import refuse_unknown_settings

    config = decode(TrainingConfig, expanded(values), where=str(path))
    refuse_without_effect(values, config, str(path))
    refuse_unknown_settings(config.network, str(path))
    weights = Path(config.network.weights or "").expanduser()
    beside = path.parent / weights
    if weights.is_file() or not beside.is_file():
        return config
    return replace(config, network=replace(config.network, weights=str(beside)))


def refuse_without_effect(values: Mapping[str, Any], config: TrainingConfig, where: str) -> None:
    """Raise when a file states something of a fit that its optimiser or schedule does not use.

    Parameters
    ----------
    values
        What the file states.
    config
        What it is decoded to; its defaults and those of a preset were not stated.
    where
        The file.

    Raises
    ------
    SettingError
        Naming the file, the key and the remedy.
    """
    members = zip(values.get("members", ()), config.members, strict=False)  # those of a preset are not stated
    tables = [
        ("fit", values.get("fit", {}), config.fit),
        *((f"fit of member {one.name}", stated["fit"], one.fit) for stated, one in members if one.fit is not None),
    ]
    for name, stated, fit in tables:
        for key, why in without_effect(stated, fit).items():
            l2 = "Set l2, which adam and sgd add to the gradient, or leave" if key.endswith("decay") else "Leave"
            raise SettingError(f"{where}: {name}: {key} {why}. {l2} it out.")
