"""What a network is, expects, was trained on and is worth: all that must stand beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pellucid.core.errors import SettingError, unknown_name
from pellucid.core.settings import Settings
from pellucid.networks.preparation import EcgPreparation, SlicePreparation

_ACTIVATIONS = ("sigmoid", "softmax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Settings):
    """A network's card, stored as `card.json`.

    Parameters
    ----------
    name
        What commands and reports call the network.
    architecture
        A name of `available("architectures")`, or the class of a foreign module.
    architecture_settings
        What the architecture is built with, beside the number of classes.
    classes
        One for each logit, in order.
    descriptions
        Classes in a reader's words, where known.
    activation
        `sigmoid` (each class for itself) or `softmax` (exactly one).
    preparation
        From a record to the input.
    thresholds
        A class is found where its probability is above; one a class, empty for `softmax`.
    thresholds_from
        In words, where they were chosen.
    layer
        Dotted name of the layer that class activation looks at by default.
    training
        Data and split hashes, configuration, versions, seconds, machine.
    metrics
        Of each scoring: data, folds, figures with intervals. Every scoring of the test folds is listed.
    earlier_scorings
        In words, what else was scored on the test folds on the way to this network.
    licence, attribution, limits
        What a user must know before passing anything on.
    """

    name: str
    architecture: str
    architecture_settings: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    preparation: EcgPreparation | SlicePreparation
    thresholds: tuple[float, ...] = ()
    thresholds_from: str = ""
    layer: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Mapping[str, Any], ...] = ()
    earlier_scorings: tuple[str, ...] = ()
    licence: str = ""
    attribution: str = ""
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.activation not in _ACTIVATIONS:
            raise SettingError(str(unknown_name("activation", self.activation, _ACTIVATIONS)))
        if self.thresholds and self.activation == "softmax":
            raise SettingError(
                f"{self.name} has exclusive classes (softmax): the largest is found; leave thresholds out."
            )
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise SettingError(f"classes of {self.name} must be different names, one a logit; got {self.classes!r}.")
        if self.thresholds and len(self.thresholds) != len(self.classes):
            raise SettingError(
                f"thresholds of {self.name} must be one for each of {len(self.classes)} classes; "
                f"got {len(self.thresholds)}."
            )
        if not all(0 <= threshold <= 1 for threshold in self.thresholds):
            raise SettingError(f"thresholds of {self.name} must be probabilities in 0..1; got {self.thresholds!r}.")
