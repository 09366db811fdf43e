from __future__ import annotations

import math

import pytest

from pellucid.attribution.budget import MOST_ROWS, evenly, parsed, rows_at_once
from pellucid.core.errors import InvalidInputError


@pytest.mark.parametrize(
    ("memory", "size"), [("2GiB", 2**31), ("1.5 kB", 1500), ("500mb", 500_000_000), (12, 12), ("12", 12)]
)
def test_a_size_in_any_unit(memory, size):
    assert parsed(memory) == size


@pytest.mark.parametrize("memory", ["much", "2 G", "", -1, 0, True, "1e3"])
def test_what_is_no_size(memory):
    with pytest.raises(InvalidInputError, match="memory must be a size"):
        parsed(memory)


def test_rows_fit_into_memory_and_one_is_always_tried():
    assert rows_at_once(1000, 300) == 3
    assert rows_at_once(1000, 3000) == 1
    assert rows_at_once(10**9, 1) == MOST_ROWS
    assert rows_at_once(10**9, 0) == MOST_ROWS


@pytest.mark.parametrize(("total", "most"), [(16, 5), (16, 4), (17, 16), (1, 5), (3, 3), (0, 4)])
def test_parts_are_few_and_of_one_size(total, most):
    parts = evenly(total, most)
    assert [number for part in parts for number in range(total)[part]] == list(range(total))
    sizes = {part.stop - part.start for part in parts}
    assert sizes <= set(range(1, most + 1))
    assert len(sizes) <= 2
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert len(parts) == math.ceil(total / most)
