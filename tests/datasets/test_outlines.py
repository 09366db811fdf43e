from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.outlines import filled, read_outlines


def test_a_pixel_is_inside_when_its_middle_is():
    expected = np.zeros((8, 10), dtype=bool)
    expected[2:6, 3:8] = True
    np.testing.assert_array_equal(filled("0.3 0.25 0.8 0.25 0.8 0.75 0.3 0.75", (8, 10), "a"), expected)


def test_what_crosses_itself_is_filled_by_the_even_odd_rule():
    square = "0 0 1 0 1 1 0 1 "
    assert filled(square + "0 0 1 0 1 1 0 1", (4, 4), "twice around").sum() == 0


def test_the_area_of_an_outline_is_that_of_the_polygon():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = " ".join(f"{0.5 + 0.3 * np.cos(a):.5f} {0.5 + 0.3 * np.sin(a):.5f}" for a in angle)
    assert filled(circle, (200, 300), "circle").mean() == pytest.approx(np.pi * 0.09, rel=5e-3)


def test_an_outline_that_is_none_is_told():
    with pytest.raises(InvalidInputError, match="outline of x must have 3 points or more"):
        filled("0 0 1 1", (4, 4), "x")
    with pytest.raises(InvalidInputError, match="outline of x must be pairs"):
        filled("0 0 1", (4, 4), "x")


def test_outlines_come_from_a_table(tmp_path):
    assert read_outlines(tmp_path / "outlines.csv") == {}
    (tmp_path / "outlines.csv").write_text("path,outline_xy\na/b.png,0 0 1 0 1 1\n")
    assert read_outlines(tmp_path / "outlines.csv") == {"a/b.png": "0 0 1 0 1 1"}
    (tmp_path / "outlines.csv").write_text("path,outline\na,b\n")
    with pytest.raises(UnreadableFileError, match="path and outline_xy"):
        read_outlines(tmp_path / "outlines.csv")
