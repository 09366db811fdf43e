"""Recipes that come with pellucid: `preset = "ribeiro"` in a configuration, whose own keys come first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.core.errors import unknown_name
from pellucid.core.registry import normalised
from pellucid.core.settings import read_toml

_FOLDER = Path(__file__).parent / "presets"


def preset_names() -> tuple[str, ...]:
    """Return the names of the recipes, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def preset(name: str) -> dict[str, Any]:
    """Return the content of a recipe's file.

    Raises
    ------
    UnknownNameError
        With the known ones and the nearest.
    """
    known = preset_names()
    key = normalised(name)
    if key not in known:
        raise unknown_name("preset", name, known, remedy="Or name a TOML file.")
    return read_toml(_FOLDER / f"{key}.toml")


def expanded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the recipe that its key `preset` names behind it, table by table and key by key.

    Where it names another architecture, nothing of the recipe's table `network` is taken.
    """
    if "preset" not in values:
        return dict(values)
    own = {key: value for key, value in values.items() if key != "preset"}
    below = preset(str(values["preset"]))
    network = own.get("network")
    asked = network.get("architecture") if isinstance(network, dict) else None
    if asked is not None and normalised(str(asked)) != below["network"]["architecture"]:
        del below["network"]
    return _over(below, own)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        under = both.get(key)
        both[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return both
