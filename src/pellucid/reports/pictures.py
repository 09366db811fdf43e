"""The pictures of an explanation, one for each method and class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.core.errors import InvalidInputError
from pellucid.figures.style import FORMATS, save
from pellucid.records.ecg import EcgRecord
from pellucid.reports.folders import safe_names
from pellucid.reports.viewer_data import stretch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pellucid.records.slice import MriSlice
    from pellucid.reports.maps import Map
    from pellucid.reports.truth import Truth

LONGEST = 20.0  # seconds of a record on one picture


def check_formats(formats: Sequence[str]) -> None:
    """Refuse formats that cannot be written.

    Raises
    ------
    InvalidInputError
        Naming the first one, and those that can.
    """
    for name in formats:
        if name not in FORMATS:
            raise InvalidInputError(f"picture format must be one of {', '.join(FORMATS)}; got {name!r}.")


def write_pictures(
    record: EcgRecord | MriSlice, maps: Sequence[Map], folder: Path, formats: Sequence[str], truth: Truth | None = None
) -> list[list[Path]]:
    """Write each map as a picture in each format, and return the files, map by map.

    Cost: about 0.7 s for a picture of 12 leads and 10 s.
    """
    names = safe_names(f"{shown.method}-{shown.target}" for shown in maps)
    written = []
    for shown, name in zip(maps, names, strict=True):
        figure = draw(record, shown, truth) if formats else None
        written.append([save(figure, folder / f"{name}.{suffix}") for suffix in formats] if figure is not None else [])
    return written


def draw(record: EcgRecord | MriSlice, shown: Map, truth: Truth | None = None) -> Figure:
    """Return the picture of a map; of a long record the 20 s in which it is strongest."""
    from pellucid.figures.brain import brain_slice
    from pellucid.figures.ecg_paper import ecg_paper

    mask = (truth or {}).get(shown.target)
    if not isinstance(record, EcgRecord):
        return brain_slice(record, shown.relevance, kind=shown.scale.kind, outline=mask, title=shown.title)
    first, last = stretch(record, [shown], round(LONGEST * record.sampling_rate))
    whole = (first, last) == (0, record.samples)
    part = record if whole else record.cut(first / record.sampling_rate, last / record.sampling_rate)
    title = shown.title if whole else f"{shown.title}, from {first / record.sampling_rate:.0f} s on"
    return ecg_paper(
        part,
        shown.relevance[:, first:last],
        kind=shown.scale.kind,
        truth=None if mask is None else mask[:, first:last],
        title=title,
    )
