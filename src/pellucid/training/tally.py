"""One class's records, counted for many weightings of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pellucid.training.bootstrap import patient_draws
from pellucid.training.estimates import METRICS
from pellucid.training.ranking import Ranking


class Tally:
    """The metrics of one class under any weighting of patients.

    Parameters
    ----------
    probabilities
        (record,), None where there are none.
    labels
        (record,): who has the class.
    found
        (record,): who is found to have it, None where nothing decides it.
    patients
        (record,): number of each record's patient.
    count
        How many patients there are.

    Attributes
    ----------
    values
        (metric,) in the order of `METRICS`, of the records as they are; NaN where not defined.
    reasons
        (metric,): why one is not defined; to be read only where it is not.
    """

    def __init__(
        self,
        probabilities: NDArray[np.float64] | None,
        labels: NDArray[np.bool_],
        found: NDArray[np.bool_] | None,
        patients: NDArray[np.intp],
        count: int,
    ) -> None:
        self._count = count
        self._ranking = None if probabilities is None else Ranking(probabilities, labels, patients, count)
        self._decided = found is not None
        cell = 2 * labels.astype(np.intp) + (0 if found is None else found)
        self._cells = csr_array((np.ones(len(labels)), (cell, patients)), shape=(4, count))
        self._has_positives, self._has_negatives = bool(labels.any()), not labels.all()
        self.values: NDArray[np.float64] = self.metrics(np.ones((count, 1)))[:, 0]
        self.reasons = self._reasons()

    def metrics(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (metric, draw), in the order of `METRICS`, for weights (patient, draw)."""
        tn, fp, fn, tp = np.asarray(self._cells @ weights)
        out = np.full((len(METRICS), weights.shape[1]), np.nan)
        if self._ranking is not None:
            out[:2] = self._ranking.auc_and_average_precision(weights)
        if self._decided:
            with np.errstate(invalid="ignore"):  # 0/0 is what NaN stands for
                out[2] = np.where(tp + fn > 0, 2 * tp / (2 * tp + fp + fn), np.nan)
                out[3:] = tp / (tp + fp), tp / (tp + fn), tn / (tn + fp)
        return out

    def present(self, weights: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return (draw,): whether positives are drawn and negatives too, as far as there are any."""
        tn, fp, fn, tp = np.asarray(self._cells @ weights)
        both: NDArray[np.bool_] = (tp + fn > 0) | (not self._has_positives)
        both &= (tn + fp > 0) | (not self._has_negatives)
        return both

    def draws(self, draws: int, seed: int, *stream: int) -> NDArray[np.float64]:
        """Return (metric, draw) of this class's own draws; one in which it is not present is drawn again."""
        parts = [np.empty((len(METRICS), 0))]
        lacking = draws
        source = patient_draws(self._count, seed, *stream)
        while lacking > 0:
            weights = next(source)
            weights = weights[:, self.present(weights)][:, :lacking]
            parts.append(self.metrics(weights))
            lacking -= weights.shape[1]
        return np.concatenate(parts, axis=1)

    def _reasons(self) -> tuple[str, ...]:
        one_side = "every record has the class" if self._has_positives else "no record has the class"
        ranking = one_side if self._ranking is not None else "decisions, not probabilities"
        if not self._decided:
            return (ranking, ranking, *["no threshold"] * 4)
        return (ranking, ranking, one_side, "no record is found to have the class", one_side, one_side)
