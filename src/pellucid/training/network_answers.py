"""A network asked about a data set: its probabilities for any class set that its own classes make up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.provenance import array_hash, text_hash
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.labels import ClassSet
from pellucid.networks.network import Network
from pellucid.training.answers import Answers, canonical
from pellucid.training.finish import probabilities
from pellucid.training.thresholds import best_thresholds, threshold_notes

Members = tuple[tuple[int, ...], ...]


def network_answers(
    network: Network,
    scored: Dataset,
    *,
    chosen: Dataset | None = None,
    thresholds: Sequence[float] | None = None,
) -> Answers:
    """Return what a network says about the records of a data set.

    Parameters
    ----------
    network
        Any that reads ECGs.
    scored
        Records and labels. A class of several codes gets the largest of its members' probabilities (their sum where
        the network's classes exclude each other).
    chosen
        Records on which thresholds of maximal F1 are chosen; without them the card's hold, and a class of several
        codes has none.
    thresholds
        One a class of `scored`, or a single one for all, in place of these.

    Raises
    ------
    InvalidInputError
        When the network lacks a code, or thresholds are neither one nor as many as the classes.

    Notes
    -----
    Cost: one forward pass a record of `scored` and `chosen`.
    """
    members = members_of(network, scored.class_set)
    asked = probabilities(network, scored)
    exclusive = network.card.activation == "softmax"
    limits, notes = _thresholds(network, scored, members, chosen, thresholds)
    if max(map(len, members)) > 1:
        how = "the sum" if exclusive else "the largest"
        notes = [f"The probability of a class of several codes is {how} of theirs.", *notes]
    return Answers.of(
        classes=scored.classes,
        labels=scored.labels.to_numpy(),
        probabilities=grouped(asked, members, exclusive=exclusive),
        decisions=_of_top(asked, members) if exclusive else None,
        thresholds=limits,
        patients=scored.groups,
        records=scored.table.index.to_numpy(),
        notes=[*notes, *_seen_before(network, scored)],
    )


def members_of(network: Network, wanted: ClassSet) -> Members:
    """Return for each wanted class where its members stand among the network's classes.

    Raises
    ------
    InvalidInputError
        When the network has neither all members nor the classes themselves.
    """
    own = {canonical(name): position for position, name in enumerate(network.classes)}
    lacking = [code for codes in wanted.members.values() for code in codes if code not in own]
    if not lacking:
        return tuple(tuple(own[code] for code in codes) for codes in wanted.members.values())
    if all(name in own for name in wanted.classes):
        return tuple((own[name],) for name in wanted.classes)
    some = ", ".join(lacking[:8]) + (" ..." if len(lacking) > 8 else "")
    raise InvalidInputError(
        f"network {network.name} must know all codes of class set {wanted.name}; it lacks {some}. "
        f"Choose --classes among {', '.join(own)}."
    )


def grouped(values: NDArray[np.float64], members: Members, *, exclusive: bool = False) -> NDArray[np.float64]:
    """Return (record, class) of the largest, or where classes exclude each other the summed, member probability."""
    if exclusive:
        return np.stack([np.minimum(values[:, list(group)].sum(axis=1), 1.0) for group in members], axis=1)
    return np.stack([values[:, list(group)].max(axis=1) for group in members], axis=1)


def _of_top(values: NDArray[np.float64], members: Members) -> NDArray[np.bool_]:
    top = values.argmax(axis=1)
    return np.stack([np.isin(top, group) for group in members], axis=1)


def _thresholds(
    network: Network,
    scored: Dataset,
    members: Members,
    chosen: Dataset | None,
    given: Sequence[float] | None,
) -> tuple[NDArray[np.float64], list[str]]:
    """Return (class,), or one for all, and in words where they come from."""
    if network.card.activation == "softmax":
        if given or chosen is not None:
            raise InvalidInputError(
                f"classes of {network.name} exclude each other; they take no thresholds. Leave them out."
            )
        return np.array(np.nan), ["The most probable class counts as found."]
    if given:
        return np.array(given), ["Thresholds: as given."]
    if chosen is not None:
        labels = chosen.labels.to_numpy()
        both = int(np.isin(chosen.table.index, scored.table.index).sum())
        reserve = [f"{both} records are scored on which thresholds were chosen: F1 is too good."] if both else []
        where = f"Thresholds: maximal F1 on {len(chosen)} records of fold {_listed(chosen)}."
        values = best_thresholds(grouped(probabilities(network, chosen), members), labels)
        return values, [where, *threshold_notes(labels, chosen.classes), *reserve]
    values = np.array([network.thresholds[group[0]] if len(group) == 1 else np.nan for group in members])
    if np.isnan(values).all():
        return values, ["Thresholds: none for classes of several codes; --choose-folds chooses them."]
    return values, [f"Thresholds: {network.card.thresholds_from or 'the network’s own'}."]


def folds_for_testing(network: Network, source: Dataset) -> tuple[int, ...] | None:
    """Return the folds that the network's card keeps for testing, None where it was not trained on this data set."""
    folds = _split_folds(network, source, "test")
    return tuple(sorted(folds)) or None


def data_facts(scored: Dataset) -> dict[str, Any]:
    """Return which records were scored: data set, folds, class set, hash over ids, patients, folds and labels."""
    return {
        "name": scored.name,
        "folds": sorted(map(int, scored.table["fold"].unique())),
        "class_set": scored.class_set.name,
        "sampling_rate": scored.sampling_rate,
        "hash": scored.hash,
    }


def network_facts(network: Network) -> dict[str, Any]:
    """Return who answered: name, architecture, classes, and a hash over the weights."""
    tensors = network.module.state_dict()
    lines = [f"{name} {array_hash(value.detach().cpu().numpy())}" for name, value in sorted(tensors.items())]
    return {
        "name": network.name,
        "architecture": network.card.architecture,
        "classes": list(network.classes),
        "weights": text_hash(lines),
    }


def _seen_before(network: Network, scored: Dataset) -> list[str]:
    """Return in words which of the scored folds the card names as used in training, or that its folds were others."""
    trained = str(network.card.training.get("dataset", ""))
    if trained and _known(network, scored) and _dealt(trained) != _dealt(scored.spec):
        return [
            f"The network was trained on {trained}, and this is {scored.spec}: it may have seen the scored records."
        ]
    folds = set(scored.table["fold"])
    uses = {"train": "trained on", "choose": "stopped and its thresholds chosen on"}
    notes = []
    for split, what in uses.items():
        both = sorted(folds & _split_folds(network, scored, split))
        if both:
            notes.append(f"The network was {what} fold {', '.join(map(str, both))}, which is scored here: too good.")
    return notes


def _dealt(spec: str) -> set[str]:
    """Return the settings of a data set that say how its records are dealt into folds, other than as usual."""
    return {setting for setting in spec.split(",") if setting.startswith(("by=", "split="))} - {"by=patient"}


def _known(network: Network, source: Dataset) -> bool:
    """Return whether the network was trained on this data set, in whatever split."""
    named = network.card.training.get("config", {}).get("data", {}).get("dataset")
    return bool(named == source.name)


def _split_folds(network: Network, source: Dataset, split: str) -> set[int]:
    if not _known(network, source):
        return set()
    return set(network.card.training.get("splits", {}).get(split, {}).get("folds", ()))


def _listed(part: Dataset) -> str:
    return ", ".join(map(str, sorted(part.table["fold"].unique())))
