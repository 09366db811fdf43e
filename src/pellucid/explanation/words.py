"""What must be said beside an explanation, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pellucid.networks.prediction import Prediction

NOT_A_DIAGNOSIS = "This is what the network used, not a diagnosis."
NOTABLE = 0.01  # share of the relevance on padding that a reader is told of
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def nothing_found(prediction: Prediction) -> str:
    """Return what is said when no class is above its threshold, and the most probable one is explained instead."""
    top = prediction.classes.index(prediction.top)
    count = len(prediction.classes)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    none_of = f"none of the {number}" if count > 1 else "not found"
    return (
        f"Nothing is above its threshold; the most probable class, {prediction.top} "
        f"({prediction.probabilities[top]:.1%}, threshold {prediction.thresholds[top]:.1%}), is explained instead. "
        f"{none_of[0].upper()}{none_of[1:]} is not the same as normal."
    )


def unsure(prediction: Prediction, targets: Sequence[str]) -> list[str]:
    """Return a sentence for each explained class of which the network is not sure."""
    verdicts = prediction.verdicts
    return [f"The network is not sure about {name}." for name in targets if verdicts[name] == "not sure"]


def absent(prediction: Prediction, targets: Sequence[str]) -> list[str]:
    """Return a sentence for explained classes that the network did not find."""
    missing = [name for name in targets if name not in prediction.found]
    if not missing or not prediction.found:
        return []
    verb = "is" if len(missing) == 1 else "are"
    return [f"{joined(missing)} {verb} not found by the network; the map shows what speaks for or against."]


def padding(method: str, name: str, outside: float) -> str:
    """Return what is said about relevance that stands on padding."""
    return f"{method}, {name}: {outside:.0%} of the relevance stands on padding, outside the recording."


def evenness(entropy: float) -> str:
    """Return what is said about scores of tokens, by their entropy: 0 where one has all, 1 where all have the same."""
    return f"entropy of the tokens' scores {entropy:.1%} of the largest possible; at 100% all are equal and say nothing"


def one_map_for_all(method: str) -> str:
    """Return what is said about a map that does not tell the leads apart."""
    return f"{method} gives one map over time for all leads of this network: it says when, not in which lead."


def parts(methods: Mapping[str, str]) -> list[str]:
    """Return what must be said of methods that replace parts of an ECG, which by what they are called."""
    rebuilt = [label for label, kind in methods.items() if kind == "independent leads"]
    alone = [label for label in methods if label not in rebuilt]
    said = [f"{joined(rebuilt)}: III, aVR, aVL and aVF follow from I and II and have no share of their own."]
    said.append(
        f"{joined(alone)} replace{'s' * (len(alone) == 1)} limb leads one by one, though any two of them give the "
        "others (III = II - I): the network is asked about records that no heart gives."
    )
    return [text for text, labels in zip(said, (rebuilt, alone), strict=True) if labels]


def refused(method: str, reason: str) -> str:
    """Return what is said about a method that makes no sense for the network."""
    return f"{method} left out: {reason}"


def stopped(methods: Sequence[str]) -> str:
    """Return what is said where an interruption came before some methods had answered."""
    verb = "has" if len(methods) == 1 else "have"
    return f"Interrupted: {joined(methods)} {verb} not answered."


def joined(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
