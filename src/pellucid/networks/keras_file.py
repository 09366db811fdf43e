"""Layers and their weights out of the HDF5 files that Keras writes. Nothing is run, no other file is followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError, missing_extra

if TYPE_CHECKING:
    import h5py

_DEEPEST = 6  # a weight stands three groups deep; HDF5 lets groups hold themselves
_LARGEST = 2**28  # numbers in one weight


@dataclass(frozen=True, slots=True)
class KerasLayer:
    """A layer as it was saved: its name, and its weights by Keras' short names (`kernel`, `gamma` ...)."""

    name: str
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def stem(self) -> str:
        """The name without the number that Keras counts layers of a kind with."""
        return re.sub(r"_\d+$", "", self.name)

    @property
    def number(self) -> int:
        """That number; the first layer of a kind has none."""
        found = re.search(r"_(\d+)$", self.name)
        return int(found[1]) if found else 0


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What a file holds: its layers in the file's order, and the layers' settings where the file has them."""

    path: Path
    layers: tuple[KerasLayer, ...]
    settings: tuple[Mapping[str, Any], ...]


def read_keras(path: Path, settings: Path | None = None) -> KerasFile:
    """Return what a file of weights, or of a whole model, holds.

    Parameters
    ----------
    path
        As `save_weights` or `save` of Keras 2 write it in HDF5.
    settings
        The JSON file of the architecture, where it stands beside the weights.

    Raises
    ------
    UnreadableFileError
        When it is missing, damaged or of another layout; the layer is named where one is at fault.
    """
    try:
        import h5py
    except ImportError as error:
        raise missing_extra("h5py", "study", "reading Keras files") from error
    if not path.is_file():
        raise UnreadableFileError(f"weights {path} are not there. Name a Keras file in HDF5 (.hdf5, .h5).")
    try:
        with h5py.File(path, "r") as file:
            root = _group(file, "model_weights", str(path)) if "model_weights" in set(file) else file
            layers = tuple(_layers(root, path))
            text = file.attrs.get("model_config")
    except OSError as error:
        raise UnreadableFileError(f"weights {path} cannot be read as HDF5: {error}.") from error
    if settings is not None:
        try:
            text = settings.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFileError(f"architecture {settings} cannot be read: {error}.") from error
    return KerasFile(path, layers, _settings(text, settings or path) if text is not None else ())


def _layers(root: h5py.Group, path: Path) -> Iterator[KerasLayer]:
    names = _texts(root, "layer_names", f"{path}")
    stored = set(root)  # a name with a slash would lead further
    for name in sorted(stored - set(names)):
        if list(_datasets(root, name, path)):  # later versions of Keras add an empty group
            raise UnreadableFileError(f"{path}: layer {name!r} has weights but is not in the file's list of layers.")
    for name in names:
        if name not in stored:
            raise UnreadableFileError(f"{path}: layer {name!r} is in the file's list of layers but has no group.")
        found = dict(_datasets(root, name, path))
        listed = _texts(_group(root, name, f"{path}: layer {name!r}"), "weight_names", f"{path}: layer {name!r}")
        if set(listed) != set(found):
            odd = min(set(listed) ^ set(found))
            raise UnreadableFileError(f"{path}: layer {name!r}: weight {odd!r} is listed or stored, but not both.")
        weights = {weight.rsplit("/", 1)[-1].removesuffix(":0"): found[weight] for weight in listed}
        if len(weights) != len(found):
            raise UnreadableFileError(f"{path}: layer {name!r} has two weights of one name: {', '.join(listed)}.")
        yield KerasLayer(name, weights)


def _texts(group: h5py.Group, attribute: str, where: str) -> list[str]:
    if attribute not in group.attrs:
        raise UnreadableFileError(
            f"{where} has no {attribute!r}: it is no file of weights as Keras 2 writes them. "
            "Save it again with model.save_weights('weights.h5')."
        )
    values = np.asarray(group.attrs[attribute]).ravel().tolist()
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]


def _datasets(root: h5py.Group, layer: str, path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield names (within the layer's group) and values of all that is stored under a layer."""
    import h5py

    where = f"{path}: layer {layer!r}"
    waiting = [("", _group(root, layer, where))]
    while waiting:
        place, group = waiting.pop()
        for key in group:
            inner = _inner(group, key, where)
            if not isinstance(inner, h5py.Group):
                yield place + key, _values(inner, f"{where}: {key!r}")
            elif place.count("/") < _DEEPEST:
                waiting.append((f"{place}{key}/", inner))
            else:
                raise UnreadableFileError(f"{where}: groups within groups, deeper than Keras writes them.")


def _group(parent: h5py.Group, key: str, where: str) -> h5py.Group:
    import h5py

    found = _inner(parent, key, where)
    if not isinstance(found, h5py.Group):
        raise UnreadableFileError(f"{where}: {key!r} must be a group; it holds values itself.")
    return found


def _inner(parent: h5py.Group, key: str, where: str) -> Any:
    import h5py

    if not isinstance(parent.get(key, getlink=True), h5py.HardLink):
        raise UnreadableFileError(f"{where}: {key!r} is a link to elsewhere, which is not followed.")
    return parent[key]


def _values(found: Any, where: str) -> NDArray[np.float32]:
    if found.external or found.is_virtual:
        raise UnreadableFileError(f"{where}: its values stand in another file, which is not read.")
    if found.shape is None or found.dtype.kind != "f" or found.size > _LARGEST:
        raise UnreadableFileError(f"{where} must hold floating-point numbers; it holds {found.dtype}, {found.shape}.")
    values = np.asarray(found[()], dtype=np.float32)
    if not np.isfinite(values).all():
        raise UnreadableFileError(f"{where} holds values that are not finite.")
    return values


def _settings(text: str | bytes, path: Path) -> tuple[Mapping[str, Any], ...]:
    try:
        layers = json.loads(text)["config"]["layers"]
        checked = tuple(
            {**one["config"], "name": str(one["config"]["name"]), "class": str(one["class_name"])} for one in layers
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"architecture in {path} is not as Keras writes it: {error!r}.") from error
    return checked
