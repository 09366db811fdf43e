"""How weights are fitted: epochs, loss, optimiser, schedule, what is kept, and what is done to training records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pellucid.core.errors import SettingError, unknown_name
from pellucid.core.registry import normalised
from pellucid.core.settings import Settings

LossName = Literal["bce", "mse", "focal", "cross_entropy"]
LOSSES: tuple[LossName, ...] = ("bce", "mse", "focal", "cross_entropy")

_LEAD_NET = "lead_net"
_FOCAL = (10.0, 5.0)
_ONLY_WITH = {
    "weight_decay": ("optimizer", "adamw"),
    "head_weight_decay": ("optimizer", "adamw"),
    "momentum": ("optimizer", "sgd"),
    "schedule_patience": ("schedule", "plateau"),
    "schedule_floor": ("schedule", "plateau"),
}
_FACTORS = {"exponential": 0.999, "plateau": 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Settings):
    """So many epochs, for ECGs on random stretches of these lengths, in seconds; without `seconds` on whole records."""

    epochs: int
    seconds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 1 or min(self.seconds, default=1.0) <= 0:
            raise SettingError(f"a stage must have 1 epoch or more of positive seconds; got {self!r}.")


_LEAD_NET_STAGES = (Stage(epochs=8, seconds=(5.0,)), Stage(epochs=4, seconds=(10.0,)))
_STAGES = (Stage(epochs=12),)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings(Settings):
    """What is made small.

    `name`: `bce`, `mse` (of the sigmoid), `focal` (S1's form) or `cross_entropy`, whose network has a softmax and no
    thresholds. Without it: `cross_entropy` where the data set's table names one class a record (slices, beats) and each
    record has exactly one, else `bce`. `alpha` and `gamma` are `focal`'s, 10 and 5 where not given. `class_weights`:
    `balanced` lets each class weigh the same, however rare; with few records of a class its weight is large.
    """

    name: LossName | None = None
    alpha: float | None = None
    gamma: float | None = None
    class_weights: Literal["none", "balanced"] = "none"

    def __post_init__(self) -> None:
        if self.name is not None and self.name not in LOSSES:
            raise SettingError(str(unknown_name("loss", self.name, LOSSES)))
        if self.name != "focal" and (self.alpha, self.gamma) != (None, None):
            raise SettingError(f"alpha and gamma are of the loss focal; got them with {self.name}. Leave them out.")
        if (self.alpha is not None and self.alpha <= 0) or (self.gamma is not None and self.gamma < 0):
            raise SettingError(f"focal needs alpha > 0 and gamma >= 0; got {self.alpha} and {self.gamma}.")

    @property
    def focus(self) -> tuple[float, float]:
        """Alpha and gamma of `focal`."""
        alpha, gamma = _FOCAL
        return alpha if self.alpha is None else self.alpha, gamma if self.gamma is None else self.gamma


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings(Settings):
    """How the weights are fitted.

    Parameters
    ----------
    stages
        Where not given, 8 epochs of 5 s and 4 of 10 s for `lead_net`, else 12 epochs of whole records.
    batch
        Records a step.
    learning_rate
        The highest of the schedule; where not given, 4e-3 for `lead_net`, else 1e-3.
    loss
        Its own table.
    optimizer
        `adamw`, `adam` or `sgd` (with `momentum`).
    weight_decay, head_weight_decay
        Of `adamw`, decoupled; that of the head is 1.0 for `lead_net` and that of all else for others, where not given.
    l2
        Of `adam` and `sgd`: so many times the weights added to their gradient.
    schedule
        `one_cycle` (up, then down over all epochs), `cosine` (down to 0 over all epochs), `exponential` (times
        `schedule_factor` after each epoch, .999), `plateau` (times `schedule_factor`, .1, after `schedule_patience`
        epochs without a lower choosing loss, never under `schedule_floor`), `constant`.
    averaging
        Decay of the moving average of the weights; 0 keeps the last weights of the epoch as they are.
    shuffle
        A new order each epoch; without it the data set's own.
    patience, min_delta
        So many epochs whose choosing loss is not lower by more than `min_delta` end the training.
    keep
        Which epoch is kept: that of the lowest choosing `loss` or of the highest choosing `score` (balanced accuracy
        where classes exclude each other, macro AUC else).
    precision
        `auto` is bfloat16 where the machine has it.
    """

    stages: tuple[Stage, ...] | None = None
    batch: int = 64
    learning_rate: float | None = None
    loss: LossSettings = field(default_factory=LossSettings)
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = 0.05
    head_weight_decay: float | None = None
    l2: float = 0.0
    momentum: float = 0.9
    schedule: Literal["one_cycle", "cosine", "exponential", "plateau", "constant"] = "one_cycle"
    schedule_factor: float | None = None
    schedule_patience: int = 7
    schedule_floor: float = 1e-5
    averaging: float = 0.998
    shuffle: bool = True
    patience: int = 4
    min_delta: float = 0.0
    keep: Literal["loss", "score"] = "loss"
    precision: Literal["auto", "bfloat16", "float32", "float64"] = "auto"

    def __post_init__(self) -> None:
        if self.stages is not None and not self.stages:
            raise SettingError("stages must name at least one stage, as { epochs = 8, seconds = [5.0] }; got none.")
        rate = 1.0 if self.learning_rate is None else self.learning_rate
        if self.batch < 2 or rate <= 0 or not 0 <= self.averaging < 1 or self.patience < 1:
            raise SettingError(
                "fit needs batch >= 2, learning_rate > 0, 0 <= averaging < 1 and patience >= 1; "
                f"got {self.batch}, {rate}, {self.averaging}, {self.patience}."
            )
        if self.l2 and self.optimizer == "adamw":
            raise SettingError("l2 is added to the gradient of adam and sgd; adamw has weight_decay. Set one of them.")
        least = min(self.l2, self.weight_decay, self.head_weight_decay or 0.0, self.min_delta, self.schedule_floor)
        if least < 0 or not 0 <= self.momentum < 1 or self.schedule_patience < 1:
            raise SettingError(
                "fit needs l2, weight decays, min_delta and schedule_floor of 0 or more, 0 <= momentum < 1 and "
                f"schedule_patience >= 1; got {self!r}."
            )
        if self.schedule_factor is not None:
            if self.schedule not in _FACTORS:
                raise SettingError(f"schedule_factor is of exponential and plateau; got it with {self.schedule}.")
            if not 0 < self.schedule_factor < 1:
                raise SettingError(f"schedule_factor must be in 0..1; got {self.schedule_factor}.")

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages or _LEAD_NET_STAGES)

    @property
    def factor(self) -> float:
        """The factor of the schedule."""
        return _FACTORS.get(self.schedule, 1.0) if self.schedule_factor is None else self.schedule_factor

    @property
    def rate(self) -> float:
        """The learning rate of settings that were settled."""
        return 4e-3 if self.learning_rate is None else self.learning_rate

    def stage(self, epoch: int) -> Stage:
        """Return the stage that an epoch, counted from 0, belongs to."""
        stages = self.stages or _LEAD_NET_STAGES
        for stage in stages:
            if epoch < stage.epochs:
                return stage
            epoch -= stage.epochs
        return stages[-1]

    def settled(self, architecture: str) -> FitSettings:
        """Return these settings with what was left open filled in for an architecture."""
        lead_net = normalised(architecture) == _LEAD_NET
        decay = 1.0 if lead_net else self.weight_decay
        return replace(
            self,
            stages=self.stages or (_LEAD_NET_STAGES if lead_net else _STAGES),
            learning_rate=self.learning_rate or (4e-3 if lead_net else 1e-3),
            head_weight_decay=decay if self.head_weight_decay is None else self.head_weight_decay,
        )


def without_effect(stated: Mapping[str, Any], settings: FitSettings) -> dict[str, str]:
    """Return which keys that a table `fit` states its optimiser or schedule does not use, and why, in words."""
    found = {}
    for key, (kind, wanted) in _ONLY_WITH.items():
        chosen = getattr(settings, kind)
        if key in stated and chosen != wanted:
            found[key] = f"is of the {kind} {wanted} and has no effect with {chosen}"
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationSettings(Settings):
    """What is done to each training ECG anew every time, drawn per record.

    `gain`: amplitude times 1 +- so much. `wander`: a sine of .05 to .5 Hz per lead, up to so many mV. `noise`: white,
    up to so many mV. `lead_dropout`: how probably each lead is blanked.
    """

    gain: float = 0.1
    wander: float = 0.1
    noise: float = 0.02
    lead_dropout: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.gain < 1 or self.wander < 0 or self.noise < 0 or not 0 <= self.lead_dropout < 1:
            raise SettingError(f"gain and lead_dropout must be in 0..1, wander and noise 0 mV or more; got {self!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureAugmentationSettings(Settings):
    """What is done to each training slice anew every time, drawn per slice; grey values are 0 to 1.

    `brightness`: up to so much added. `contrast`: distance from the mean times 1 +- so much. `noise`: white, up to so
    much. `flip` (how probably left and right change places), `shift` and `crop` (up to so much of each side) are off,
    for the side and the place of a finding are information: pituitary tumours sit at the base, a flip swaps left and
    right, and a crop or shift cuts away the border that says where one is. Who turns one on is told so, and so is the
    network's card.
    """

    brightness: float = 0.05
    contrast: float = 0.1
    noise: float = 0.02
    flip: float = 0.0
    shift: float = 0.0
    crop: float = 0.0

    def __post_init__(self) -> None:
        values = (self.brightness, self.contrast, self.noise, self.flip, self.shift, self.crop)
        if min(values) < 0 or max(self.brightness, self.contrast, self.flip) > 1 or max(self.shift, self.crop) >= 0.5:
            raise SettingError(
                f"picture augmentation needs brightness, contrast and flip in 0..1, noise of 0 or more, shift and crop "
                f"of 0 or more and under .5; got {self!r}."
            )

    @property
    def reserve(self) -> str:
        """In words, what must be known of a network trained with flips, shifts or crops; empty without them."""
        on = [name for name in ("flip", "shift", "crop") if getattr(self, name)]
        if not on:
            return ""
        return (
            f"Trained with {' and '.join(on)} of the pictures: the side and the place of a finding, which are "
            "information, were blurred."
        )
