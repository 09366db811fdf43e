"""An audit of a data set: what leaks from training into the test, what is labelled twice, what gives the class away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.cleaning import Cleaned, cleaned, dealt_anew, together
from pellucid.datasets.confounds import Confound, confounds
from pellucid.datasets.contents import Contents, contents
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.duplicates import BITS, Pair, Twins, bits_allowed, twins
from pellucid.datasets.splits import TEST_FOLD, torn

NO_CLASS = "(none)"
"""Stands for records that have none of the classes."""

_EACH = 4  # worst pairs of a kind
_LISTED = 200

Counts = dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What was found.

    Attributes
    ----------
    read
        The records that could be read.
    balance
        Records of each class on each side.
    tests
        Test records of each class.
    exact, near
        Those of them with at least one training record of equal content; of equal or near content.
    leaking
        The same over all classes: how many `test` records, and of these how many `exact` and `near`.
    within
        Records of each side and class with an equal or near one on the same side.
    within_exact
        The same with equal ones alone.
    conflicts
        Pairs of equal or near records whose labels differ.
    torn
        Patients on several sides.
    across
        Pairs of which one is in training and one in the test.
    confounds
        What size, brightness and so on tell about the class.
    cleaned
        A split without all that.
    """

    read: Contents
    test_folds: tuple[int, ...]
    balance: dict[str, Counts]
    tests: Counts
    exact: Counts
    near: Counts
    leaking: Counts
    within: dict[str, Counts]
    within_exact: dict[str, Counts]
    conflicts: tuple[Pair, ...]
    torn: dict[str, list[str]]
    across: tuple[Pair, ...]
    near_pairs: tuple[Pair, ...]
    confounds: dict[str, Confound]
    cleaned: Cleaned

    def json(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        source = self.read.source
        listed = list(self.torn)
        return {
            "dataset": source.name,
            "hash": source.hash,
            "records": len(source),
            "patients": int(source.table["patient"].nunique()) if source.patients_known else None,
            "test_folds": list(self.test_folds),
            "leak": {"exact": self.exact, "near": self.near},
            "leaking": self.leaking,
            "within": self.within,
            "within_exact": self.within_exact,
            "conflicts": [self._told(pair) for pair in self.conflicts],
            "patients_on_both_sides": {"count": len(listed), "first": {name: self.torn[name] for name in listed[:20]}},
            "balance": self.balance,
            "confounds": {name: {**asdict(one), "tells": one.tells} for name, one in self.confounds.items()},
            "near_pairs": [self._told(pair) for pair in self.near_pairs[:_LISTED]],
            "method": {
                "hash_bits": BITS,
                "bits_that_may_differ": bits_allowed(self.read.threshold),
                "correlation_above": self.read.threshold,
                "changed_copies_found": self.read.found,
                "near_pairs": len(self.near_pairs),
                "near_pairs_of_unlike_labels": sum(not pair.exact for pair in self.conflicts),
                "mirrored_pairs": sum(pair.mirrored for pair in self.near_pairs),
            },
            "skipped": self.read.skipped,
            "findings": {kind: {"count": len(at), "first": at[:20]} for kind, at in self.read.findings.items()},
            "cleaned": {"records": len(self.cleaned.kept), "dropped": self.cleaned.dropped},
            "notes": list(source.notes),
        }

    def table(self) -> pd.DataFrame:
        """Return the counts by class, one row a class."""
        sides = list(self.balance)
        rows = {
            name: {
                **{side: self.balance[side][name] for side in sides},
                "test, equal in training": self.exact[name],
                "test, equal or near": self.near[name],
                **{f"twins in {side}": self.within[side][name] for side in sides},
            }
            for name in self.exact
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")

    def worst(self) -> list[tuple[Pair, str]]:
        """Return pairs to look at, each with why: unlike labels, across the split, near ones that are least alike."""
        reasons = (
            (self.conflicts, "unlike labels"),
            ([pair for pair in self.across if pair.exact], "across sides, equal"),
            ([pair for pair in self.across if not pair.exact][::-1], "across sides, near"),
            (self.near_pairs[::-1], "near, least alike"),
        )
        chosen: list[tuple[Pair, str]] = []
        shown: set[int] = set()
        for pairs, reason in reasons:
            for pair in [pair for pair in pairs if not {pair.first, pair.second} & shown][:_EACH]:
                if not {pair.first, pair.second} & shown:
                    chosen.append((pair, reason))
                    shown |= {pair.first, pair.second}
        return chosen

    def _told(self, pair: Pair) -> dict[str, Any]:
        table, both = self.read.source.table, (pair.first, pair.second)
        return {
            "records": [str(table.index[position]) for position in both],
            "classes": [_classes(self.read.source, position) for position in both],
            "sides": [str(self.read.source.sides.iloc[position]) for position in both],
            "correlation": round(pair.correlation, 4),
            "equal": pair.exact,
            "mirrored": pair.mirrored,
        }


def audit(source: Dataset, *, test_folds: Sequence[int] = (TEST_FOLD,), anew: float | None = None) -> Audit:
    """Return what is wrong with a data set and its split.

    Parameters
    ----------
    source
        The data set.
    test_folds
        The test side; all other folds are training.
    anew
        A correlation, 0.5 or more: the cleaned split then keeps nothing of the published one, and records that are
        more alike than this are in one fold.

    Raises
    ------
    InvalidInputError
        When the test folds leave no test or no training records, or `anew` is out of range.

    Notes
    -----
    Cost: reading the set once, and records squared for the hashes: 15 s for 3,000 slices, half a minute for 20,000
    ECGs on one core.
    """
    if anew is not None and not 0.5 <= anew < 1:
        raise InvalidInputError(f"anew must be a correlation of 0.5 or more and below 1; got {anew!r}.")
    read = contents(source)
    test = read.source.table["fold"].isin(list(test_folds)).to_numpy()
    if test.all() or not test.any():
        known = sorted(read.source.table["fold"].unique().tolist())
        remedy = (
            f"Name others, as --test-folds {known[-1]}."
            if len(known) > 1
            else "Deal its records into more folds, with ,split=FILE."
        )
        raise InvalidInputError(
            f"test folds of {source.name} must leave records on both sides; got {', '.join(map(str, test_folds))}, its "
            f"records are in fold {', '.join(map(str, known))}. {remedy}"
        )
    found = _twins(read, read.threshold)
    members = _members(read.source)
    sides = read.source.sides
    conflicts = tuple(_conflicting(found, read.source))
    wrong = sorted({position for pair in conflicts for position in (pair.first, pair.second)})
    across = tuple(_across(found, test))
    alike = found.neighbours()
    equal = [{content} for content in range(len(alike))]
    groups = together(read.source.table["patient"].astype(str).tolist(), found.clusters())
    leaks = [_leaking(found.content, near, test) for near in (equal, alike)]
    return Audit(
        read=read,
        test_folds=tuple(test_folds),
        balance={side: _counted(members, (sides == side).to_numpy()) for side in sorted(sides.unique())},
        tests=_counted(members, test),
        exact=_counted(members, leaks[0]),
        near=_counted(members, leaks[1]),
        leaking={"test": int(test.sum()), "exact": int(leaks[0].sum()), "near": int(leaks[1].sum())},
        within=_within(found.content, alike, sides, members),
        within_exact=_within(found.content, equal, sides, members),
        conflicts=conflicts,
        torn=torn(read.source.table["patient"].astype(str).tolist(), sides.tolist()),
        across=across,
        near_pairs=found.pairs,
        confounds=confounds(read.facts, read.source.labels, [f"{group}" for group in groups]),
        cleaned=cleaned(read, found, wrong, test_folds)
        if anew is None
        else dealt_anew(read, found, _twins(read, min(anew, read.threshold)), wrong),
    )


def _twins(read: Contents, threshold: float) -> Twins:
    near = not read.source.alike_by_nature
    return twins(read.hashes, read.coarse, threshold=threshold, mirrored=read.mirrored, near=near)


def _members(source: Dataset) -> dict[str, NDArray[np.bool_]]:
    members = {str(name): source.labels[name].to_numpy(dtype=bool) for name in source.labels}
    none = ~np.any(source.labels.to_numpy(dtype=bool), axis=1, keepdims=True)[:, 0]
    return members | ({NO_CLASS: none} if none.any() else {})


def _counted(members: dict[str, NDArray[np.bool_]], chosen: NDArray[np.bool_]) -> Counts:
    return {name: int((has & chosen).sum()) for name, has in members.items()}


def _leaking(content: NDArray[np.int64], alike: Sequence[set[int]], test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which test records have a training record of one of the contents that are like their own."""
    training = set(content[~test].tolist())
    return np.array([bool(one and alike[of] & training) for one, of in zip(test, content.tolist(), strict=True)])


def _within(
    content: NDArray[np.int64],
    alike: Sequence[set[int]],
    sides: pd.Series[str],
    members: dict[str, NDArray[np.bool_]],
) -> dict[str, Counts]:
    found = {}
    for side in sorted(sides.unique()):
        here = (sides == side).to_numpy()
        numbers = np.bincount(content[here], minlength=len(alike))
        twin = [bool(one and numbers[list(alike[of])].sum() > 1) for one, of in zip(here, content, strict=True)]
        found[side] = _counted(members, np.array(twin))
    return found


def _all_pairs(found: Twins) -> Iterable[Pair]:
    """Yield all pairs of records whose contents are equal or near."""
    holders: dict[int, list[int]] = {}
    for position, content in enumerate(found.content.tolist()):
        holders.setdefault(content, []).append(position)
    for same in holders.values():
        for place, first in enumerate(same):
            yield from (Pair(first, second, 1.0, exact=True) for second in same[place + 1 :])
    for pair in found.pairs:
        for first in holders[int(found.content[pair.first])]:
            for second in holders[int(found.content[pair.second])]:
                yield Pair(first, second, pair.correlation, exact=False, mirrored=pair.mirrored)


def _conflicting(found: Twins, source: Dataset) -> Iterable[Pair]:
    labels = source.labels.to_numpy()
    return (pair for pair in _all_pairs(found) if (labels[pair.first] != labels[pair.second]).any())


def _across(found: Twins, test: NDArray[np.bool_]) -> Iterable[Pair]:
    return (pair for pair in _all_pairs(found) if test[pair.first] != test[pair.second])


def _classes(source: Dataset, position: int) -> list[str]:
    row = source.labels.iloc[position]
    return [str(name) for name in row.index[row.to_numpy()]]
