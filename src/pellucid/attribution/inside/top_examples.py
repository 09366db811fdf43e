"""The records, and the places in them, that excite a channel most."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor, nn

from pellucid.attribution.budget import DEFAULT
from pellucid.attribution.inside.activations import Activations, activations
from pellucid.attribution.maps import Geometry
from pellucid.core.errors import InvalidInputError, interrupted

Batch = tuple[Tensor, Sequence[Hashable], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """A place that excites a channel.

    Attributes
    ----------
    name, group
        Of the record, and what it shares with others (its patient).
    value
        The activation there.
    cell
        Which cell.
    lead
        Which lead, where the layer keeps them apart, else None.
    centre
        Where the cell is centred, in samples or pixels.
    window
        Start and end (excluded) of what the cell sees, along each axis, cut to the input; where the receptive field
        could not be followed, the cell's own share.
    excerpt
        The input there, (channel, *window); of the lead alone, (1, *window), where the layer keeps them apart.
    """

    name: str
    group: Hashable
    value: float
    cell: tuple[int, ...]
    lead: int | None
    centre: tuple[float, ...]
    window: tuple[tuple[int, int], ...]
    excerpt: Tensor


def top_examples(
    module: nn.Module,
    batches: Iterable[Batch],
    layer: str | nn.Module | None,
    channel: int,
    count: int = 9,
    *,
    output: str | int | None = None,
    memory: str | int = DEFAULT,
) -> list[Example]:
    """Return the places that excite a channel most, at most one a record and one a group, the highest first.

    Parameters
    ----------
    module, output, memory
        As for every method; the module is left exactly as it is.
    batches
        Yields (inputs, groups, names): a tensor (batch, channel, *space), and for each row its group (the patient) and
        its name. Read once, batch by batch.
    layer, channel
        As for `activations`.
    count
        How many at most.

    Raises
    ------
    InvalidInputError
        For an unknown channel, and groups or names that are not one a row.
    UnknownNameError, NotApplicableError
        As for `activations`.
    Interrupted
        At Ctrl-C after some of the batches; its `finished` holds what these would have given.

    Notes
    -----
    Cost: one pass forward a batch; `count` excerpts are held. Of equal values the earlier one stays.
    """
    if count < 1:
        raise InvalidInputError(f"count must be 1 or more; got {count!r}.")
    best: dict[Hashable, Example] = {}
    read = 0
    try:
        for inputs, groups, names in batches:
            if not len(groups) == len(names) == len(inputs):
                raise InvalidInputError(
                    f"groups and names must be one a row, {len(inputs)}; got {len(groups)} and {len(names)}."
                )
            found = activations(module, inputs, layer, channel, output=output, memory=memory)
            grown = dict(best)  # an interrupt leaves the best of whole batches
            for row, (group, name) in enumerate(zip(groups, names, strict=True)):
                _consider(grown, found, inputs, row, group, str(name), count)
            best, read = grown, read + len(inputs)
    except KeyboardInterrupt:
        if not read:
            raise
        raise interrupted(f"{read} records", "the best of these", _sorted(best)) from None
    return _sorted(best)


def _sorted(best: dict[Hashable, Example]) -> list[Example]:
    return sorted(best.values(), key=lambda example: -example.value)


def _consider(
    best: dict[Hashable, Example], found: Activations, inputs: Tensor, row: int, group: Hashable, name: str, count: int
) -> None:
    """Put a record among the best if it belongs there: a group has one place, and the lowest gives way."""
    values = found.values[row].squeeze(found.axis - 1)
    value = float(values.max())
    if group in best:
        if value <= best[group].value:
            return
    elif len(best) == count:
        lowest = min(reversed(best), key=lambda known: best[known].value)
        if value <= best[lowest].value:
            return
        del best[lowest]
    best.pop(group, None)
    best[group] = _example(values, found.geometry, inputs[row], group, name)


def _example(values: Tensor, geometry: Geometry, sample: Tensor, group: Hashable, name: str) -> Example:
    place = [int(index) for index in torch.unravel_index(values.argmax(), values.shape)]
    lead = place.pop(0) if geometry.by_lead else None
    centre = tuple(o + j * i for o, j, i in zip(geometry.offset, geometry.jump, place, strict=True))
    field = geometry.field or geometry.jump
    window = tuple(
        _cut(middle, width, size) for middle, width, size in zip(centre, field, sample.shape[1:], strict=True)
    )
    rows = slice(None) if lead is None else slice(lead, lead + 1)
    excerpt = sample.detach()[(rows, *(slice(start, end) for start, end in window))].clone()
    return Example(
        name=name,
        group=group,
        value=float(values.max()),
        cell=tuple(place),
        lead=lead,
        centre=centre,
        window=window,
        excerpt=excerpt,
    )


def _cut(centre: float, width: float, size: int) -> tuple[int, int]:
    """Return start and end of a window, inside the input."""
    start, end = ceil(centre - (width - 1) / 2), floor(centre + (width - 1) / 2) + 1
    start = min(max(start, 0), size - 1)
    return start, max(min(end, size), start + 1)
