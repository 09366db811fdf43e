"""A network: a torch module and its card, from record to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError
from pellucid.networks.card import Card
from pellucid.networks.prediction import Prediction
from pellucid.networks.preparation import EcgPreparation, Prepared, SlicePreparation
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD
from pellucid.records.slice import MriSlice


class Network:
    """A torch module with all that is needed to ask it about a record.

    Parameters
    ----------
    module
        Takes (batch, lead, sample) or (batch, channel, row, column), gives logits (batch, class). It is put into eval
        mode.
    classes
        One name a logit.
    leads
        `standard` (the twelve) or names, for ECGs.
    sampling_rate, length
        Of the ECG input, in Hz and samples.
    padding, unit, filters, gain
        As in `EcgPreparation`.
    size, channels, mean, std
        Of the slice input instead, as in `SlicePreparation`.
    activation
        `sigmoid` (classes each for themselves) or `softmax` (exactly one).
    thresholds
        One a class; 0.5 where none are given.
    layer
        Dotted name of the layer for class activation; found by itself where none is given.
    name
        What reports call it.

    Raises
    ------
    InvalidInputError
        When neither an ECG input (`sampling_rate`, `length`) nor a slice input (`size`) is described.
    """

    def __init__(
        self,
        module: nn.Module,
        classes: Sequence[str],
        *,
        leads: Literal["standard"] | Sequence[str] = "standard",
        sampling_rate: float | None = None,
        length: int | None = None,
        size: tuple[int, int] | None = None,
        activation: Literal["sigmoid", "softmax"] = "sigmoid",
        thresholds: Sequence[float] | None = None,
        layer: str | None = None,
        name: str | None = None,
        **preparation: Any,
    ) -> None:
        architecture = type(module).__name__
        card = Card(
            name=name or architecture,
            architecture=architecture,
            classes=_names("classes", classes),
            activation=activation,
            preparation=_preparation(leads, sampling_rate, length, size, preparation),
            thresholds=tuple(float(value) for value in thresholds or ()),
            layer=layer,
        )
        self._set(module, card)

    @classmethod
    def of(cls, module: nn.Module, card: Card) -> Network:
        """Return the network of this module and card."""
        network = cls.__new__(cls)
        network._set(module, card)
        return network

    def _set(self, module: nn.Module, card: Card) -> None:
        self.module = module.eval()
        self.card = card

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @property
    def classes(self) -> tuple[str, ...]:
        """One name a logit."""
        return self.card.classes

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """(class,): the card's, or 0.5; NaN where classes are exclusive and the largest is found."""
        without = np.nan if self.card.activation == "softmax" else 0.5
        return np.array(self.card.thresholds or [without] * len(self.classes))

    def prepare(self, record: EcgRecord | MriSlice) -> Prepared:
        """Return the record as input of the module, and the way back."""
        return self.card.preparation(record)

    def predict(self, record: EcgRecord | MriSlice) -> Prediction:
        """Return what the network says about a record. Cost: one forward pass.

        Raises
        ------
        InvalidInputError
            When the record does not fit, or the module's answer does not fit the card.
        """
        return self.prediction(record.name, self.logits(self.prepare(record).inputs)[0])

    def prediction(self, name: str, logits: NDArray[np.floating]) -> Prediction:
        """Return the prediction that these logits (class,) make for the record of that name."""
        described = self.card.descriptions
        return Prediction(
            record=name,
            network=self.name,
            classes=self.classes,
            logits=np.asarray(logits, dtype=np.float64),
            probabilities=self.probabilities(np.asarray(logits, dtype=np.float64)),
            thresholds=self.thresholds,
            exclusive=self.card.activation == "softmax",
            descriptions=tuple(described.get(name, "") for name in self.classes),
        )

    def logits(self, inputs: Tensor) -> NDArray[np.float64]:
        """Return logits (batch, class) of prepared inputs."""
        reference = next(self.module.parameters(), inputs)
        with torch.inference_mode():
            out = self.module(inputs.to(reference.device, reference.dtype))
        if not isinstance(out, Tensor) or out.shape != (len(inputs), len(self.classes)):
            shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
            raise InvalidInputError(
                f"module of network {self.name} must give logits ({len(inputs)}, {len(self.classes)}), one for each of "
                f"its {len(self.classes)} classes; got {shape}."
            )
        answer: NDArray[np.float64] = out.double().cpu().numpy()
        if not np.isfinite(answer).all():
            raise InvalidInputError(
                f"module of network {self.name} gives logits that are not finite; check its weights."
            )
        return answer

    def logits_of(
        self, signals: NDArray[np.int16], sampling_rate: float, *, batch: int = 64
    ) -> Iterator[NDArray[np.float64]]:
        """Yield logits, batch by batch, of records (record, standard lead, sample) in microvolts.

        Raises
        ------
        InvalidInputError
            When the network does not read ECGs.
        """
        preparation = self.card.preparation
        if not isinstance(preparation, EcgPreparation):
            raise InvalidInputError(f"network {self.name} reads slices, not ECGs. Choose another network.")
        rows = [STANDARD.index(lead) for lead in preparation.leads]
        for start in range(0, len(signals), batch):
            part = signals[start : start + batch][:, rows].astype(np.float32) / 1000.0
            yield self.logits(torch.from_numpy(preparation.batch(part, sampling_rate)))

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of logits, class last."""
        from scipy.special import expit, softmax

        values: NDArray[np.float64] = expit(logits) if self.card.activation == "sigmoid" else softmax(logits, axis=-1)
        return values

    def save(self, folder: Path | str) -> Path:
        """Write `card.json` and `weights.safetensors` into `folder`, and return it."""
        from pellucid.networks.store import save

        return save(self, Path(folder))

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {len(self.classes)} classes, {self.card.architecture})"


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):  # its letters would do as names
        raise InvalidInputError(f"{what} must be a list of names; got the text {names!r}. Write [{names!r}].")
    return tuple(names)


def _preparation(
    leads: str | Sequence[str],
    sampling_rate: float | None,
    length: int | None,
    size: tuple[int, int] | None,
    more: dict[str, Any],
) -> EcgPreparation | SlicePreparation:
    if size is not None and (sampling_rate is not None or length is not None):
        raise InvalidInputError("a network reads ECGs (sampling_rate=, length=) or slices (size=), not both; got both.")
    try:
        if size is not None:
            return SlicePreparation(size=size, **more)
        if sampling_rate is not None and length is not None:
            names = STANDARD if leads == "standard" else _names("leads", leads)
            return EcgPreparation(leads=names, sampling_rate=sampling_rate, length=length, **more)
    except TypeError as error:
        raise InvalidInputError(f"a network's preparation: {error}.") from error
    raise InvalidInputError(
        "a network needs sampling_rate= (Hz) and length= (samples) for ECGs, or size= (rows, columns) for slices; "
        "got neither."
    )
