"""Published Keras networks become networks of pellucid: the file is checked layer by layer, then copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, UnreadableFileError, unknown_name
from pellucid.core.files import sha256
from pellucid.networks.card import Card
from pellucid.networks.keras_file import KerasFile, KerasLayer, read_keras
from pellucid.networks.keras_ports import PORTS, Port
from pellucid.networks.network import Network
from pellucid.networks.store import module_of, put_weights

_REMEDY = "It is another network than the published one; see `pellucid import-keras --help`."
_INPUTS = {"input", "signal"}
# How each kind of layer calls its weights, and what they are called here.
_NAMES = {
    "convolution": {"kernel": "weight", "bias": "bias"},
    "dense": {"kernel": "weight", "bias": "bias"},
    "norm": {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"},
}


def import_keras(path: Path, kind: str) -> Network:
    """Return the network in a Keras file, with its card.

    Parameters
    ----------
    path
        The HDF5 file; for `aime` the folder that holds `model.json` and `weights.h5`.
    kind
        `ribeiro` (also a whole saved model), `resnet27`, `cnn27` or `aime`.

    Raises
    ------
    UnknownNameError
        When the kind is not known.
    UnreadableFileError
        Naming file and layer, when anything in it is missing, superfluous or of another shape or setting.

    Notes
    -----
    Layers are told apart by their weights and by the number in their names, in which Keras counts them as they are
    made; how they are wired is not compared. Where the file has no settings, activations and paddings are taken to be
    the published ones.
    """
    if kind not in PORTS:
        raise unknown_name("Keras network", kind, PORTS)
    port = PORTS[kind]
    file = _read(path, port, kind)
    _check_settings(file, port)
    given = _by_kind(file, port)
    _check_strides(file, port, given["convolution"])
    classes = _classes(path, port)
    module = module_of(port.architecture, len(classes), {}, where=str(file.path))
    state = _state(module, port, given, file.path)
    # Keras keeps no count of the batches that a batch norm has seen; it changes no answer.
    counters = {name: value for name, value in module.state_dict().items() if name.endswith("num_batches_tracked")}
    put_weights(module, {**state, **counters}, str(file.path))
    return Network.of(module, _card(port, kind, file.path, classes))


def _read(path: Path, port: Port, kind: str) -> KerasFile:
    if port.folder is None:
        if path.is_dir():
            raise InvalidInputError(f"{path} must be the HDF5 file of {kind}; it is a folder. Name the file in it.")
        return read_keras(path)
    weights, settings = port.folder
    if not path.is_dir():
        raise InvalidInputError(f"{path} must be the folder of {kind} that holds {settings} and {weights}; it is none.")
    return read_keras(path / weights, path / settings)


def _check_settings(file: KerasFile, port: Port) -> None:
    """Refuse layers whose settings, where the file tells them, are not the published ones."""
    for layer in file.settings:
        where = f"{file.path}: layer {layer['name']!r}"
        if layer["class"] not in port.settings:
            raise UnreadableFileError(f"{where} is a {layer['class']}; {port.architecture} has none. {_REMEDY}")
        for key, wanted in port.settings[layer["class"]].items():
            if key in layer and layer[key] != wanted:
                raise UnreadableFileError(f"{where}: {key} must be {wanted!r}; got {layer[key]!r}. {_REMEDY}")
    if not port.sequence:
        return
    nothing = {"name": "none", "class": "nothing"}
    pairs = zip_longest(file.settings, port.sequence, fillvalue=None)
    for place, (found, wanted) in enumerate(pairs, start=1):
        layer = found or nothing
        if layer["class"] != wanted:
            raise UnreadableFileError(
                f"{file.path}: layer {layer['name']!r}, number {place}, must be {wanted or 'nothing'}; "
                f"got {layer['class']}. {_REMEDY}"
            )


def _check_strides(file: KerasFile, port: Port, convolutions: Sequence[KerasLayer]) -> None:
    told = {layer["name"]: layer.get("strides") for layer in file.settings}
    for layer, stride in zip(convolutions, port.strides or (1,) * len(convolutions), strict=False):
        if told.get(layer.name) not in (None, [stride]):
            raise UnreadableFileError(
                f"{file.path}: layer {layer.name!r}: strides must be [{stride}]; got {told[layer.name]!r}. {_REMEDY}"
            )


def _by_kind(file: KerasFile, port: Port) -> dict[str, list[KerasLayer]]:
    """Return layers with weights by kind, each in the order in which they were made; the others are counted."""
    found: dict[str, list[KerasLayer]] = {kind: [] for kind in port.layers}
    without: Counter[str] = Counter()
    for layer in file.layers:
        kind = _kind(layer)
        if not layer.weights:
            without[layer.stem] += 1
            if layer.stem not in _INPUTS and without[layer.stem] > port.weightless.get(layer.stem, 0):
                raise UnreadableFileError(
                    f"{file.path}: layer {layer.name!r} is one more than {port.architecture} has. {_REMEDY}"
                )
        elif kind not in found:
            held = ", ".join(sorted(layer.weights))
            raise UnreadableFileError(
                f"{file.path}: layer {layer.name!r} ({held}) is of no kind that {port.architecture} has. {_REMEDY}"
            )
        else:
            found[kind].append(layer)
    for stem, count in port.weightless.items():
        if without[stem] != count:
            raise UnreadableFileError(
                f"{file.path} must have {count} layers {stem!r}; it has {without[stem]}. {_REMEDY}"
            )
    return {kind: sorted(layers, key=lambda layer: layer.number) for kind, layers in found.items()}


def _kind(layer: KerasLayer) -> str:
    if {"gamma", "moving_mean"} & set(layer.weights):
        return "norm"
    axes = layer.weights["kernel"].ndim if "kernel" in layer.weights else 0
    return {3: "convolution", 2: "dense"}.get(axes, "unknown")


def _state(module: nn.Module, port: Port, given: Mapping[str, list[KerasLayer]], path: Path) -> dict[str, Tensor]:
    wanted = module.state_dict()
    state = {}
    for kind, parts in port.layers.items():
        layers = given[kind]
        if len(layers) < len(parts):
            raise UnreadableFileError(
                f"{path} must have {len(parts)} layers of the kind {kind}; it has {len(layers)}: "
                f"{', '.join(layer.name for layer in layers) or 'none'}. {_REMEDY}"
            )
        if len(layers) > len(parts):
            raise UnreadableFileError(
                f"{path}: layer {layers[len(parts)].name!r} is one more {kind} than {port.architecture} has. {_REMEDY}"
            )
        for layer, part in zip(layers, parts, strict=True):
            for name, value in _converted(layer, kind, part, wanted, path):
                state[name] = torch.from_numpy(np.ascontiguousarray(value))
    return state


def _converted(
    layer: KerasLayer, kind: str, part: str, wanted: Mapping[str, Tensor], path: Path
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield a layer's weights with the names and axes that they have here."""
    names = {theirs: f"{part}.{ours}" for theirs, ours in _NAMES[kind].items() if f"{part}.{ours}" in wanted}
    odd = sorted(set(names) ^ set(layer.weights))
    if odd:
        raise UnreadableFileError(
            f"{path}: layer {layer.name!r} must hold {', '.join(names)}; it holds {', '.join(layer.weights)}. {_REMEDY}"
        )
    for theirs, name in names.items():
        value = layer.weights[theirs].T  # Keras: (sample, in, out) and (in, out)
        if value.shape != wanted[name].shape:
            raise UnreadableFileError(
                f"{path}: layer {layer.name!r}: {theirs} must have the shape {tuple(reversed(wanted[name].shape))}; "
                f"got {layer.weights[theirs].shape}. {_REMEDY}"
            )
        yield name, value


def _classes(path: Path, port: Port) -> tuple[str, ...]:
    if port.folder is None:
        return tuple(port.classes)
    name = path.resolve().name
    return f"no {name}", name


def _card(port: Port, kind: str, path: Path, classes: tuple[str, ...]) -> Card:
    """Return the card; licence and source are those of the published file, where it is that."""
    digest = sha256(path)
    known = digest in port.published
    unknown = "This file is not one of the published ones: the licence stated is theirs and may not be this file's."
    facts: dict[str, Any] = {"as": kind, "file": path.name, "sha256": digest, "published": known}
    return Card(
        name=f"{kind}-{classes[1].lower()}" if port.folder is not None else kind,
        architecture=port.architecture,
        classes=classes,
        descriptions={name: port.classes[name] for name in classes if name in port.classes},
        activation=port.activation,
        preparation=port.preparation,
        thresholds=port.thresholds,
        thresholds_from=port.thresholds_from,
        training={"imported": facts},
        licence=port.licence,
        attribution=port.attribution,
        limits=port.limits if known or not port.published else (unknown, *port.limits),
    )
