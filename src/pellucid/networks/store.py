"""Networks on disk: `card.json` beside `weights.safetensors`; foreign modules by import name; never pickle."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError, SettingError, UnreadableFileError, unknown_name
from pellucid.core.files import write_json, written_whole
from pellucid.core.registry import Registry, normalised
from pellucid.core.settings import decode, encode
from pellucid.networks.card import Card
from pellucid.networks.network import Network

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHITECTURES: Registry[type[nn.Module]] = Registry("pellucid.networks.architectures", "architecture")
BUNDLED = Path(__file__).parent / "bundled"

_CARD, _WEIGHTS = "card.json", "weights.safetensors"


def bundled() -> tuple[str, ...]:
    """Return the names of the networks that come with pellucid, sorted."""
    return tuple(sorted(path.parent.name for path in BUNDLED.glob(f"*/{_CARD}")))


def load(name: str | Path, module: nn.Module | None = None) -> Network:
    """Return a network by bundled name or folder.

    Parameters
    ----------
    name
        One of the bundled networks (`pellucid networks` lists them), or a folder that `Network.save` wrote.
    module
        For a foreign architecture: a module of its class, whose weights are replaced.

    Raises
    ------
    UnknownNameError
        When it is neither.
    UnreadableFileError
        When card or weights are missing, damaged, or do not fit each other.
    """
    folder = _folder(name)
    card = read_card(folder)
    if module is None:
        if card.architecture not in ARCHITECTURES:
            raise InvalidInputError(
                f"network {folder} is of the foreign class {card.architecture}; its code is not stored. "
                "Give a module of that class: load(folder, module=...)."
            )
        module = module_of(card.architecture, len(card.classes), card.architecture_settings, where=str(folder / _CARD))
    put_weights(module, read_weights(folder / _WEIGHTS), str(folder / _WEIGHTS))
    return Network.of(module, card)


def module_of(architecture: str, classes: int, settings: Mapping[str, Any], *, where: str) -> nn.Module:
    """Return a new module of a registered architecture.

    Raises
    ------
    SettingError
        When the architecture takes no such settings; `where` is named.
    """
    try:
        return ARCHITECTURES[architecture](classes=classes, **settings)
    except (TypeError, ValueError, RuntimeError) as error:  # the last: torch, of a negative size
        raise SettingError(f"{where}: settings of {architecture}: {str(error).removesuffix('.')}.") from error


def save(network: Network, folder: Path, *, half: bool = False) -> Path:
    """Write card and weights; `half` stores weights as float16, which halves the file."""
    card = network.card
    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).detach().cpu().contiguous().clone()
        for name, value in network.module.state_dict().items()
    }
    with written_whole(folder / _WEIGHTS) as temporary:
        save_file(tensors, temporary)
    write_json(folder / _CARD, encode(card))
    return folder


def read_card(folder: Path) -> Card:
    """Return the card in a network's folder."""
    path = folder / _CARD
    try:
        return decode(Card, json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except OSError as error:
        raise UnreadableFileError(f"network {folder} must hold {_CARD}; it cannot be read: {error}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"card {path} is not JSON: {error}.") from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a `.safetensors` file or of a torch file, read without unpickling code.

    Raises
    ------
    UnreadableFileError
        When the file is missing, damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise UnreadableFileError(f"weights {path} are not there. Name a .safetensors or .pt file.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError) as error:
        raise UnreadableFileError(f"weights {path} cannot be read: {error}.") from error
    except Exception as error:  # torch raises its unpickler's errors, RuntimeError and EOFError alike
        raise UnreadableFileError(
            f"weights {path} cannot be read as tensors alone ({type(error).__name__}). "
            "Save them with torch.save(module.state_dict(), ...); a pickled module is refused, for it could run code."
        ) from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UnreadableFileError(f"weights {path} must be a state dict, name to tensor; got {type(content).__name__}.")
    return content


def put_weights(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy weights into a module.

    Raises
    ------
    UnreadableFileError
        Naming the first tensor that is missing, superfluous or of another shape.
    """
    wanted = module.state_dict()
    lacking = [name for name in wanted if name not in tensors]
    strange = [name for name in tensors if name not in wanted]
    misshapen = [name for name in wanted if name in tensors and tensors[name].shape != wanted[name].shape]
    if lacking or strange:
        name, what = (lacking[0], "lack") if lacking else (strange[0], "hold beside the module's own")
        near = unknown_name("tensor", name, strange if lacking else lacking)
        raise UnreadableFileError(
            f"weights {where} {what} the tensor {name!r}. {near if (strange and lacking) else ''}".strip()
        )
    if misshapen:
        name = misshapen[0]
        raise UnreadableFileError(
            f"weights {where}: tensor {name!r} must have the shape {tuple(wanted[name].shape)}; "
            f"got {tuple(tensors[name].shape)}."
        )
    module.load_state_dict(dict(tensors))


def foreign(spec: str, weights: Path | None = None, **network: Any) -> Network:
    """Return the network that `package.module:function` builds: a module, or a `Network` with its card.

    Parameters
    ----------
    spec
        The function is called without arguments; the working folder is searched too.
    weights
        A state dict for it.
    network
        What `Network` takes beside the module, where the function gives a bare module.

    Raises
    ------
    InvalidInputError
        When nothing of that name can be imported or it gives no module.
    """
    name, _, function = spec.partition(":")
    if not name or not function:
        raise InvalidInputError(f"a foreign network must be package.module:function; got {spec!r}.")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        build = getattr(importlib.import_module(name), function)
    except (ImportError, AttributeError) as error:
        raise InvalidInputError(f"network {spec} cannot be imported: {error}. Is it on PYTHONPATH?") from error
    built = build()
    if isinstance(built, Network) and network:
        raise InvalidInputError(f"network {spec} describes itself; leave out {', '.join(sorted(network))}.")
    module = built.module if isinstance(built, Network) else built
    if not isinstance(module, nn.Module):
        raise InvalidInputError(
            f"network {spec} must give a torch module or a pellucid.Network; got {type(built).__name__}."
        )
    if weights is not None:
        put_weights(module, read_weights(weights), str(weights))
    return built if isinstance(built, Network) else Network(module, **{"name": function, **network})


def _folder(name: str | Path) -> Path:
    folder = Path(name).expanduser()
    if (folder / _CARD).is_file():
        return folder
    own = BUNDLED / str(name).strip().lower().replace("_", "-")
    if normalised(str(name)).replace("_", "-") in bundled():
        return own
    raise unknown_name("network", str(name), bundled(), remedy="Or name a folder that holds card.json.")
