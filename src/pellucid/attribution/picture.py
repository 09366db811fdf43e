"""How an attribution draws itself in a notebook: a heat map as SVG, without script, on light and dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

if TYPE_CHECKING:
    from pellucid.attribution.attribution import Attribution

_FOR, _AGAINST, _STRENGTH = "#e8680c", "#1c6fd6", "#8a2fb0"
_WIDE, _HIGH = 120, 48  # cells drawn at most
_FULL = 0.995  # quantile of |relevance| that is shown in full colour


def drawn(attribution: Attribution) -> str:
    """Return HTML: what was asked, and a heat map of the first sample and class for each input."""
    several = attribution.relevance if isinstance(attribution.relevance, tuple) else (attribution.relevance,)
    single = attribution.classes.ndim == 1
    maps = "".join(_heat_map(tensor[0] if single else tensor[0, 0]) for tensor in several)
    return f'<div style="max-width:60em"><p>{_caption(attribution)}</p>{maps}</div>'


def _caption(attribution: Attribution) -> str:
    first = int(attribution.classes.flatten()[0])
    samples = len(attribution.classes)
    words = [f"<b>{escape(attribution.method)}</b> of logit {first} = {float(attribution.score.flatten()[0]):.3g}"]
    if attribution.gap is not None:
        words.append(f"completeness gap {float(attribution.gap.flatten()[0]):.2%}")
    if samples > 1 or attribution.classes.ndim > 1:
        words.append(f"the first of {attribution.classes.numel()} maps is shown")
    return "; ".join([*words, *(escape(text) for text in attribution.warnings)])


def _heat_map(relevance: Tensor) -> str:
    grid = _reduced(relevance)
    limit = float(torch.quantile(grid.abs().flatten(), _FULL)) or float(grid.abs().max())
    signed = bool((grid < 0).any())
    rows, columns = grid.shape
    cells = []
    for row in range(rows):
        for column in range(columns):
            strength = float(grid[row, column]) / limit if limit else 0.0
            if abs(strength) < 0.02:
                continue
            colour = _AGAINST if strength < 0 else _FOR if signed else _STRENGTH
            opacity = min(1.0, abs(strength))
            cells.append(
                f'<rect x="{column}" y="{row}" width="1" height="1" fill="{colour}" fill-opacity="{opacity:.2f}"/>'
            )
    frame = f'<rect width="{columns}" height="{rows}" fill="none" stroke="currentColor" stroke-width=".1"/>'
    box = f'viewBox="-.1 -.1 {columns + 0.2} {rows + 0.2}" preserveAspectRatio="none"'
    style = f"display:block;width:100%;height:{max(4, rows)}em;max-height:24em"
    return f'<svg role="img" aria-label="relevance" {box} style="{style}">{"".join(cells)}{frame}</svg>'


def _reduced(relevance: Tensor) -> Tensor:
    """Return relevance of one input as a small picture: channel by time, or row by column with the channels added."""
    values = relevance.detach().double().cpu()
    picture = values[None] if values.ndim == 1 else values.flatten(0, -3).sum(0) if values.ndim > 2 else values
    size = (min(picture.shape[0], _HIGH), min(picture.shape[1], _WIDE))
    return adaptive_avg_pool2d(picture[None, None], size)[0, 0]
