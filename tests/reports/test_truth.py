from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from explained import explanation, slice_explanation

from pellucid.core.errors import InvalidInputError
from pellucid.reports.truth import on_leads


def test_masks_on_the_records_own_grid_and_unknown_places_are_kept():
    record = explanation().record
    mask = np.ones(record.signal.shape, dtype=bool)
    fitted = on_leads({"AFIB": mask, "CRBBB": None}, record)
    assert fitted["AFIB"] is mask
    assert fitted["CRBBB"] is None


def test_masks_of_twelve_leads_are_cut_to_the_records():
    record = explanation().record
    mask = np.zeros(record.signal.shape, dtype=bool)
    mask[6] = True
    fewer = record.select(("V1", "II"))
    assert on_leads({"A": mask}, fewer)["A"].any(axis=1).tolist() == [True, False]


def test_another_grid_is_refused():
    with pytest.raises(
        InvalidInputError, match=r"truth of A must have the shape of patient, \(12, 1000\); got \(12, 9\)"
    ):
        on_leads({"A": np.ones((12, 9), dtype=bool)}, explanation().record)
    with pytest.raises(InvalidInputError, match=r"got \(12, 1000\)"):
        own = replace(explanation().record.select(("V1",)), leads=("MLII",))
        on_leads({"A": np.ones((12, 1000), dtype=bool)}, own)
    with pytest.raises(InvalidInputError, match=r"shape of head, \(24, 16\)"):
        on_leads({"A": np.ones((12, 9), dtype=bool)}, slice_explanation().record)
