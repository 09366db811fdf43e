"""Lift against hand-worked masks."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.evaluation.localisation import mask_lift

MASK = np.zeros((4, 100), dtype=bool)
MASK[1, 20:40] = True


def test_all_inside_is_one_over_the_area_and_the_right_lead_alone_survives_moving() -> None:
    found = mask_lift(np.where(MASK, 2.0, -1.0), MASK)
    assert (found.share, found.area) == (1.0, 0.05)
    assert found.value == pytest.approx(20)
    whole_lead = np.zeros((4, 100))
    whole_lead[1] = 1
    found = mask_lift(whole_lead, MASK)
    assert found.value == pytest.approx(4)
    assert found.moved == pytest.approx(4)


def test_even_relevance_is_chance_and_none_is_nothing() -> None:
    assert mask_lift(np.ones((4, 100)), MASK).value == pytest.approx(1)
    assert mask_lift(-np.ones((4, 100)), MASK).value == 0


def test_masks_that_say_nothing_are_refused() -> None:
    for mask in (np.zeros_like(MASK), np.ones_like(MASK)):
        with pytest.raises(InvalidInputError, match="not nothing and not everything"):
            mask_lift(np.ones((4, 100)), mask)
    with pytest.raises(InvalidInputError, match="one shape"):
        mask_lift(np.ones((4, 99)), MASK)
