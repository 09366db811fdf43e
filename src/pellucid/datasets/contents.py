"""What an audit compares of each record: a hash of its decoded content, a coarse copy, and how it was taken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, PellucidError, UnreadableFileError
from pellucid.core.progress import track
from pellucid.core.provenance import array_hash
from pellucid.core.randomness import generator
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.duplicates import BITS, bits_allowed, signs, unit
from pellucid.datasets.slices import SliceDataset
from pellucid.records.quality import findings
from pellucid.records.slice import MriSlice

SLICE_THRESHOLD = 0.97
"""Correlation of two slices at 64 x 64 pixels above which one is called a copy of the other.

On the 3,264 slices of the brain tumour set the number of test slices with a twin in training is the same at every
threshold from 0.96 to 0.995, and no two slices are mirror images; below 0.95 neighbouring slices of one head come in.
In a set of thin slices that fill the picture (the dementia folders) neighbours are above 0.97 too: a leak, though no
copy.
"""

SIGNAL_THRESHOLD = 0.95
"""Correlation of two ECGs, all leads together at a quarter of 100 Hz, above which one is called a copy of the other.

Of the 237 million pairs of PTB-XL no two patients' ECGs correlate above 0.93.
"""

CORNERS = ("upper left", "upper right", "lower left", "lower right")

_SIDE = 64  # pixels of the coarse copy of a slice
_POINTS = 250  # samples, about, of the coarse copy of a signal
_CORNER = 0.08  # of the shorter side
_SAMPLED = 100  # records whose changed copies are looked for
_QUALITY, _REDUCED, _DIMMED = 50, 0.75, 0.9  # what is done to a slice to make a changed copy
_NOISE, _OFFSET = 20, 100  # microvolts, of an ECG
_CHUNK = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """The records of a data set that can be read, as an audit compares them.

    Attributes
    ----------
    source
        These records.
    hashes
        SHA-256 of each one's decoded pixels (16-bit grey) or samples (microvolts).
    coarse
        (record, feature): the coarse copies as `duplicates.unit` gives them.
    mirrored
        The same of the mirror images; None for ECGs.
    facts
        How each was taken: size, brightness, border, and what the data set's own table says.
    skipped
        Why a record could not be read, by its id.
    findings
        Which records have each finding of `records.quality`: what is no slice through a head is among them.
    threshold
        Correlation above which two records are near.
    found
        The share of changed copies (reduced, dimmed, compressed again; or louder, with noise) of a sample that this
        threshold finds: what the calibration of this very data set says.
    """

    source: Dataset
    hashes: tuple[str, ...]
    coarse: NDArray[np.float16]
    mirrored: NDArray[np.float16] | None
    facts: pd.DataFrame
    skipped: dict[str, str]
    findings: dict[str, list[str]]
    threshold: float
    found: float


def contents(source: Dataset) -> Contents:
    """Read a data set once and return what an audit compares.

    Raises
    ------
    InvalidInputError
        When not one record can be read.

    Notes
    -----
    Cost: one reading of every file (slices), or of the packed array (ECGs); 8 kB a slice, 6 kB an ECG of twelve leads.
    """
    return _of_slices(source) if isinstance(source, SliceDataset) else _of_signals(source)


def _of_slices(source: SliceDataset) -> Contents:
    hashes, facts, small, kept = [], [], [], []
    told: dict[str, list[str]] = {}
    skipped: dict[str, str] = {}
    for position, record in enumerate(track(source.table.index, f"reading {source.name}")):
        try:
            one = source.read(record)
        except (PellucidError, OSError) as error:
            skipped[str(record)] = " ".join(str(error).split())
            continue
        kept.append(position)
        hashes.append(array_hash(np.rint(one.pixels * 65535).astype(np.uint16)))
        small.append(_coarse(one.pixels))
        facts.append(_appearance(one))
        for kind in {finding.kind for finding in findings(one)}:
            told.setdefault(kind, []).append(str(record))
    if not kept:
        raise InvalidInputError(
            f"data set {source.name} must hold at least one record that can be read; of {len(skipped)} none can. "
            f"The first: {next(iter(skipped.values()))}"
        )
    part = source.take(kept)
    pictures = np.stack(small)
    return Contents(
        source=part,
        hashes=tuple(hashes),
        coarse=unit(pictures).astype(np.float16),
        mirrored=unit(pictures[:, :, ::-1]).astype(np.float16),
        facts=_joined(pd.DataFrame(facts, index=part.table.index), part.acquisition),
        skipped=skipped,
        findings=dict(sorted(told.items())),
        threshold=SLICE_THRESHOLD,
        found=_share_found(pictures[_sample(len(kept))], np.stack([*_changed_slices(part)]), SLICE_THRESHOLD),
    )


def _of_signals(source: Dataset) -> Contents:
    skipped: dict[str, str] = {}
    try:
        signals = source.signals()
    except (UnreadableFileError, OSError):
        source, skipped = source.readable()
        signals = source.signals()
    samples = signals.shape[-1]
    step = max(1, samples // _POINTS)
    hashes, coarse, facts = [], [], []
    for start in track(range(0, len(signals), _CHUNK), f"reading {source.name}"):
        block = np.asarray(signals[start : start + _CHUNK])
        hashes += [array_hash(row) for row in block]
        coarse.append(unit(_pooled(block, step)).astype(np.float16))
        facts.append(pd.DataFrame({"zeros": (block == 0).mean(axis=(1, 2)), "offset": np.abs(block.mean(-1)).max(1)}))
    chosen = np.asarray(signals[_sample(len(signals))])
    changed = 1.2 * chosen + generator(0).normal(_OFFSET, _NOISE, chosen.shape)
    return Contents(
        source=source,
        hashes=tuple(hashes),
        coarse=np.concatenate(coarse),
        mirrored=None,
        facts=_joined(pd.concat(facts).set_index(source.table.index), source.acquisition),
        skipped=skipped,
        findings={},
        threshold=SIGNAL_THRESHOLD,
        found=_share_found(_pooled(chosen, step), _pooled(changed, step), SIGNAL_THRESHOLD),
    )


def _sample(records: int) -> NDArray[np.intp]:
    """Return the positions of up to `_SAMPLED` records, evenly over all."""
    return np.unique(np.linspace(0, records - 1, min(records, _SAMPLED)).astype(np.intp))


def _share_found(originals: NDArray[Any], copies: NDArray[Any], threshold: float) -> float:
    ones, others = unit(originals), unit(copies)
    correlation = (ones * others).sum(1)
    differing = (BITS - (signs(ones) * signs(others)).sum(1)) / 2
    return float(np.mean((correlation > threshold) & (differing <= bits_allowed(threshold))))


def _pooled(signals: NDArray[Any], step: int) -> NDArray[np.float32]:
    """Return the means of `step` samples, each lead without its own mean: (record, lead, sample)."""
    records, leads, samples = signals.shape
    whole = signals[..., : samples // step * step].astype(np.float32)
    pooled: NDArray[np.float32] = whole.reshape(records, leads, -1, step).mean(-1)
    pooled -= pooled.mean(-1, keepdims=True)
    return pooled


def _coarse(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    from PIL import Image

    reduced = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(reduced, dtype=np.float32)


def _changed_slices(source: Dataset) -> Iterator[NDArray[np.float32]]:
    from PIL import Image

    for position in _sample(len(source)):
        record = source[int(position)]
        if isinstance(record, MriSlice):
            size = [max(8, round(_REDUCED * side)) for side in record.shape[::-1]]
            grey = Image.fromarray(np.rint(record.pixels * 255 * _DIMMED).astype(np.uint8))
            stream = io.BytesIO()
            grey.resize((size[0], size[1]), Image.Resampling.BILINEAR).save(stream, "JPEG", quality=_QUALITY)
            yield _coarse(np.asarray(Image.open(stream), dtype=np.float32) / np.float32(255))


def _appearance(record: MriSlice) -> dict[str, float]:
    rows, columns = record.shape
    edge = max(1, round(_CORNER * min(rows, columns)))
    pixels = record.pixels
    corners = [pixels[:edge, :edge], pixels[:edge, -edge:], pixels[-edge:, :edge], pixels[-edge:, -edge:]]
    frame = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return {
        "width": columns,
        "height": rows,
        "brightness": float(pixels.mean()),
        "contrast": float(pixels.std()),
        "border": float(frame.mean()),
        "border varies": float(frame.std()),
        **{f"{where} corner": float(corner.mean()) for where, corner in zip(CORNERS, corners, strict=True)},
    }


def _joined(seen: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Return both as one table; what the data set's own table tells stands in place of what was seen."""
    return pd.concat([seen.drop(columns=told.columns, errors="ignore"), told], axis=1)
