"""What is known to be there, and where it shows: a simulated patient's truth, or labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import STANDARD

if TYPE_CHECKING:
    from pellucid.records.slice import MriSlice

# For each class that is present, where it shows; None where only its presence is known.
Truth: TypeAlias = Mapping[str, NDArray[np.bool_] | None]


def on_leads(truth: Truth, record: EcgRecord | MriSlice) -> dict[str, NDArray[np.bool_] | None]:
    """Return masks on the record's own leads; masks of the twelve standard leads are cut to those it has.

    Raises
    ------
    InvalidInputError
        For a mask that lies on another grid.
    """
    return {name: None if mask is None else _fitted(name, mask, record) for name, mask in truth.items()}


def _fitted(name: str, mask: NDArray[np.bool_], record: EcgRecord | MriSlice) -> NDArray[np.bool_]:
    mask = np.asarray(mask, dtype=np.bool_)
    wanted = record.signal.shape if isinstance(record, EcgRecord) else record.shape
    if mask.shape == wanted:
        return mask
    if (
        isinstance(record, EcgRecord)
        and mask.shape == (len(STANDARD), record.samples)
        and {*record.leads} <= {*STANDARD}
    ):
        return mask[[STANDARD.index(lead) for lead in record.leads]]
    raise InvalidInputError(f"truth of {name} must have the shape of {record.name}, {wanted}; got {mask.shape}.")
