"""A prediction in words: the answer first, then how sure, then what it is not."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pellucid.explanation import words as spoken
from pellucid.explanation.words import joined

MANY = 3  # from here on classes are named by their codes

if TYPE_CHECKING:
    from pellucid.explanation.explanation import Explanation
    from pellucid.networks.prediction import Prediction
    from pellucid.records.finding import Finding

LIMITS = (
    "The colours show what moved this network's answer, as one method reckons it. They do not show what is wrong with "
    "the heart or the brain, nor that the network is right.",
    "Methods answer different questions and may disagree. What several of them show is worth more than what one shows.",
    "Full colour means strong within this one map. Compare colours between maps only by the numbers at the bar.",
    "No physician has checked this page. It is for research, not for a decision about anybody.",
)


def headline(prediction: Prediction) -> str:
    """Return the answer in a line."""
    if prediction.exclusive:
        return f"Most probable: {_in_words(prediction, prediction.top)}"
    found = [name for name in prediction.table().index if name in prediction.found]
    if found:
        return f"Found: {joined([_in_words(prediction, name) for name in found] if len(found) < MANY else found)}"
    return f"None of the {len(prediction.classes)} classes found" if len(prediction.classes) > 1 else "Not found"


def said(prediction: Prediction) -> str:
    """Return what the network's numbers are, in one or two sentences."""
    chances = dict(zip(prediction.classes, prediction.probabilities, strict=True))
    named = [name for name in prediction.table().index if name in prediction.found] or [prediction.top]
    numbers = joined([f"{name} a probability of {percent(chances[name])}" for name in named])
    sentence = f"Network {prediction.network} gives {numbers}."
    unsure = [name for name, verdict in prediction.verdicts.items() if verdict == "not sure"]
    if unsure:
        reason = "the two most probable are close" if prediction.exclusive else "close to the threshold"
        sentence += f" It is not sure about {joined(unsure)}: {reason}."
    return sentence


def notes(explanation: Explanation) -> tuple[list[str], list[str]]:
    """Return an explanation's notes apart: those about the answer, and the others that a reader should know.

    Left out is what the page says elsewhere: findings, what concerns one map, that this is no diagnosis.
    """
    prediction, targets = explanation.prediction, explanation.targets
    answer = {spoken.nothing_found(prediction), *spoken.absent(prediction, targets)}
    elsewhere = {spoken.NOT_A_DIAGNOSIS, *spoken.unsure(prediction, targets), *map(_text, explanation.findings)}
    maps = tuple(f"{method}, {target}: " for method in explanation.methods for target in targets)
    shared = {spoken.one_map_for_all(method) for method in explanation.methods}
    others = [note for note in explanation.notes if note not in elsewhere | shared and not note.startswith(maps)]
    return [note for note in others if note in answer], [note for note in others if note not in answer]


def limits(explanation: Explanation) -> list[str]:
    """Return what this page can and cannot say."""
    prediction = explanation.prediction
    own = (
        f"{prediction.network} knows {len(prediction.classes)} classes and nothing else. "
        "That it finds none of them does not make a record normal."
    )
    return [own, *notes(explanation)[1], *LIMITS]


def _text(finding: Finding) -> str:
    return finding.text


def judged(prediction: Prediction, known: Collection[str]) -> dict[str, str]:
    """Return how a prediction compares with what is known to be there: short, in words, and in which tone."""
    there = f"Known to be there: {joined(sorted(known))}." if known else "Known to have none of these."
    asked = set(known) & set(prediction.classes)
    missed = sorted(asked - set(prediction.found))
    added = sorted(set(prediction.found) - set(known))
    if not missed and not added:
        return {"short": "right", "words": there, "tone": "good"}
    parts = [f"misses {joined(missed)}"] if missed else []
    parts += [f"finds {joined(added)}, which is not there"] if added else []
    return {"short": "wrong", "words": f"{there} The network {' and '.join(parts)}.", "tone": "bad"}


def prediction_rows(prediction: Prediction) -> list[dict[str, Any]]:
    """Return a row for each class, the likeliest to be found first, as the page shows it."""
    rows = []
    verdicts = prediction.verdicts
    table = prediction.table()
    for name in table.index:
        at = prediction.classes.index(name)
        chance, threshold = float(prediction.probabilities[at]), float(prediction.thresholds[at])
        rows.append(
            {
                "name": name,
                "description": prediction.descriptions[at],
                "percent": percent(chance),
                "width": round(100 * chance, 2),
                "threshold": "" if prediction.exclusive else percent(threshold),
                "limit": None if prediction.exclusive else round(100 * threshold, 2),
                "verdict": verdicts[name],
            }
        )
    return rows


def percent(share: float) -> str:
    r"""Return a share of 0..1 in percent, never rounded to certainty.

    >>> percent(0.974), percent(0.99962), percent(0.0031)
    ('97\xa0%', 'over 99.9\xa0%', '0.3\xa0%')
    """
    number = f"{100 * share:.0f}" if 0.1 <= share < 0.99 else f"{100 * share:.1f}"
    if share > 0.999:
        number = "over 99.9"
    if share < 0.001:
        number = "under 0.1"
    return f"{number}\N{NO-BREAK SPACE}%"


def _in_words(prediction: Prediction, name: str) -> str:
    description = prediction.descriptions[prediction.classes.index(name)]
    return f"{description} ({name})" if description and description != name else name
