"""Which wave each moment of a record belongs to, and how much of a map stands on each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import NotApplicableError
from pellucid.records.beats import beats

if TYPE_CHECKING:
    import pandas as pd

    from pellucid.records.ecg import EcgRecord

WAVES = ("P", "QRS", "T", "between")  # in the order of the labels; what is no wave, or where none was found, is between


class Waves:
    """The waves of one record, found when they are first asked for.

    Parameters
    ----------
    record
        As the network sees it.
    seen
        Shape (sample,): which of its samples the network saw.
    """

    def __init__(self, record: EcgRecord, seen: NDArray[np.bool_]) -> None:
        self.record = record
        self.seen = seen

    @cached_property
    def beats(self) -> pd.DataFrame:
        """When each wave starts and ends, in seconds: a beat a row, as `pellucid.records.beats.beats` gives them."""
        return beats(self.record)

    def at(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return which of `WAVES` each time in seconds belongs to, shape (time,).

        Raises
        ------
        NotApplicableError
            Where no beats were found.
        """
        if self.beats.empty:
            raise NotApplicableError(f"no beats were found in record {self.record.name}: it cannot be cut into waves.")
        labels = np.full(len(times), WAVES.index("between"))
        for number, wave in enumerate(WAVES[:3]):
            for onset, end in self.beats[[f"{wave.lower()}_onset", f"{wave.lower()}_end"]].dropna().to_numpy():
                labels[(times >= onset) & (times < end)] = number
        return labels

    def table(self, relevance: NDArray[np.float64], leads: Sequence[str]) -> pd.DataFrame:
        """Return how much of a map stands on each wave of each lead.

        Parameters
        ----------
        relevance
            Shape (lead, sample).
        leads
            What the rows are called.

        Returns
        -------
        pandas.DataFrame
            Columns lead, wave, share (of |relevance|), positive, negative (sums), time (share of all samples of all
            leads that the network saw): share / time is how much more a wave holds than its length alone would give.

        Raises
        ------
        NotApplicableError
            Where no beats were found.
        """
        import pandas as pd

        labels = self.at(self.record.times)
        on = np.stack([(labels == number) & self.seen for number in range(len(WAVES))])
        parts = {
            "share": np.abs(relevance) @ on.T,
            "positive": np.clip(relevance, 0, None) @ on.T,
            "negative": np.clip(relevance, None, 0) @ on.T,
            "time": np.broadcast_to(on.sum(1), (len(leads), len(WAVES))).astype(np.float64),
        }
        for name in ("share", "time"):
            parts[name] = parts[name] / (parts[name].sum() or 1.0)
        index = {"lead": np.repeat(list(leads), len(WAVES)), "wave": list(WAVES) * len(leads)}
        return pd.DataFrame(index | {name: values.ravel() for name, values in parts.items()})
