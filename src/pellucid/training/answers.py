"""What was answered about labelled records, checked and ready to be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.labels import CODE_NAMES

_CODES = {name.lower(): code for code, other in CODE_NAMES.items() for name in (code, other)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answers:
    """Probabilities or decisions, beside the truth.

    Parameters
    ----------
    classes
        Names.
    labels
        (record, class): who has the class.
    probabilities
        (record, class), 0..1; None where there are only decisions.
    decisions
        (record, class): what was found; None where thresholds decide.
    thresholds
        (class,): found is what is strictly above; NaN where a class has none.
    patients
        (record,): one name a patient; None where nothing is known of patients.
    records
        (record,): names, 1, 2, 3 ... where none are given.
    notes
        In words, what a reader must know.

    Raises
    ------
    InvalidInputError
        When shapes do not fit each other, a probability or threshold is not in 0..1, or a label or decision is not 0
        or 1.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.bool_]
    probabilities: NDArray[np.float64] | None
    decisions: NDArray[np.bool_] | None
    thresholds: NDArray[np.float64]
    patients: NDArray[np.str_] | None
    records: NDArray[np.str_]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        classes: Sequence[str],
        labels: ArrayLike,
        probabilities: ArrayLike | None = None,
        decisions: ArrayLike | None = None,
        thresholds: ArrayLike | None = None,
        patients: ArrayLike | None = None,
        records: ArrayLike | None = None,
        notes: Sequence[str] = (),
    ) -> Answers:
        """Return checked answers; what is None is left out, and a single threshold holds for all classes."""
        has = _zero_or_one("labels", np.asarray(labels))
        if has.ndim != 2 or not has.size or has.shape[1] != len(set(classes)):
            raise InvalidInputError(
                f"labels must be (record, class), not empty, of {len(set(classes))} different classes; got {has.shape}."
            )
        if probabilities is None and decisions is None:
            raise InvalidInputError("scores need probabilities or decisions; got neither.")
        count, width = has.shape
        limits = np.asarray(np.nan if thresholds is None else thresholds, dtype=np.float64)
        limits = np.full(width, limits.item()) if limits.size == 1 else limits
        names = np.arange(count) + 1 if records is None else np.asarray(records)
        _same_shape("thresholds", limits, (width,))
        if ((limits < 0) | (limits > 1)).any():
            raise InvalidInputError(f"thresholds must be probabilities in 0..1; got {limits.tolist()}.")
        _same_shape("records", names, (count,))
        return cls(
            classes=tuple(classes),
            labels=has,
            probabilities=None if probabilities is None else _probabilities(probabilities, has.shape),
            decisions=None if decisions is None else _decisions(decisions, has.shape),
            thresholds=limits,
            patients=None if patients is None else _patients(patients, count),
            records=names.astype(str),
            notes=tuple(notes),
        )

    def threshold(self, position: int) -> float | None:
        """Return a class's threshold, None where it has none."""
        value = float(self.thresholds[position])
        return None if np.isnan(value) else value

    def found(self, position: int) -> NDArray[np.bool_] | None:
        """Return (record,) who is found to have the class at this position, None where nothing decides it."""
        if self.decisions is not None:
            return self.decisions[:, position]
        threshold = self.threshold(position)
        if self.probabilities is None or threshold is None:
            return None
        above: NDArray[np.bool_] = self.probabilities[:, position] > threshold
        return above


def _probabilities(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    given = np.asarray(values, dtype=np.float64)
    _same_shape("probabilities", given, shape)
    if not ((given >= 0) & (given <= 1)).all():
        raise InvalidInputError("probabilities must be numbers in 0..1; got others. Give probabilities, not logits.")
    return given


def _decisions(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    given = np.asarray(values)
    _same_shape("decisions", given, shape)
    return _zero_or_one("decisions", given)


def _patients(values: ArrayLike, count: int) -> NDArray[np.str_]:
    given = np.asarray(values).astype(str)
    _same_shape("patients", given, (count,))
    return given


def _zero_or_one(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    if not np.isin(values, (0, 1)).all():
        raise InvalidInputError(f"{name} must be 0 or 1; got others.")
    return values.astype(bool)


def _same_shape(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise InvalidInputError(f"{name} must have the shape {shape}, as labels and classes; got {values.shape}.")


def canonical(name: str) -> str:
    """Return PTB-XL's code for a class under any name that `datasets.labels` knows, else the name as it is."""
    return _CODES.get(name.strip().lower(), name.strip())
