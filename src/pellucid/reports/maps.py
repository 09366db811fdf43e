"""An explanation's maps, one for each method and class, with what is said about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.evaluation.localisation import mask_lift
from pellucid.explanation.words import NOTABLE
from pellucid.figures.scale import scale_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pellucid.explanation.explanation import ClassExplanation, Explanation
    from pellucid.figures.scale import Scale


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """One method's relevance for one class, and its scale for showing."""

    method: str
    target: str
    explained: ClassExplanation
    scale: Scale

    @property
    def relevance(self) -> NDArray[np.floating]:
        """On the record's own grid."""
        return self.explained.relevance

    @property
    def title(self) -> str:
        """Class and method, for pictures."""
        return f"{self.target}: {method_words(self.method)}"


def maps_of(explanation: Explanation) -> Iterator[Map]:
    """Yield the maps, class by class, the likeliest first, and the methods in the order they were asked for."""
    likeliest = [name for name in explanation.prediction.table().index if name in explanation.targets]
    for target in likeliest:
        for method in explanation.methods:
            explained = explanation[method, target]
            yield Map(method, target, explained, scale_of(explained.relevance, kind=explained.kind))


def method_words(name: str) -> str:
    """Return a method's name as a reader likes it."""
    return name.replace("_", " ")


def shares(explained: ClassExplanation) -> list[dict[str, float]] | None:
    """Return for each lead its share of |relevance|, and how much of it speaks for the class; both 0..1 of all leads.

    None for a slice, and where the method does not tell the leads apart.
    """
    if not explained.leads or not explained.leads_apart:
        return None
    table = explained.by_lead()
    whole = (table["positive"] - table["negative"]).sum() or 1.0
    return [
        {"total": float(total), "favour": float(favour)}
        for total, favour in zip(table["share"], table["positive"] / whole, strict=True)
    ]


def words(shown: Map, place: NDArray[np.bool_] | None = None) -> list[str]:
    """Return what a reader must know about a map, in sentences; `place` is where the class is known to show."""
    explained = shown.explained
    if explained.empty:
        sentences = [f"{method_words(shown.method)} finds nothing: this map is zero everywhere."]
    elif explained.kind == "signed":
        sentences = [f"Orange speaks for {shown.target} and blue against it, by {method_words(shown.method)}."]
    else:
        sentences = [
            f"{method_words(shown.method)} tells how strong a part weighs, not whether for or against {shown.target}."
        ]
    if place is not None and not explained.empty and place.any() and not place.all():
        sentences.append(_placed(shown, place))
    if explained.gap is not None:
        sentences.append(f"The relevance adds up to the score that it explains, but for {explained.gap:.1%}.")
    if explained.leads and not explained.leads_apart:
        sentences.append("This method gives one map over time for all leads: it says when, not in which lead.")
    if explained.outside > NOTABLE:
        sentences.append(
            f"{explained.outside:.0%} of the relevance fell on padding, outside the recording, and is not shown."
        )
    return [sentence[0].upper() + sentence[1:] for sentence in (*sentences, *map(_sentence, explained.warnings))]


def _placed(shown: Map, place: NDArray[np.bool_]) -> str:
    lift = mask_lift(shown.relevance, place)
    what = f"what speaks for {shown.target}" if shown.explained.kind == "signed" else "it"
    return (
        f"{lift.share:.0%} of {what} lies where {shown.target} is known to show, which is {lift.area:.0%} of the "
        f"record: {lift.value:.1f} times chance. With that place moved in time it is {lift.moved:.1f} times."
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
