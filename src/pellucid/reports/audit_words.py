"""What an audit found, in sentences that say what it means for a figure on the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.datasets.audit import NO_CLASS

if TYPE_CHECKING:
    from pellucid.datasets.audit import Audit

_NAMED = 5


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
    """Return a sentence for each class whose test leaks, for torn patients, unlike labels and classes on one side."""
    lines = []
    for name, near in found.near.items():
        if near:
            lines.append(
                f"Of {_records(found.tests[name], f'{name} test record')} {near} {_have(near)} a twin in training "
                f"({_how_alike(found.exact[name], near)}): a score on this split is too good."
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
    return [*lines, *_one_sided(found)]


def _one_sided(found: Audit) -> list[str]:
    """Return which classes are in the test alone, or not in the test."""
    total = {name: sum(side[name] for side in found.balance.values()) for name in found.tests if name != NO_CLASS}
    untrained = [name for name, count in total.items() if count and count == found.tests[name]]
    untested = [name for name, count in total.items() if count and not found.tests[name]]
    lines = []
    if untrained:
        lines.append(f"No training record of {_listed(untrained)}: nothing can be learned of {_them(untrained)}.")
    if untested:
        lines.append(f"No test record of {_listed(untested)}: a score says nothing about {_them(untested)}.")
    return lines


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


def cleaned(found: Audit, file: str) -> list[str]:
    """Return what the cleaned split keeps, and how it is used; `file` is where it lies."""
    left_out = "; ".join(f"{count} left out: {reason}" for reason, count in found.cleaned.dropped.items())
    source = found.read.source
    records = f"{len(found.cleaned.kept)} of {len(source)} records"
    asked = " (evaluate with --by-slice: whose they are is still not known)" if source.untestable else ""
    return [
        f"The cleaned split keeps {records}{f' ({left_out})' if left_out else ''}.",
        f"train and evaluate take it as {source.name}:PATH,split={file}{asked}.",
    ]


def method(found: Audit) -> list[str]:
    """Return how copies were looked for, and how far that goes."""
    pairs, slices = found.near_pairs, found.read.mirrored is not None
    mirrored = f", {sum(pair.mirrored for pair in pairs)} of them mirrored" if slices else ""
    return [
        "Equal: the same decoded pixels or samples, whatever the files' bytes.",
        f"Near: correlation above {found.read.threshold:g}{', the mirror image too' * slices}; "
        f"{found.read.found:.0%} of changed copies made from this very set are found. "
        f"{_records(len(pairs), 'near pair')}{mirrored}.",
        "Confounds: a small decision tree on these facts alone, cross-validated; patients and twins kept together. It "
        "tells when it stands three standard errors above the largest class's share.",
    ]


def _how_alike(exact: int, near: int) -> str:
    parts = ((exact, "equal"), (near - exact, "nearly equal"))
    return ", ".join(f"{count} {how}" for count, how in parts if count)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more classes" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _records(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _first(torn: dict[str, list[str]]) -> str:
    patient, sides = next(iter(torn.items()))
    return f"{patient} ({', '.join(sides)})"
