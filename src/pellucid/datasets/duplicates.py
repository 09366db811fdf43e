"""Which records of a data set are the same, or nearly: by hash of the content, then by correlation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.core.progress import track
from pellucid.core.randomness import generator

BITS = 256
_BLOCK = 1024
_FLAT = 1e-6  # shorter than this a row has no shape of its own
_SLACK = 5.0  # standard deviations of the number of bits that differ


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, by position, and how alike they are: correlation 1 with `exact` for equal content."""

    first: int
    second: int
    correlation: float
    exact: bool
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """All twins of a data set.

    Attributes
    ----------
    content
        For each record the number of its content: records of equal content have equal numbers.
    pairs
        Near twins, one for each two contents, by the first record of each.
    """

    content: NDArray[np.int64]
    pairs: tuple[Pair, ...]

    def neighbours(self) -> list[set[int]]:
        """Return for each content itself and the contents that are near it."""
        near = [{content} for content in range(int(self.content.max(initial=-1)) + 1)]
        for pair in self.pairs:
            one, two = int(self.content[pair.first]), int(self.content[pair.second])
            near[one].add(two)
            near[two].add(one)
        return near

    def clusters(self) -> NDArray[np.int64]:
        """Return for each record the number of its cluster: all that a chain of twins joins."""
        near = self.neighbours()
        cluster = np.full(len(near), -1, dtype=np.int64)
        for start in range(len(near)):
            if cluster[start] >= 0:
                continue
            waiting = [start]
            while waiting:
                one = waiting.pop()
                if cluster[one] < 0:
                    cluster[one] = start
                    waiting += near[one]
        _, numbered = np.unique(cluster[self.content], return_inverse=True)
        return numbered.astype(np.int64)


def twins(
    hashes: Sequence[str],
    contents: NDArray[np.floating],
    *,
    threshold: float,
    mirrored: NDArray[np.floating] | None = None,
    near: bool = True,
) -> Twins:
    """Return which records have equal contents, and which nearly equal ones.

    Parameters
    ----------
    hashes
        One a record: equal where the decoded content is.
    contents
        (record, feature): what is compared; as `unit` gives it.
    threshold
        Two contents are near when their correlation is above it.
    mirrored
        The same features of each record's mirror image.
    near
        False looks for equal contents alone.

    Notes
    -----
    A perceptual hash picks the candidates: the signs of `BITS` random projections (Charikar 2002). Two contents of
    correlation r differ in a bit with probability arccos(r)/pi, so a pair at the threshold differs in more bits than
    are allowed (five standard deviations above the mean) with probability under 1e-5. Cost: records squared times
    `BITS`, a second for 3,000 records and 20 s for 20,000 on one core.
    """
    _, first, content = np.unique(np.asarray(hashes), return_index=True, return_inverse=True)
    order = np.argsort(first)  # contents in the order in which they come first
    content = np.argsort(order)[content]
    kept = first[order]
    if not near:
        return Twins(content.astype(np.int64), ())
    pairs = [*_near(contents, contents, kept, threshold, mirrored=False)]
    if mirrored is not None:
        known = {(pair.first, pair.second) for pair in pairs}
        turned = _near(contents, mirrored, kept, threshold, mirrored=True)
        pairs += [pair for pair in turned if (pair.first, pair.second) not in known]
    return Twins(content.astype(np.int64), tuple(sorted(pairs, key=lambda pair: -pair.correlation)))


def unit(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return each row without its mean and of length 1, so that products are correlations; near 0 where it is flat."""
    flat: NDArray[np.float32] = values.reshape(len(values), -1).astype(np.float32)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.maximum(length, np.float32(_FLAT))
    return flat


def bits_allowed(threshold: float) -> int:
    """Return in how many of `BITS` bits the hashes of two contents may differ and still be compared."""
    share = math.acos(threshold) / math.pi
    return math.ceil(BITS * share + _SLACK * math.sqrt(BITS * share * (1 - share)))


def signs(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the perceptual hash of each row, (record, bit), as -1 and 1."""
    directions = generator(0).standard_normal((values.shape[1], BITS), dtype=np.float32)
    return np.where(values.astype(np.float32, copy=False) @ directions >= 0, np.float32(1), np.float32(-1))


def _near(
    ones: NDArray[np.floating],
    others: NDArray[np.floating],
    kept: NDArray[np.intp],
    threshold: float,
    *,
    mirrored: bool,
) -> Iterator[Pair]:
    one_bits = signs(ones)[kept]
    other_bits = signs(others)[kept] if mirrored else one_bits
    least = BITS - 2 * bits_allowed(threshold)  # the product of two hashes: bits that agree less those that differ
    for start in track(range(0, len(kept), _BLOCK), "comparing"):
        block = one_bits[start : start + _BLOCK] @ other_bits[start:].T
        rows, columns = np.nonzero(block >= least)
        later = columns > rows
        for row, column in zip(rows[later] + start, columns[later] + start, strict=True):
            first, second = int(kept[row]), int(kept[column])
            correlation = float(ones[first].astype(np.float32) @ others[second].astype(np.float32))
            if correlation > threshold:
                yield Pair(first, second, min(correlation, 1.0), exact=False, mirrored=mirrored)
