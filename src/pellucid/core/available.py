"""What there is to choose from: the names in every registry, without importing a plug-in."""

from __future__ import annotations

from importlib.resources import files

from pellucid.core.errors import unknown_name
from pellucid.core.registry import Registry, normalised

FOLDERS = {
    "architectures": ("pellucid.networks.architectures", "architecture"),
    "commands": ("pellucid.cli.commands", "command"),
    "datasets": ("pellucid.datasets.catalog", "data set"),
    "formats": ("pellucid.records.formats", "format"),
    "methods": ("pellucid.attribution.methods", "method"),
    "reports": ("pellucid.reports.kinds", "report"),
}


def available(registry: str) -> tuple[str, ...]:
    """Return the names in a registry, sorted.

    Parameters
    ----------
    registry
        `architectures`, `commands`, `datasets`, `formats`, `methods`, `reports`, or `networks` (the bundled ones).

    Raises
    ------
    UnknownNameError
        With the known registries and the nearest one.

    Examples
    --------
    >>> "wfdb" in available("formats")
    True
    """
    key = normalised(registry)
    if key == "networks":
        return _bundled_networks()
    if key not in FOLDERS:
        raise unknown_name("registry", registry, sorted([*FOLDERS, "networks"]))
    folder: Registry[object] = Registry(*FOLDERS[key])
    return folder.names


def _bundled_networks() -> tuple[str, ...]:
    folder = files("pellucid").joinpath("networks", "bundled")
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.joinpath("card.json").is_file()))
