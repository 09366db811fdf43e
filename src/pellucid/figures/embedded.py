"""A figure as a piece of HTML: SVG, no script, on its own white ground, so that dark pages can hold it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pellucid.figures.style import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def embedded(figure: Figure, label: str, *, width: str = "100%") -> str:
    """Return a `<figure>` that fits its column and is at most `width` wide.

    Parameters
    ----------
    label
        What the picture shows, for those who cannot see it.
    """
    picture = svg(figure).replace(
        "<svg ", f'<svg role="img" aria-label="{escape(label)}" style="width:100%;height:auto;display:block" ', 1
    )
    ground = "background:#fff;border-radius:6px;overflow:hidden;margin:.5em 0"
    return f'<figure style="{ground};max-width:{width}">{picture}</figure>'
