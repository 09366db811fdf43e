"""A split without leaks: each content once in the test, none of it in training, twins and patients kept together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.datasets.contents import Contents
from pellucid.datasets.duplicates import Twins
from pellucid.datasets.splits import CLUSTER, FOLDS, dealt, torn


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """Which records stay, by position, with their patients (or clusters of twins) and folds, and why others do not."""

    kept: NDArray[np.intp]
    patients: tuple[str, ...]
    folds: tuple[int, ...]
    dropped: dict[str, int]


def cleaned(read: Contents, twins: Twins, conflicting: Sequence[int], test_folds: Sequence[int]) -> Cleaned:
    """Return the cleaned split.

    Parameters
    ----------
    read
        The records.
    twins
        Which are alike.
    conflicting
        Positions of records whose twin has another label: they leave.
    test_folds
        The test side. It keeps its records, one of each cluster of twins; training loses the twins and the patients
        of the test, and all but one of equal contents.

    Notes
    -----
    Training records keep their folds unless a patient or a cluster of twins would be in two: then all of them are
    dealt anew into the same folds. A test record is dropped only for a conflict or as a repeat, so the figure is on
    the same test as before, without its repeats.
    """
    table = read.source.table
    test = table["fold"].isin(list(test_folds)).to_numpy()
    groups = together(table["patient"].astype(str).tolist(), twins.clusters())
    cluster = twins.clusters()
    reasons: list[str] = [""] * len(table)
    for position in conflicting:
        reasons[position] = "conflicting label"
    seen: set[tuple[str, int]] = set()
    in_test = {int(group) for group in groups[test]}
    for position in [*np.flatnonzero(test), *np.flatnonzero(~test)]:
        if reasons[position]:
            continue
        if not test[position] and int(groups[position]) in in_test:
            reasons[position] = "twin or patient in the test"
            continue
        key = ("test", int(cluster[position])) if test[position] else ("training", int(twins.content[position]))
        if key in seen:
            reasons[position] = "repeat in the test" if test[position] else "repeat in training"
        seen.add(key)
    kept = np.array([position for position, reason in enumerate(reasons) if not reason], dtype=np.intp)
    names = table["patient"].astype(str).tolist()
    patients = [names[position] if read.source.patients_known else f"{CLUSTER}{groups[position]}" for position in kept]
    folds = _folds(read, kept, groups, test)
    return Cleaned(kept, tuple(patients), folds, dict(sorted(Counter(filter(None, reasons)).items())))


def dealt_anew(read: Contents, twins: Twins, alike: Twins, conflicting: Sequence[int]) -> Cleaned:
    """Return a split that asks nothing of the published one: each content once, what is alike in one of ten folds.

    Parameters
    ----------
    read, twins, conflicting
        As for `cleaned`.
    alike
        Which records are to be kept together, best at a lower correlation than copies have: neighbouring slices of
        one head, where nothing says whose it is. Chains of likeness join, so too low a one joins nearly all.
    """
    table = read.source.table
    names = table["patient"].astype(str).tolist()
    groups = together(names, alike.clusters())
    first = np.zeros(len(table), dtype=bool)
    first[np.unique(twins.content, return_index=True)[1]] = True
    wrong = np.zeros(len(table), dtype=bool)
    wrong[list(conflicting)] = True
    kept = np.flatnonzero(first & ~wrong)
    classes = [row.tobytes().hex() for row in read.source.labels.to_numpy()[kept]]
    folds = dealt([f"{group}" for group in groups[kept]], classes, range(1, FOLDS + 1))
    patients = [names[position] if read.source.patients_known else f"{CLUSTER}{groups[position]}" for position in kept]
    dropped = {"conflicting label": int(wrong.sum()), "repeat": int((~first & ~wrong).sum())}
    return Cleaned(kept, tuple(patients), tuple(folds.tolist()), {why: n for why, n in dropped.items() if n})


def _folds(
    read: Contents, kept: NDArray[np.intp], groups: NDArray[np.int64], test: NDArray[np.bool_]
) -> tuple[int, ...]:
    folds = read.source.table["fold"].to_numpy()[kept].astype(np.int64)
    training = ~test[kept]
    names = [f"{group}" for group in groups[kept][training]]
    if torn(names, folds[training].tolist()):
        labels = read.source.labels.to_numpy()[kept][training]
        classes = [row.tobytes().hex() for row in labels]
        folds[training] = dealt(names, classes, sorted(set(folds[training].tolist())))
    return tuple(folds.tolist())


def together(patients: Sequence[str], clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each record's group: all that shared patients and shared clusters join."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, patient = np.unique(np.asarray(patients), return_inverse=True)
    count = int(patient.max()) + 1
    links = coo_array(
        (np.ones(len(patient)), (patient, clusters + count)), shape=2 * (count + int(clusters.max()) + 1,)
    )
    _, component = connected_components(links, directed=False)
    groups: NDArray[np.int64] = component[patient].astype(np.int64)
    return groups
