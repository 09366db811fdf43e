"""Things that draw themselves in a notebook, though they stand below the room that draws.

The drawing is looked up by name when a notebook asks for it, so that no room here imports matplotlib: the plug-in
`pellucid/figures/displays/ecg_record.py` draws the class `EcgRecord`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pellucid.core.registry import Registry

_displays: Registry[Callable[[object], str]] = Registry("pellucid.figures.displays", "display")


class Displayed:
    """Base of classes that have a display; adds `_repr_html_` and nothing else (no slots)."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows (HTML without script), or None where no display is known."""
        for ancestor in type(self).__mro__:
            name = _snake(ancestor.__name__)
            if name in _displays:
                return _displays[name](self)
        return None


def _snake(name: str) -> str:
    """Return a class's name as a plug-in's: `EcgRecord` is `ecg_record`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
