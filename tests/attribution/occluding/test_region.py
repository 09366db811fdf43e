from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from pellucid.attribution.occluding.region import Region, Sweep, covering, hull


def region(starts, widths, sizes):
    return Region(np.array(starts), widths, sizes)


SWEEPS = [
    Sweep((1, 1), (1, 1), (0, 0), (1, 1)), Sweep((3, 3), (1, 1), (1, 1), (1, 1)), Sweep((1, 1), (2, 3), (0, 0), (1, 1)),
    Sweep((4, 5), (3, 2), (2, 1), (1, 1)), Sweep((3, 2), (1, 2), (2, 3), (2, 3)), Sweep((2, 2), (2, 2), (0, 0), (1, 1)),
]  # fmt: skip


def inside(found, row):
    """Return the cells of one rectangle that the layer has, as a mask."""
    mask = torch.zeros(found.sizes, dtype=torch.bool)
    (top, left), (bottom, right) = found.starts[row].clip(0), found.ends[row].clip(0)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize("sweep", SWEEPS)
def test_results_that_read_a_changed_cell_are_those_that_a_convolution_reaches(sweep):
    sizes, starts = (13, 17), [(y, x) for y in range(-2, 13, 3) for x in range(-1, 17, 3)]
    changed = region(starts, (3, 2), sizes)
    kernel = torch.ones(1, 1, *sweep.kernel)
    settings = {"stride": sweep.stride, "padding": sweep.padding, "dilation": sweep.dilation}
    out_sizes = tuple(functional.conv2d(torch.zeros(1, 1, *sizes), kernel, **settings).shape[2:])
    found = sweep.reached(changed, out_sizes)
    read = sweep.read(found, sizes)
    narrow = np.zeros(2, int)
    for row in range(len(starts)):
        reached = functional.conv2d(inside(changed, row)[None, None].float(), kernel, **settings)[0, 0] > 0
        assert not bool((reached & ~inside(found, row)).any())
        ones = functional.conv_transpose2d(inside(found, row)[None, None].float(), kernel, **settings)[0, 0] > 0
        height, width = ones.shape
        assert not bool((ones & ~inside(read, row)[:height, :width]).any())
        if reached.any():
            cells = reached.nonzero()
            narrow = np.maximum(narrow, (cells.amax(0) - cells.amin(0) + 1).numpy())
    assert (np.array(found.widths) <= narrow + np.array(sweep.dilation)).all()


def test_rectangles_at_the_edge_are_cut_where_that_makes_all_of_them_smaller():
    found = covering(np.array([[0, -4], [0, -2]]), np.array([[1, 4], [1, 6]]), (1, 20))
    assert found.starts.tolist() == [[0, 0], [0, 0]]
    assert found.widths == (1, 6)
    right = covering(np.array([[0, 15], [0, 17]]), np.array([[1, 22], [1, 24]]), (1, 20))
    assert right.starts.tolist() == [[0, 15], [0, 15]]
    assert right.widths == (1, 5)
    mixed = covering(np.array([[0, -4], [0, 8]]), np.array([[1, 4], [1, 16]]), (1, 20))
    assert mixed.starts.tolist() == [[0, -4], [0, 8]]
    assert mixed.margins == ((0, 0), (4, 0))


def test_a_rectangle_outside_of_the_layer_becomes_a_cell_inside():
    found = covering(np.array([[0, 25]]), np.array([[1, 27]]), (1, 20))
    assert found.starts.tolist() == [[0, 19]]
    assert found.widths == (1, 1)


def test_the_hull_holds_all():
    found = hull([region([(0, 3), (0, 9)], (1, 4), (1, 20)), region([(0, 5), (0, 8)], (1, 1), (1, 20))])
    assert found.starts.tolist() == [[0, 3], [0, 8]]
    assert found.widths == (1, 5)
    assert found.share == 0.25


def test_in_a_layer_with_a_border():
    found = region([(1, 2)], (3, 4), (8, 9)).moved((2, 5), (12, 19))
    assert found.starts.tolist() == [[3, 7]]
    assert found.sizes == (12, 19)


def test_an_empty_layer_is_not_worth_its_handling():
    assert region([(0, 0)], (1, 3), (1, 0)).share > 1
    assert region([(0, 0)], (1, 3), (1, 6)).share == 0.5
