"""What an audit found, in sentences that say what it means for a figure on the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pellucid.datasets.audit import Audit


def headline(found: Audit) -> str:
    """Return the answer in one sentence."""
    leaking, tests = found.leaking["near"], found.leaking["test"]
    if leaking:
        return f"{leaking} of {_records(tests, 'test record')} {_have(leaking)} a twin in training."
    if found.torn:
        return f"{_records(len(found.torn), 'patient')} {_are(len(found.torn))} on several sides."
    telling = [name for name, one in found.confounds.items() if one.tells]
    if telling:
        return "No test record has a twin in training, but the way of recording tells the class."
    return "No test record has a twin in training."


def leaks(found: Audit) -> list[str]:
    """Return a sentence for each class whose test leaks, and for patients on several sides and unlike labels."""
    source, lines = found.read.source, []
    sides = found.tests
    for name, near in found.near.items():
        if near:
            lines.append(
                f"Of {_records(sides[name], f'{name} test record')} {near} {_have(near)} a twin in training "
                f"({found.exact[name]} equal, the others nearly): a score on this split is too good."
            )
    if found.torn:
        lines.append(
            f"{_records(len(found.torn), 'patient')} {_are(len(found.torn))} on several sides, {_first(found.torn)} "
            "for instance: a score on this split says little about new patients."
        )
    if found.conflicts:
        lines.append(
            f"{_records(len(found.conflicts), 'pair')} of copies {_have(len(found.conflicts))} unlike labels: at least "
            "one label of each pair is wrong."
        )
    return [*lines, *source.notes]


def telltale(found: Audit) -> list[str]:
    """Return a sentence for each group of facts that tells the class, the strongest first."""
    telling = [(name, one) for name, one in found.confounds.items() if one.tells and name != "all"]
    telling.sort(key=lambda item: item[1].majority - item[1].accuracy)
    lines = [
        f"{name.capitalize()} alone ({', '.join(one.facts)}) gives the class of {one.accuracy:.1%} of records; naming "
        f"always the largest class gives {one.majority:.1%}. A network can learn this in place of the disease."
        for name, one in telling
    ]
    return lines or ["Nothing that was asked tells clearly more about the class than knowing nothing."]


def cleaned(found: Audit) -> list[str]:
    """Return what the cleaned split keeps, and how it is used."""
    left_out = "; ".join(f"{count} left out: {reason}" for reason, count in found.cleaned.dropped.items())
    records = f"{len(found.cleaned.kept)} of {len(found.read.source)} records"
    return [
        f"The cleaned split keeps {records}{f' ({left_out})' if left_out else ''}.",
        f"train and evaluate take it as {found.read.source.name}:PATH,split=split.csv.",
    ]


def method(found: Audit) -> list[str]:
    """Return how copies were looked for, and how far that goes."""
    pairs = found.near_pairs
    return [
        "Equal: the same decoded pixels or samples, whatever the files' bytes.",
        f"Near: correlation above {found.read.threshold:g}, the mirror image too; {found.read.found:.0%} of changed "
        f"copies made from this very set are found. {_records(len(pairs), 'near pair')}, "
        f"{sum(pair.mirrored for pair in pairs)} of them mirrored.",
        "Confounds: a small decision tree on these facts alone, cross-validated; patients and twins kept together. It "
        "tells when it stands three standard errors above the largest class's share.",
    ]


def _records(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _first(torn: dict[str, list[str]]) -> str:
    patient, sides = next(iter(torn.items()))
    return f"{patient} ({', '.join(sides)})"
