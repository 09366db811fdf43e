"""Scores on disk: `metrics.json`, tables, what was answered, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pellucid.core.files import write_json, write_text
from pellucid.core.provenance import versions
from pellucid.training.answers import Answers
from pellucid.training.calibration import calibration
from pellucid.training.estimates import Scores
from pellucid.training.prediction_files import PATIENT, RECORD
from pellucid.training.score_pictures import pictures
from pellucid.training.scores import DRAWS, score

CALIBRATION = ("brier_score", "expected_calibration_error")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Question:
    """Answers, and where they come from.

    Attributes
    ----------
    title
        Who answered about what, in a few words.
    answers
        What is to be scored.
    data, network
        Which records, and who answered: as JSON can hold it.
    """

    title: str
    answers: Answers
    data: Mapping[str, Any]
    network: Mapping[str, Any] | None

    def scored(self, *, draws: int = DRAWS, seed: int = 0) -> Result:
        """Return the answers with their scores. Cost: as `score`."""
        return Result(
            title=self.title,
            answers=self.answers,
            data=self.data,
            network=self.network,
            scores=score(self.answers, draws=draws, seed=seed),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result(Question):
    """Answers, their scores, and what both were made of."""

    scores: Scores

    def calibration(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Return the calibration's scores and bins; None where there are only decisions."""
        answers = self.answers
        if answers.probabilities is None:
            return None
        return calibration(answers.probabilities, answers.labels, answers.classes)

    def json(self) -> dict[str, Any]:
        """Return the content of `metrics.json`."""
        content = self.scores.json()
        calibrated = self.calibration()
        if calibrated is not None:
            table, _ = calibrated
            for name, one in content["classes"].items():
                one |= {column: float(table.loc[name, column]) for column in CALIBRATION}
            content["calibration"] = {column: float(table[column].iloc[-1]) for column in CALIBRATION}
        return {
            **content,
            "data": {**self.data, "records": self.scores.records, **self.scores.people},
            "network": None if self.network is None else dict(self.network),
            "provenance": {"draws": self.scores.draws, "seed": self.scores.seed, "versions": versions()},
        }

    def table(self) -> pd.DataFrame:
        """Return the scores' table with the calibration's two columns, one row a class and the macro means."""
        calibrated = self.calibration()
        table = self.scores.table()
        return table if calibrated is None else table.join(calibrated[0])

    def save(self, folder: Path) -> tuple[Path, ...]:
        """Write everything into `folder` and return the paths.

        `metrics.json`; `classes.csv` (one row a class and the means); `predictions.csv` and `labels.csv` (which
        `pellucid evaluate --predictions --labels` reads); `calibration.csv` (the bins); pictures.
        """
        answers = self.answers
        given = answers.probabilities if answers.probabilities is not None else answers.decisions
        tables = {
            "classes.csv": self.table().reset_index(),
            "predictions.csv": self._by_record(given),
            "labels.csv": self._by_record(answers.labels),
        }
        calibrated = self.calibration()
        if calibrated is not None:
            tables["calibration.csv"] = calibrated[1].reset_index()
        for name, table in tables.items():
            write_text(folder / name, table.to_csv(index=False))
        write_json(folder / "metrics.json", self.json())
        drawn = pictures(answers, self.scores, folder)
        return (folder / "metrics.json", *(folder / name for name in tables), *drawn)

    def _by_record(self, values: Any) -> pd.DataFrame:
        answers = self.answers
        whose = {RECORD: answers.records} | ({} if answers.patients is None else {PATIENT: answers.patients})
        cells = values.astype(int) if values.dtype == bool else values
        return pd.concat([pd.DataFrame(whose), pd.DataFrame(cells, columns=list(answers.classes))], axis=1)
