"""How well probabilities rank records, for many weightings of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


class Ranking:
    """One class's records in the order of their probabilities, sorted once; any number of weightings then follow.

    Parameters
    ----------
    probabilities
        (record,).
    labels
        (record,): who has the class.
    patients
        (record,): number of each record's patient.
    count
        How many patients there are.

    Notes
    -----
    Only the ranks at which positives stand matter: with G distinct probabilities of positives, the negatives fall
    into G ties and G + 1 gaps. The weight of each of these for every draw is one product of a sparse matrix (how many
    of its records each patient has) with the draws' counts. Equal probabilities share a rank, so the order of the
    records does not matter. Cost: one multiplication for each record and draw, and about ten for each G and draw.
    """

    def __init__(
        self, probabilities: NDArray[np.float64], labels: NDArray[np.bool_], patients: NDArray[np.intp], count: int
    ) -> None:
        ranks = np.unique(-probabilities[labels])  # those of positives, from the most probable on
        at = np.searchsorted(ranks, -probabilities)
        tied = ranks[np.minimum(at, len(ranks) - 1)] == -probabilities if len(ranks) else np.zeros(len(at), dtype=bool)
        self.ranks = len(ranks)
        # Rows: positives at each rank; negatives at each rank; negatives in the gap above each rank and below the last.
        rows = np.where(labels, at, np.where(tied, self.ranks + at, 2 * self.ranks + at))
        ones = np.ones(len(rows))
        self._members = csr_array((ones, (rows, patients)), shape=(3 * self.ranks + 1, count))

    def auc_and_average_precision(
        self, weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the area under the ROC curve and the average precision for each weighting.

        auc = sum_g P_g (N - A_g - T_g / 2) / (P N),  average precision = sum_g (P_g / P) C_g / (C_g + A_g + T_g)

        with P_g, T_g the weight of positives and negatives at rank g, A_g that of the negatives strictly above it,
        C_g that of the positives down to it, P and N all positives and negatives (Mann and Whitney 1947;
        average precision as in scikit-learn, without interpolation).

        Parameters
        ----------
        weights
            (patient, draw): how often each patient counts.

        Returns
        -------
        :
            Two arrays (draw,); NaN where positives or negatives are missing.
        """
        sums = np.asarray(self._members @ weights)
        positives, tied, gaps = sums[: self.ranks], sums[self.ranks : 2 * self.ranks], sums[2 * self.ranks :]
        found = np.cumsum(positives, axis=0)
        # At or above each rank, then strictly above it.
        at_or_above = np.cumsum(gaps[:-1] + tied, axis=0)
        above = at_or_above - tied
        all_positives = positives.sum(axis=0)
        all_negatives = tied.sum(axis=0) + gaps.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            wins = (positives * (all_negatives - (above + at_or_above) / 2)).sum(axis=0)
            auc = wins / (all_positives * all_negatives)
            precision = found / np.maximum(found + at_or_above, 1)  # where nobody is drawn yet nothing is added either
            average = (positives * precision).sum(axis=0) / all_positives
        average[all_negatives == 0] = np.nan
        return auc, average
