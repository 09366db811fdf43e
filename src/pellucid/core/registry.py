"""A registry is a folder: each file in it is a plug-in, and the file's stem is its name.

The plug-in inside a file is the class or function named like the stem, case and underscores aside
(`grad_cam.py` holds `GradCam`). Other packages add theirs through the entry-point group
`pellucid.<folder>`. Listing names imports nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from pellucid.core.errors import InvalidInputError, unknown_name

Plugin = TypeVar("Plugin")


def normalised(name: str) -> str:
    """Return a name as registries store it: in what users type, `-` and `_` are equal, case is not kept."""
    return name.strip().lower().replace("-", "_")


class Registry(Generic[Plugin]):
    """The plug-ins of one folder, by name.

    Parameters
    ----------
    package
        Dotted name of the folder, `pellucid.attribution.methods`.
    kind
        What one plug-in is called in messages: `method`.
    """

    def __init__(self, package: str, kind: str) -> None:
        self.package = package
        self.kind = kind

    @cached_property
    def _foreign(self) -> dict[str, EntryPoint]:
        group = "pellucid." + self.package.rpartition(".")[2]
        return {normalised(point.name): point for point in entry_points(group=group)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names, sorted; nothing is imported for it but the folder's own (empty) package."""
        folder = importlib.import_module(self.package)
        own = {module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")}
        return tuple(sorted(own | set(self._foreign)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and normalised(name) in self.names

    def home(self, name: str) -> tuple[str, str]:
        """Return the module of a plug-in and its name there, importing neither.

        For a class in the folder itself the second is only what its name comes to in small letters.

        Raises
        ------
        UnknownNameError
            With the known names and the nearest one.
        """
        key = self._known(name)
        if key in self._foreign:
            return self._foreign[key].module, self._foreign[key].attr
        return f"{self.package}.{key}", key

    def _known(self, name: str) -> str:
        key = normalised(name)
        if key not in self.names:
            raise unknown_name(self.kind, name, self.names)
        return key

    def __getitem__(self, name: str) -> Plugin:
        """Import and return the plug-in of that name.

        Raises
        ------
        UnknownNameError
            With the known names and the nearest one.
        """
        key = self._known(name)
        if key in self._foreign:
            plugin: Plugin = self._foreign[key].load()
            return plugin
        module = importlib.import_module(f"{self.package}.{key}")
        wanted = key.replace("_", "")
        for attribute, value in vars(module).items():
            if attribute.lower().replace("_", "") == wanted and getattr(value, "__module__", None) == module.__name__:
                found: Plugin = value
                return found
        raise InvalidInputError(
            f"plug-in file {module.__file__} must define a class or function named like the file; it has none. "
            f"Name it {''.join(part.capitalize() for part in key.split('_'))}."
        )
