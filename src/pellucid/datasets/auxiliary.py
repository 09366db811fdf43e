"""What a table says beside the labels, as further targets: they teach a network and are then dropped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Yes-or-no targets: `values` (record, target), and `known` where the table says anything about it."""

    names: tuple[str, ...]
    values: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def __add__(self, other: Targets) -> Targets:
        return Targets(
            self.names + other.names,
            np.concatenate([self.values, other.values], axis=1),
            np.concatenate([self.known, other.known], axis=1),
        )


def words(
    reports: pd.Series[str],
    training: NDArray[np.bool_],
    *,
    fewest: int = 60,
    fewest_pairs: int = 150,
    largest_share: float = 0.6,
    largest_overlap: float = 0.97,
) -> Targets:
    """Return words and pairs of adjacent words of the reports as targets, chosen on the training rows alone.

    A candidate is dropped when its Jaccard overlap with one already kept is above `largest_overlap`.
    """
    tokens = [_WORD.findall(str(report).lower()) for report in reports.fillna("")]
    terms = [[*{*row}, *{f"{a} {b}" for a, b in pairwise(row)}] for row in tokens]
    counts = Counter(term for row, use in zip(terms, training, strict=True) if use for term in row)
    most = largest_share * training.sum()
    frequent = sorted(
        (term for term, n in counts.items() if (fewest_pairs if " " in term else fewest) <= n <= most),
        key=lambda term: (" " in term, -counts[term], term),
    )
    column = {term: index for index, term in enumerate(frequent)}
    present = np.zeros((len(terms), len(frequent)), dtype=bool)
    for row, found in enumerate(terms):
        present[row, [column[term] for term in found if term in column]] = True
    kept = _unlike(present[training], largest_overlap)
    values = present[:, kept]
    return Targets(tuple(frequent[i] for i in kept), values, np.ones_like(values))


def _unlike(present: NDArray[np.bool_], largest_overlap: float) -> list[int]:
    columns = present.astype(np.float32)
    both = columns.T @ columns
    size = columns.sum(0)
    overlap = both / np.maximum(size[:, None] + size[None, :] - both, 1)
    kept: list[int] = []
    for index in range(len(size)):
        if not kept or overlap[index, kept].max() <= largest_overlap:
            kept.append(index)
    return kept


def values_of(column: pd.Series[str], training: NDArray[np.bool_], *, fewest: int = 50) -> Targets:
    """Return one target for each value that has `fewest` training rows; empty fields are not known."""
    text = column.astype("string").str.strip()
    counts = text[training].value_counts()
    names = [str(value) for value in counts.index[counts >= fewest]]
    values = np.stack([(text == name).fillna(False).to_numpy(dtype=bool) for name in names], axis=1)
    known = np.repeat(text.notna().to_numpy()[:, None], len(names), axis=1)
    return Targets(tuple(f"{column.name} {name}" for name in names), values, known)


def above(column: pd.Series[float], limits: Sequence[float]) -> Targets:
    """Return one target a limit: the field is above it; empty fields are not known."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    values = np.stack([np.nan_to_num(numbers, nan=-np.inf) > limit for limit in limits], axis=1)
    known = np.repeat(np.isfinite(numbers)[:, None], len(limits), axis=1)
    return Targets(tuple(f"{column.name} > {limit:g}" for limit in limits), values, known)


def mentioned(column: pd.Series[str], text: str = "") -> Targets:
    """Return one target: the field holds `text` (anything at all when empty)."""
    filled = column.fillna("").astype(str)
    values = (filled.str.contains(text, regex=False) & (filled.str.strip() != "")).to_numpy(dtype=bool)[:, None]
    return Targets((f"{column.name} {text}".strip(),), values, np.ones_like(values))


def likely(
    codes: Sequence[Mapping[str, float]], training: NDArray[np.bool_], *, limit: float = 80, most: int = 15
) -> Targets:
    """Return for the `most` frequently graded codes: likelihood at least `limit`; known where the code is graded."""
    graded = [{code: value for code, value in row.items() if value > 0} for row in codes]
    counts: Counter[str] = Counter()
    for row, use in zip(graded, training, strict=True):
        if use:
            counts.update(code for code, value in row.items() if value < limit)
    names = [code for code, _ in counts.most_common(most)]
    known = np.array([[code in row for code in names] for row in graded])
    values = np.array([[row.get(code, 0.0) >= limit for code in names] for row in graded])
    return Targets(tuple(f"{code} likely" for code in names), values, known)
