"""What `look` shows of a network and a record: a layer's answers, an input that excites it, examples of a data set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from pellucid.attribution.inside.activations import Activations, activations
from pellucid.attribution.inside.ascent_settings import AscentSettings
from pellucid.attribution.inside.gradient_ascent import Project, gradient_ascent
from pellucid.attribution.inside.top_examples import Batch, Example, top_examples
from pellucid.attribution.maps import Geometry
from pellucid.core.errors import unknown_name
from pellucid.core.progress import track
from pellucid.core.registry import normalised
from pellucid.figures import inside
from pellucid.figures.style import save
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import DERIVED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.datasets.dataset import Dataset
    from pellucid.networks.network import Network
    from pellucid.records.slice import MriSlice

_BATCH = 8
_RANGE, _START, _BLUR = 3.0, 0.05, 0.02  # an ECG made by ascent: within 3 mV, from noise of 0.05 mV, blurred by 20 ms
_PIXELS = 1.0  # a slice: blurred by one
_STEP = 0.005  # root mean square of a step, in mV or of the range of grey values


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A network, a record as it reads it, and the layer and channel that are looked at.

    Attributes
    ----------
    layer
        Dotted name; None for the last value with space or time, which no module need have made.
    target
        The class that an input is made for; None for the channel.
    """

    network: Network
    name: str
    inputs: Tensor
    layer: str | None
    channel: int
    target: int | None
    found: Activations

    @classmethod
    def of(
        cls,
        network: Network,
        record: EcgRecord | MriSlice,
        *,
        layer: str | None,
        channel: int | None,
        target: str | None,
    ) -> View:
        """Return the view; without a channel that of the one which answers most.

        Raises
        ------
        InvalidInputError, UnknownNameError, NotApplicableError
            For a record that does not fit, a layer, channel or class that there is not.
        """
        chosen = None if target is None else _class(target, network.classes)
        prepared = network.prepare(record)
        inputs = _on_device(network, prepared.inputs)
        layer = layer or network.card.layer
        if channel is not None:
            activations(network.module, inputs, layer, channel)  # refuses one that there is not
        found = activations(network.module, inputs, layer)
        if channel is None:
            channel = int(found.values.movedim(found.axis, 0).flatten(1).amax(1).argmax())
        if layer is None and chosen is None:  # a channel of a value that has no name cannot be asked for again
            chosen = int(network.logits(prepared.inputs)[0].argmax())
        return cls(network, record.name, inputs, layer, channel, chosen, found)

    def facts(self) -> dict[str, Any]:
        """Return what was found in the layer, as JSON can hold it."""
        place = self.found.geometry
        return {
            "record": self.name,
            "network": self.network.name,
            "layer": place.layer,
            "channels": len(self.found.channels),
            "leads_apart": place.by_lead,
            "cells": list(place.cells),
            "offset": list(place.offset),
            "jump": list(place.jump),
            "field": None if place.field is None else list(place.field),
            "places_guessed": self.found.guessed,
            "silent": list(self.found.dead),
            "channel": self.channel,
        }

    def draw_activations(self, path: Path, scaling: str) -> Path:
        """Draw what every channel answers to the record."""
        place = self.found.geometry
        values = self.found.values[0].double().cpu().numpy()
        leads = self._preparation.leads if place.by_lead and isinstance(self._preparation, EcgPreparation) else ()
        layer = inside.Layer(
            values=values.swapaxes(0, 1) if place.by_lead else values,
            offset=place.offset,
            jump=place.jump,
            name=f"{self._layer_words} of {self.network.name}",
            leads=leads,
            guessed=self.found.guessed,
            switches=self._switches(),
        )
        if isinstance(self._preparation, EcgPreparation):
            seen = self._record(self.inputs[0], self.name)
            lead = "II" if "II" in seen.leads else seen.leads[0]
            return save(inside.layer_of_ecg(layer, seen, lead=lead, scaling=scaling), path)
        grey = self.inputs[0].mean(0).cpu().numpy()
        return save(inside.layer_of_slice(layer, grey, name=self.name, scaling=scaling), path)

    def draw_ascent(self, path: Path, *, steps: int, seed: int) -> tuple[Path, dict[str, Any]]:
        """Draw an input made to excite the class or channel; return its facts too."""
        goal = self.target if self.target is not None else (str(self.layer), self.channel)
        made = gradient_ascent(
            self.network.module,
            tuple(self.inputs.shape[1:]),
            target=goal,
            settings=self._settings(steps, seed),
            project=self._project(),
        )
        raised = f"class {self.network.classes[self.target]}" if self.target is not None else made.words
        if isinstance(self._preparation, EcgPreparation):
            record = self._record(made.input, f"made for {raised}")
            figure = inside.ascent_of_ecg(record, made.log, raised=raised, value=made.activation)
        else:
            picture = made.input.mean(0).cpu().numpy()
            figure = inside.ascent_of_slice(picture, made.log, raised=raised, value=made.activation)
        facts = {"raised": raised, "from": made.log[0], "to": made.activation, "steps": len(made.log)}
        return save(figure, path), facts

    def draw_examples(self, path: Path, data: Dataset, *, count: int) -> tuple[Path, list[dict[str, Any]]]:
        """Draw what of a data set excites the channel most; return the examples' facts too."""
        found = top_examples(self.network.module, self._batches(data), self.layer, self.channel, count)
        pieces = [self._excerpt(example) for example in found]
        figure = inside.excerpts(pieces, raised=f"channel {self.channel} of {self._layer_words}")
        facts = [
            {
                "record": one.name, "patient": str(one.group), "value": one.value, "cell": list(one.cell),
                "lead": None if one.lead is None else self._leads[one.lead], "window": [list(w) for w in one.window],
            }
            for one in found
        ]  # fmt: skip
        return save(figure, path), facts

    def _switches(self) -> NDArray[np.float64] | None:
        """Return where on the input the largest value of each cell of a max pool stood, (axis, channel, *cells).

        None for any other layer, and where its places are not known. Cost: one pass forward.
        """
        pool = None if self.layer is None else self.network.module.get_submodule(self.layer)
        if not isinstance(pool, nn.MaxPool1d | nn.MaxPool2d) or self.found.guessed or self.found.geometry.by_lead:
            return None
        read: list[Tensor] = []
        handle = pool.register_forward_pre_hook(
            lambda _, given, named: read.append([*given, *named.values()][0]), with_kwargs=True
        )
        try:
            self.network.logits(self.inputs)
        finally:
            handle.remove()
        if read[-1].ndim - 2 != len(self.found.geometry.cells):  # an ECG that is pooled as a picture
            return None
        return _largest(pool, read[-1], self.found.geometry)

    @property
    def _preparation(self) -> EcgPreparation | SlicePreparation:
        return self.network.card.preparation

    @property
    def _layer_words(self) -> str:
        return self.found.geometry.layer if self.layer is None else f"layer {self.layer}"

    @property
    def _leads(self) -> tuple[str, ...]:
        return self._preparation.leads if isinstance(self._preparation, EcgPreparation) else ()

    @property
    def _scale(self) -> float:
        """What a millivolt is in the network's input."""
        expects = self._preparation
        if not isinstance(expects, EcgPreparation):
            return 1.0
        return expects.gain * (1000.0 if expects.unit == "uV" else 1.0)

    def _record(self, signal: Tensor, name: str) -> EcgRecord:
        """Return an input of the network as an ECG in mV."""
        expects = self._preparation
        rate = expects.sampling_rate if isinstance(expects, EcgPreparation) else 1.0
        values = signal.double().cpu().numpy() / self._scale
        return EcgRecord(signal=values.astype(np.float32), sampling_rate=rate, leads=self._leads, name=name)

    def _settings(self, steps: int, seed: int) -> AscentSettings:
        expects, unit = self._preparation, abs(self._scale)
        step = _STEP * math.sqrt(self.inputs[0].numel())
        if isinstance(expects, EcgPreparation):
            return AscentSettings(
                steps=steps, seed=seed, learning_rate=step * unit, spread=_START * unit, low=-_RANGE * unit,
                high=_RANGE * unit, blur=_BLUR * expects.sampling_rate,
            )  # fmt: skip
        grey = 1 / min(expects.std)
        low = min(-mean / std for mean, std in zip(expects.mean, expects.std, strict=True))
        high = max((1 - mean) / std for mean, std in zip(expects.mean, expects.std, strict=True))
        return AscentSettings(
            steps=steps, seed=seed, learning_rate=step * grey, spread=_START * grey, low=low, high=high,
            blur=_PIXELS,
        )  # fmt: skip

    def _project(self) -> Project | None:
        """Return what keeps an ECG possible: the nearest limb leads that obey Einthoven's and Goldberger's laws."""
        if not {"I", "II"} < set(self._leads) or not set(DERIVED) & set(self._leads):
            return None
        laws = {"I": (1.0, 0.0), "II": (0.0, 1.0), **DERIVED}
        rows = [row for row, lead in enumerate(self._leads) if lead in laws]
        from_two = torch.tensor([laws[self._leads[row]] for row in rows], dtype=torch.float64)
        nearest = from_two @ torch.linalg.pinv(from_two)

        def project(x: Tensor) -> Tensor:
            lawful = x.clone()
            lawful[rows] = nearest.to(x) @ x[rows]
            return lawful

        return project

    def _batches(self, data: Dataset) -> Iterator[Batch]:
        step = 1 if getattr(self._preparation, "padding", "") == "none" else _BATCH  # records of any length
        for first in track(range(0, len(data), step), "top examples"):
            records = [data[number] for number in range(first, min(first + step, len(data)))]
            inputs = torch.cat([self.network.prepare(record).inputs for record in records])
            groups = data.table["patient"].iloc[first : first + step].tolist()
            yield _on_device(self.network, inputs), groups, [record.name for record in records]

    def _excerpt(self, example: Example) -> inside.Excerpt:
        expects = self._preparation
        if not isinstance(expects, EcgPreparation):
            grey = example.excerpt.mean(0).cpu().numpy()
            return inside.Excerpt(values=grey, caption=f"{example.name}: {example.value:.3g}")
        leads = self._leads if example.lead is None else (self._leads[example.lead],)
        at = f"{leads[0]}, " if len(leads) == 1 else ""
        return inside.Excerpt(
            values=example.excerpt.double().cpu().numpy() / self._scale,
            caption=f"{example.name}: {example.value:.3g} at {at}{example.centre[0] / expects.sampling_rate:.2f} s",
            start=example.window[0][0] / expects.sampling_rate,
            centre=example.centre[0] / expects.sampling_rate,
            rate=expects.sampling_rate,
            leads=leads,
        )


def _largest(pool: nn.MaxPool1d | nn.MaxPool2d, read: Tensor, place: Geometry) -> NDArray[np.float64]:
    """Return where on the input the largest value of each cell of the first row stood, (axis, channel, *cells)."""
    asking = copy(pool)
    asking.return_indices = True
    numbers = asking.forward(read)[1][0].cpu().numpy()
    found = []
    for axis, own in enumerate(np.unravel_index(numbers, tuple(read.shape[2:]))):
        size, stride, padding, dilation = (
            int(np.broadcast_to(value, len(place.cells))[axis])
            for value in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
        )
        first = dilation * (size - 1) / 2 - padding  # centre of the first cell, counted in what the pool reads
        found.append(place.offset[axis] + place.jump[axis] / stride * (own - first))
    return np.stack(found)


def _on_device(network: Network, inputs: Tensor) -> Tensor:
    reference = next(network.module.parameters(), inputs)
    return inputs.to(reference.device, reference.dtype)


def _class(name: str, classes: tuple[str, ...]) -> int:
    known = [normalised(one) for one in classes]
    if normalised(name) not in known:
        raise unknown_name("class", name, classes)
    return known.index(normalised(name))
