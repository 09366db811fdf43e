"""What `pellucid evaluate` asks of a data set before its figure is believed: a test, patients, readable records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pellucid.cli import output
from pellucid.core.errors import UnreadableFileError

if TYPE_CHECKING:
    from pellucid.datasets.dataset import Dataset
    from pellucid.networks.network import Network
    from pellucid.training.answers import Answers

_NAMED = 5

Skipped = dict[str, str]


def answered(
    network: Network, scored: Dataset, *, chosen: Dataset | None, thresholds: Sequence[float]
) -> tuple[Answers, Dataset, Skipped]:
    """Return the network's answers, the records that they are about, and why others were skipped.

    Notes
    -----
    Only where a record cannot be read, all are read once more to find the others (about 2 ms each).
    """
    from pellucid.training.network_answers import network_answers

    try:
        return network_answers(network, scored, chosen=chosen, thresholds=thresholds), scored, {}
    except (UnreadableFileError, OSError):  # the second: a link to nowhere, a file that may not be opened
        part, skipped = scored.readable()
        choosing = chosen
        if chosen is not None:
            choosing, others = chosen.readable()
            skipped |= others
    for name, reason in list(skipped.items())[:_NAMED]:
        output.say(f"error: {name} skipped: {reason}")
    if len(skipped) > _NAMED:
        output.say(f"error: {len(skipped) - _NAMED} more skipped; metrics.json lists them")
    answers = network_answers(network, part, chosen=choosing, thresholds=thresholds)
    notes = [
        f"{len(whole) - len(rest)} of {len(whole)} records could not be read: {what}."
        for whole, rest, what in (
            (scored, part, "they are not scored"),
            (chosen, choosing, "no threshold is chosen on them"),
        )
        if whole is not None and rest is not None and len(rest) < len(whole)
    ]
    return replace(answers, notes=(*notes, *answers.notes)), part, skipped


def facts(scored: Dataset, skipped: Skipped) -> dict[str, Any]:
    """Return which records were scored, as JSON can hold it."""
    from pellucid.training.network_answers import data_facts

    told = {key: None if value != value else value for key, value in data_facts(scored).items()}  # noqa: PLR0124  # NaN
    return {**told, "untestable": scored.untestable, "skipped": skipped}


def beside(answers: Answers, scored: Dataset) -> Answers:
    """Return the answers with what a reader of any figure on the data set must know."""
    notes = [*([f"No test: {scored.untestable}."] if scored.untestable else []), *scored.notes, *_unlike(scored)]
    return replace(answers, notes=(*answers.notes, *notes))


def _unlike(scored: Dataset) -> list[str]:
    from pellucid.cli.inspected_dataset import sample, sampled_findings
    from pellucid.datasets.slices import SliceDataset

    if not isinstance(scored, SliceDataset) or scored.alike_by_nature:
        return []
    found, _ = sampled_findings(scored)
    unlike = found.get("shape", [])
    if not unlike:
        return []
    return [
        f"{len(unlike)} of {len(sample(scored))} sampled pictures do not look like a slice "
        f"through a head, {unlike[0]} for instance: what a network says of them means nothing."
    ]
