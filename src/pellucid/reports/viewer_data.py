"""What the viewer gets: a record's signal and its maps, packed small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.figures.scale import PERCENTILE
from pellucid.records.ecg import EcgRecord
from pellucid.reports.maps import method_words, shares
from pellucid.reports.packing import pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.records.slice import MriSlice
    from pellucid.reports.maps import Map
    from pellucid.reports.truth import Truth

MOST_VALUES = 400_000  # of a signal; 66 s of 12 leads at 500 Hz
SIGNAL_STEP = 0.001  # mV
GREY_STEP = 1 / 4095
FINENESS = 1000  # steps in the limit of a relevance scale


def viewer_data(record: EcgRecord | MriSlice, maps: Sequence[Map], truth: Truth | None = None) -> dict[str, Any]:
    """Return a record and its maps as JSON can hold them.

    A record of more than 400,000 values is cut to the stretch where its maps are strongest.

    Parameters
    ----------
    truth
        For each class that is known to be present, where it shows, (lead, sample); None where that is not known.
    """
    if isinstance(record, EcgRecord):
        return _ecg(record, maps, truth)
    rows, columns = record.shape
    return {
        "kind": "slice",
        "name": record.name,
        "rows": rows,
        "columns": columns,
        "spacing": record.spacing,
        "pixels": pack(record.pixels, GREY_STEP),
        "maps": [_map(shown, shown.relevance) for shown in maps],
    }


def _ecg(record: EcgRecord, maps: Sequence[Map], truth: Truth | None) -> dict[str, Any]:
    first, last = stretch(record, maps, MOST_VALUES // len(record.leads))
    masks = {name: mask[:, first:last] for name, mask in (truth or {}).items() if mask is not None}
    return {
        "kind": "ecg",
        "name": record.name,
        "rate": record.sampling_rate,
        "begin": first / record.sampling_rate,
        "samples": last - first,
        "total": record.seconds,
        "leads": record.leads,
        "signal": pack(record.signal[:, first:last], SIGNAL_STEP),
        "truth": {name: _spans(mask) for name, mask in masks.items()} or None,
        "maps": [{**_map(shown, shown.relevance[:, first:last]), "shares": shares(shown.explained)} for shown in maps],
    }


def _map(shown: Map, relevance: NDArray[np.floating]) -> dict[str, Any]:
    scale = shown.scale
    return {
        "method": shown.method,
        "method_words": method_words(shown.method),
        "target": shown.target,
        "kind": scale.kind,
        "limit": scale.limit,
        "limit_words": f"{PERCENTILE:g}th percentile of |relevance|",
        "relevance": pack(relevance, scale.limit / FINENESS),
    }


def stretch(record: EcgRecord, maps: Sequence[Map], length: int) -> tuple[int, int]:
    """Return the first and the last sample (excluded) of at most `length` samples in which the maps are strongest."""
    if record.samples <= length:
        return 0, record.samples
    weight = np.zeros(record.samples + 1)
    for shown in maps:
        if not shown.scale.empty:
            weight[1:] += np.cumsum(np.abs(shown.relevance).sum(axis=0)) / shown.scale.limit
    starts = np.arange(0, record.samples - length + 1, max(1, round(record.sampling_rate)))
    first = int(starts[np.argmax(weight[starts + length] - weight[starts])])
    return first, first + length


def _spans(mask: NDArray[np.bool_]) -> list[list[int]]:
    """Return for each lead the first and the last sample (excluded) of each run of True, one after the other."""
    edges = np.diff(mask.astype(np.int8), axis=1, prepend=0, append=0)
    return [np.flatnonzero(row).tolist() for row in edges]
