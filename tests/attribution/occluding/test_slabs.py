from __future__ import annotations

import numpy as np
import torch

from pellucid.attribution.occluding.region import Region
from pellucid.attribution.occluding.slabs import LAST, Gather, add, cleared, flat, placed, scattered

SIZES = (5, 7)
ROWS = np.array([0, 2, 3])
STARTS = np.array([[-1, 2], [0, 0], [3, 5], [1, 1]])
REGION = Region(STARTS, (3, 4), SIZES)


def slabs(region, seed=0):
    shape = (len(ROWS), 2, *region.widths)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(memory_format=LAST)


def spread(delta, region, around=4):
    """Return slabs on a canvas with a wide border."""
    canvas = torch.zeros(len(ROWS), 2, SIZES[0] + 2 * around, SIZES[1] + 2 * around)
    for row, (top, left) in enumerate(region.starts[ROWS] + around):
        canvas[row, :, top : top + region.widths[0], left : left + region.widths[1]] = delta[row]
    return canvas


def test_one_region_within_another():
    for offset in (np.array([[-1, -1], [-1, -1], [-1, -1], [-1, -1]]), np.array([[-1, -1], [0, 0], [0, -2], [-2, 0]])):
        wide, delta = Region(STARTS + offset, (5, 6), SIZES), slabs(REGION)
        found = placed(delta, REGION, wide, ROWS)
        assert torch.equal(spread(found, wide), spread(delta, REGION))
        assert found.is_contiguous(memory_format=LAST)
        other = slabs(wide, 1)
        wanted = spread(other, wide) - 2 * spread(delta, REGION)
        add(other, wide, delta, REGION, ROWS, -2)
        assert torch.allclose(spread(other, wide), wanted)


def test_a_part_of_it_and_itself():
    delta = slabs(REGION)
    part = placed(delta, REGION, Region(STARTS + 1, (2, 5), SIZES), ROWS)
    assert torch.equal(part[..., :3], delta[:, :, 1:, 1:])
    assert (part[..., 3:] == 0).all()
    assert placed(delta, REGION, REGION, ROWS) is delta


def test_what_hangs_over_is_set_to_zero():
    delta = slabs(REGION)
    found = spread(cleared(delta.clone(), REGION, ROWS), REGION)
    border = torch.ones_like(found, dtype=torch.bool)
    border[:, :, 4:-4, 4:-4] = False
    assert (found[border] == 0).all()
    assert torch.equal(found[~border], spread(delta, REGION)[~border])


def test_changes_are_added_to_the_clean_layer():
    clean, delta = torch.randn(1, 2, *SIZES).to(memory_format=LAST), slabs(REGION)
    for rows in (ROWS, ROWS[:1]):
        found = scattered(delta[: len(rows)], REGION, clean, rows)
        assert torch.allclose(found, clean + spread(delta, REGION)[: len(rows), :, 4:-4, 4:-4])
        assert found.is_contiguous(memory_format=LAST)


def test_rectangles_are_taken_out_of_the_clean_layer():
    clean = torch.randn(1, 2, *SIZES).to(memory_format=LAST)
    found = Gather(clean, REGION, fill=-7.0)(ROWS)
    canvas = torch.nn.functional.pad(clean, (4, 4, 4, 4), value=-7.0)[0]
    for row, (top, left) in enumerate(STARTS[ROWS] + 4):
        assert torch.equal(found[row], canvas[:, top : top + 3, left : left + 4])
    assert found.is_contiguous(memory_format=LAST)
    found.zero_()
    assert clean.abs().min() > 0


def test_one_dimension_is_two_of_height_one():
    assert flat(torch.zeros(2, 3, 4)).shape == (2, 3, 1, 4)
    assert flat(torch.zeros(2, 3, 5, 4)).shape == (2, 3, 5, 4)
