"""What a network's answers are worth: ranking and decisions, class by class and on average, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.core.progress import track
from pellucid.datasets.splits import counted_as
from pellucid.training.answers import Answers
from pellucid.training.bootstrap import patient_draws, patient_numbers, percentile_interval
from pellucid.training.estimates import FEW_POSITIVES, MACRO, METRICS, WORDS, ClassScores, Estimate, Scores
from pellucid.training.tally import Tally

DRAWS = 2000


# Streams of the seed.
_COMMON, _OWN = 0, 1


def scores(
    probabilities: ArrayLike | None,
    labels: ArrayLike,
    patients: ArrayLike | None,
    thresholds: ArrayLike | None = None,
    *,
    classes: Sequence[str],
    decisions: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Scores:
    """Return precision, recall, specificity, F1, AUC and average precision of each class, and their macro means.

    Parameters
    ----------
    probabilities
        (record, class), 0..1; None where there are only `decisions`: AUC and average precision are then left out.
    labels
        (record, class): who has the class.
    patients
        (record,): a name or number a patient; None where each record counts as a patient of its own.
    thresholds
        (class,): found is what is strictly above; None or NaN where a class has none: the figures that need one are
        then left out.
    classes
        Names.
    decisions
        (record, class): what was found, in place of thresholds.
    draws, seed
        Of the bootstrap, as in `score`.

    Raises
    ------
    InvalidInputError
        When shapes do not fit each other, a probability is not in 0..1, or a label is not 0 or 1.
    """
    answers = Answers.of(
        classes=classes,
        labels=labels,
        probabilities=probabilities,
        decisions=decisions,
        thresholds=thresholds,
        patients=patients,
    )
    return score(answers, draws=draws, seed=seed)


def score(answers: Answers, *, draws: int = DRAWS, seed: int = 0) -> Scores:
    """Return the scores of answers with their bootstrap intervals.

    Parameters
    ----------
    answers
        Probabilities or decisions beside the labels.
    draws
        How often patients are drawn; 0 leaves the intervals out.
    seed
        The same seed gives the same intervals; a class's do not depend on which other classes are scored.

    Notes
    -----
    Undefined figures are NaN, with a reason: AUC, average precision, recall and F1 without positives; AUC, average
    precision and specificity without negatives; precision where nothing is found. F1 is 0 where there are positives
    and none of them is found.

    Intervals are the central 95 % of draws of patients with replacement (`patient_draws`). A class has draws of its
    own: one without its positives or its negatives is drawn again. The macro mean needs draws common to all classes;
    in each of them it is the mean over the classes present. Average precision, and F1 less so, rise when positives are
    drawn twice and when the rarest classes are absent: a value can stand at the lower end of its interval, or below it,
    and the notes then say so.
    Cost: about 5 s of one core for 71 classes, 2,200 records and 2,000 draws.
    """
    if draws < 0:
        raise InvalidInputError(f"draws must be 0 (no intervals) or more; got {draws}.")
    everyone = np.arange(len(answers.labels))
    numbers, count = patient_numbers(everyone if answers.patients is None else answers.patients)
    tallies = [_tally(answers, position, numbers, count) for position in range(len(answers.classes))]
    own = [
        tally.draws(draws, seed, _OWN, crc32(name.encode()))
        for tally, name in zip(track(tallies, "bootstrap of each class"), answers.classes, strict=True)
    ]
    support = answers.labels.sum(axis=0)
    whole = (support > 0) & (support < len(answers.labels))
    common, present = _common_draws(tallies, count, draws, seed)
    frequent = whole & (support >= FEW_POSITIVES)
    classes = {
        name: ClassScores(
            estimates=_estimates(tallies[i], own[i]), support=int(support[i]), threshold=answers.threshold(i)
        )
        for i, name in enumerate(answers.classes)
    }
    macro = _means(tallies, whole, common)
    return Scores(
        classes=classes,
        macro=macro,
        macro_frequent=_means(tallies, frequent, common),
        records=len(answers.labels),
        patients=count,
        drawn=counted_as(answers.patients),
        draws=draws,
        seed=seed,
        notes=(
            *answers.notes,
            *_notes(answers, draws, seed, count, present[whole].sum(axis=0), int(whole.sum())),
            *_apart({name: one.estimates for name, one in classes.items()} | {MACRO: macro}),
            *_undefined(classes),
            *_few([name for name, one in classes.items() if one.few_positives]),
        ),
    )


def _tally(answers: Answers, position: int, patients: NDArray[np.intp], count: int) -> Tally:
    probabilities = None if answers.probabilities is None else answers.probabilities[:, position]
    return Tally(probabilities, answers.labels[:, position], answers.found(position), patients, count)


def _common_draws(
    tallies: Sequence[Tally], patients: int, draws: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (class, metric, draw), and (class, draw) who is present, for draws that are the same for all classes."""
    metrics = [np.empty((len(tallies), len(METRICS), 0))]
    present = [np.empty((len(tallies), 0), dtype=bool)]
    for weights in track(_so_many(patient_draws(patients, seed, _COMMON), draws), "bootstrap of the means"):
        metrics.append(np.array([tally.metrics(weights) for tally in tallies]))
        present.append(np.array([tally.present(weights) for tally in tallies]))
    return np.concatenate(metrics, axis=2), np.concatenate(present, axis=1)


def _so_many(source: Iterator[NDArray[np.float64]], draws: int) -> Iterator[NDArray[np.float64]]:
    while draws > 0:
        weights = next(source)[:, :draws]
        yield weights
        draws -= weights.shape[1]


def _estimates(tally: Tally, draws: NDArray[np.float64]) -> dict[str, Estimate]:
    found = {}
    for name, value, drawn, reason in zip(METRICS, tally.values, draws, tally.reasons, strict=True):
        low, high, count = percentile_interval(drawn)
        undefined = bool(np.isnan(value))
        found[name] = Estimate(value=float(value), low=low, high=high, reason=reason if undefined else "", draws=count)
    return found


def _means(tallies: Sequence[Tally], counted: NDArray[np.bool_], draws: NDArray[np.float64]) -> dict[str, Estimate]:
    """Return the means over the `counted` classes, and their intervals over (class, metric, draw)."""
    chosen = [tally for tally, counts in zip(tallies, counted, strict=True) if counts]
    found = {}
    for i, name in enumerate(METRICS):
        values = [float(tally.values[i]) for tally in chosen if not np.isnan(tally.values[i])]
        reasons = {tally.reasons[i] for tally in chosen}
        low, high, count = percentile_interval(_mean_of_present(draws[counted, i]))
        found[name] = Estimate(
            value=sum(values) / len(values) if values else float("nan"),
            low=low,
            high=high,
            draws=count,
            classes=len(values),
            reason="" if values else reasons.pop() if len(reasons) == 1 else "defined for no class",
        )
    return found


def _mean_of_present(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over classes (axis 0) of what is not NaN; NaN where nothing is left."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):  # 0/0 is what NaN stands for
        mean: NDArray[np.float64] = np.where(present, values, 0.0).sum(axis=0) / present.sum(axis=0)
    return mean


def _notes(
    answers: Answers, draws: int, seed: int, patients: int, present: NDArray[np.intp], classes: int
) -> list[str]:
    what, drawn = f"{len(answers.labels)} records", counted_as(answers.patients)
    notes = [
        {
            "patients": f"{what} of {patients} patients.",
            "clusters": f"{what} in {patients} clusters of like ones; patients are not known.",
            "records": f"{what}; patients are not known: each record counts as one.",
        }[drawn]
    ]
    if not draws:
        return [*notes, f"Macro: mean over the {classes} classes that have positives and negatives."]
    return [
        *notes,
        f"Intervals: central 95 % of {draws} draws of {patients} {drawn} with replacement"
        f"{'' if drawn == 'records' else f', all records of a {drawn[:-1]} together'}, seed {seed}; redrawn for each "
        "class, so that it has positives and negatives.",
        f"Macro: mean over the {classes} classes that have positives and negatives; in each draw (the same for all "
        f"classes) over those present in it, {present.mean():.1f} on average.",
    ]


def _apart(estimates: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    """Return where an interval does not hold its value."""
    found = [
        f"{WORDS[metric]} of {name}"
        for name, one in estimates.items()
        for metric, estimate in one.items()
        if estimate.value < estimate.low or estimate.value > estimate.high
    ]
    if not found:
        return []
    return [f"Positives that are drawn twice lift {', '.join(found)}: the interval lies beside the value."]


def _undefined(classes: Mapping[str, ClassScores]) -> list[str]:
    """Return one line a reason: which figures of which classes are not defined."""
    missing: dict[tuple[str, str], list[str]] = {}
    for name, one in classes.items():
        by_reason: dict[str, list[str]] = {}
        for metric, estimate in one.estimates.items():
            if estimate.reason:
                by_reason.setdefault(estimate.reason, []).append(WORDS[metric])
        for reason, metrics in by_reason.items():
            missing.setdefault((reason, ", ".join(metrics)), []).append(name)
    return [
        f"No {metrics} of {'any class' if len(names) == len(classes) else ', '.join(names)}: {reason}."
        for (reason, metrics), names in missing.items()
    ]


def _few(classes: Sequence[str]) -> list[str]:
    return [f"Under {FEW_POSITIVES} positives: {', '.join(classes)}."] if classes else []
