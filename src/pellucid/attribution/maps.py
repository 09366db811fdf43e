"""From the cells of a layer's map to the samples or pixels of the input, at the cells' true centres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Weights = Callable[[int, float, float, int], Tensor]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where a map's cells lie on the input, one entry an axis in space or time, in samples or pixels.

    Attributes
    ----------
    layer
        The layer's dotted name, or which value was taken.
    cells
        Number of cells.
    offset, jump
        Centre of the first cell and distance to the next.
    field
        Width of what one cell sees; None where it is not known.
    by_lead
        Whether the layer keeps the channels of the input apart, with a map for each.
    """

    layer: str
    cells: tuple[int, ...]
    offset: tuple[float, ...]
    jump: tuple[float, ...]
    field: tuple[float, ...] | None = None
    by_lead: bool = False


def even(layer: str, cells: Sequence[int], sizes: Sequence[int], *, by_lead: bool = False) -> Geometry:
    """Return the geometry of cells that divide the input evenly: the guess where the true centres are not known."""
    jump = tuple(size / count for size, count in zip(sizes, cells, strict=True))
    return Geometry(layer, tuple(cells), tuple((step - 1) / 2 for step in jump), jump, None, by_lead)


def interpolated(cells: Tensor, geometry: Geometry, sizes: Sequence[int]) -> Tensor:
    """Return a map on the input's grid by linear interpolation between cell centres; constant beyond the outermost.

    Parameters
    ----------
    cells
        Shape (..., *cells).
    sizes
        Of the input's axes in space or time; the result has the shape (..., *sizes).
    """
    return _applied(cells, geometry, sizes, _between)


def distributed(cells: Tensor, geometry: Geometry, sizes: Sequence[int]) -> Tensor:
    """Return a map on the input's grid with its sum kept: each cell's share lies evenly on the samples nearest to it.

    A sample on the border between two cells is shared by both. A cell centred outside the input gives to the
    outermost samples.
    """
    return _applied(cells, geometry, sizes, _own)


def _applied(cells: Tensor, geometry: Geometry, sizes: Sequence[int], weights_of: Weights) -> Tensor:
    spread = cells
    for axis, size in enumerate(sizes):
        weights = weights_of(geometry.cells[axis], geometry.offset[axis], geometry.jump[axis], size)
        at = cells.ndim - len(sizes) + axis
        spread = torch.tensordot(spread.movedim(at, -1), weights.to(spread), dims=1).movedim(-1, at)
    return spread


def _between(cells: int, offset: float, jump: float, size: int) -> Tensor:
    """Return how much of each cell's value a sample takes, shape (cell, sample), columns summing to 1."""
    place = ((torch.arange(size, dtype=torch.float64) - offset) / jump).clamp(0, cells - 1)
    distance = (place[None] - torch.arange(cells, dtype=torch.float64)[:, None]).abs()
    return (1 - distance).clamp(min=0)


def _own(cells: int, offset: float, jump: float, size: int) -> Tensor:
    """Return how much of a cell's share each sample gets, shape (cell, sample), rows summing to 1."""
    left = offset + (torch.arange(cells, dtype=torch.float64)[:, None] - 0.5) * jump
    left = left.clamp(-0.5, size - 0.5 - min(jump, 1.0))
    right = torch.maximum(left + min(jump, 1.0), offset + (torch.arange(cells)[:, None] + 0.5) * jump)
    samples = torch.arange(size, dtype=torch.float64)[None]
    overlap = (torch.minimum(right, samples + 0.5) - torch.maximum(left, samples - 0.5)).clamp(min=0)
    return overlap / overlap.sum(1, keepdim=True)
