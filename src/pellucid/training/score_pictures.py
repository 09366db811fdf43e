"""Scores drawn: ROC and precision-recall curves, intervals, reliability."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pandas as pd

from pellucid.training.answers import Answers
from pellucid.training.calibration import reliability_table
from pellucid.training.estimates import MACRO, METRICS, WORDS, Scores

FEW_CLASSES = 8  # up to so many get a reliability diagram each


def pictures(answers: Answers, scores: Scores, folder: Path) -> list[Path]:
    """Write the pictures of a scoring into `folder` as PNG and return their paths.

    Parameters
    ----------
    answers, scores
        What was scored, and the result.
    """
    drawn = (*_curves(answers, scores, folder), *_intervals(scores, folder), *_reliability(answers, folder))
    return list(drawn)


def _curves(answers: Answers, scores: Scores, folder: Path) -> Iterator[Path]:
    """Draw ROC and precision-recall curves of the classes that have positives and negatives."""
    every = {name: scores.classes[name].estimates["auc"] for name in answers.classes}
    shown = {name: i for i, (name, auc) in enumerate(every.items()) if not isnan(auc.value)}
    if answers.probabilities is None or not shown:
        return
    from sklearn.metrics import precision_recall_curve, roc_curve

    from pellucid.figures.curves import precision_recall, roc
    from pellucid.figures.style import save

    pairs = {name: (answers.labels[:, i], answers.probabilities[:, i]) for name, i in shown.items()}
    metrics = ("auc", "average_precision")
    areas, averages = ({name: scores.classes[name].estimates[metric].value for name in shown} for metric in metrics)
    rates = {name: roc_curve(*pair)[:2] for name, pair in pairs.items()}
    yield save(roc(rates, areas=areas), folder / "roc.png")
    both = {name: precision_recall_curve(*pair)[1::-1] for name, pair in pairs.items()}
    yield save(precision_recall(both, areas=averages), folder / "precision_recall.png")


def _intervals(scores: Scores, folder: Path) -> Iterator[Path]:
    """Draw every class's interval, one picture for each metric that has any."""
    from pellucid.figures.curves import forest
    from pellucid.figures.style import save

    faint = [name for name, one in scores.classes.items() if one.few_positives]
    for metric in METRICS:
        rows = {name: one.estimates[metric] for name, one in scores.classes.items()} | {MACRO: scores.macro[metric]}
        kept = {name: (one.value, one.low, one.high) for name, one in rows.items() if not isnan(one.value + one.low)}
        if kept:
            table = pd.DataFrame.from_dict(kept, orient="index", columns=["value", "low", "high"])
            yield save(forest(table, label=WORDS[metric], faint=faint), folder / f"intervals_{metric}.png")


def _reliability(answers: Answers, folder: Path) -> Iterator[Path]:
    """Draw the reliability of all classes pooled and, where they are few, of each."""
    if answers.probabilities is None:
        return
    from pellucid.figures.curves import reliability
    from pellucid.figures.style import save

    given, labels = answers.probabilities, answers.labels
    shown = {"reliability": ("all classes", given.ravel(), labels.ravel())}
    if len(answers.classes) <= FEW_CLASSES:
        columns = zip(answers.classes, given.T, labels.T, strict=True)
        shown |= {f"reliability_{name.replace('/', '-')}": (name, p, y) for name, p, y in columns}
    for file, (title, p, y) in shown.items():
        table = reliability_table(p, y, spread=True)
        figure = reliability(table["mean_probability"], table["observed"], table["records"], title=title)
        yield save(figure, folder / f"{file}.png")
