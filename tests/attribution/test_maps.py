from __future__ import annotations

import pytest
import torch

from pellucid.attribution.maps import Geometry, distributed, even, interpolated


def place(cells, offset, jump):
    return Geometry("layer", (cells,), (offset,), (jump,))


def test_interpolation_is_exact_at_the_centres_and_flat_beyond_them():
    cells = torch.tensor([1.0, 5.0, 3.0])
    spread = interpolated(cells, place(3, 2.0, 4.0), [14])
    assert spread[[2, 6, 10]].tolist() == [1, 5, 3]
    assert spread[4] == 3
    assert spread[:2].tolist() == [1, 1]
    assert spread[11:].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("offset", "jump", "size"), [(0, 16, 1000), (170.5, 256, 4096), (-7, 4, 20), (30, 8, 40), (0.25, 0.5, 9)]
)
def test_a_share_stays_whole_wherever_its_cell_lies(offset, jump, size):
    cells = torch.linspace(-1, 2, 66, dtype=torch.float64).reshape(2, 3, 11)
    spread = distributed(cells, place(11, offset, jump), [size])
    assert spread.shape == (2, 3, size)
    assert torch.allclose(spread.sum(-1), cells.sum(-1))


def test_a_share_lies_evenly_on_its_own_samples():
    spread = distributed(torch.tensor([4.0, 8.0]), place(2, 1.5, 4.0), [8])
    assert spread.tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    # cells centred at 2 and 6 own 0 to 4 and 4 to 7.5: sample 4 is shared by both
    spread = distributed(torch.tensor([4.0, 7.0]), place(2, 2.0, 4.0), [8])
    assert torch.allclose(spread, torch.tensor([0.5, 1, 1, 1, 0.5 + 1, 2, 2, 2]))


def test_two_axes_are_spread_one_after_the_other():
    geometry = Geometry("layer", (2, 3), (0.5, 1.0), (2.0, 3.0))
    cells = torch.arange(6.0).reshape(2, 3)
    assert float(distributed(cells, geometry, [4, 9]).sum()) == pytest.approx(15)
    assert interpolated(cells, geometry, [4, 9])[:, [1, 4, 7]][0].tolist() == [0, 1, 2]


def test_even_cells_divide_the_input():
    geometry = even("layer", (4,), (16,))
    assert (geometry.offset, geometry.jump, geometry.field) == ((1.5,), (4.0,), None)
