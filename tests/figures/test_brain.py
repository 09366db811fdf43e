from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pellucid.core.errors import InvalidInputError
from pellucid.figures.brain import OUTLINE, brain_slice
from pellucid.figures.style import save
from pellucid.records.slice import MriSlice


def head(rows=40, columns=30, spacing=(1.0, 2.0), **more):
    return MriSlice(
        pixels=np.linspace(0, 1, rows * columns).reshape(rows, columns), spacing=spacing, name="head", **more
    )


def size_on_page(figure):
    box = figure.axes[1].get_position()
    return box.height * figure.get_figheight() * 25.4, box.width * figure.get_figwidth() * 25.4


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(("spacing", "ratio"), [((1.0, 2.0), 40 / 60), ((3.0, 1.0), 120 / 30), (None, 40 / 30)])
def test_pixels_are_as_high_and_wide_as_their_spacing(spacing, ratio):
    high, wide = size_on_page(brain_slice(head(spacing=spacing)))
    assert high / wide == pytest.approx(ratio)
    assert max(high, wide) == pytest.approx(120)


def test_scale_bar_is_20_mm_of_brain_and_absent_where_size_is_unknown():
    figure = brain_slice(head())
    (bar,) = (line for line in figure.axes[1].lines if line.get_label() == "scale bar")
    start, end = bar.get_transform().transform(bar.get_xydata()) / figure.dpi * 25.4
    assert end[0] - start[0] == pytest.approx(20 * 120 / 60)  # 60 mm of head on 120 mm of page
    assert "20 mm" in words(figure)
    unknown = brain_slice(head(spacing=None))
    assert all(line.get_label() != "scale bar" for line in unknown.axes[1].lines)
    assert any("unknown" in text for text in words(unknown))


def test_relevance_lies_pixel_on_pixel_on_one_scale_with_contours_at_half():
    relevance = np.zeros((40, 30))
    relevance[5:15, 5:10] = 2.0
    relevance[25:35, 20:28] = -1.5
    figure = brain_slice(head(), relevance, scale=2.0)
    below, above = figure.axes[1].images
    assert below.get_extent() == above.get_extent()
    assert (above.norm.vmin, above.norm.vmax) == (-1, 1)
    assert above.get_array()[6, 6] == 1.0
    lines = {round(float(level), 2) for artist in figure.axes[1].collections for level in artist.levels}
    assert lines == {-0.5, 0.5}
    (favour,) = (artist for artist in figure.axes[1].collections if artist.levels[0] == 0.5)
    box = favour.get_paths()[0].vertices
    # Columns are 2 mm wide: columns 5 to 9 span 10 to 20 mm; the line runs between pixel centres.
    assert (box[:, 0].min(), box[:, 0].max()) == pytest.approx((10, 20), abs=1.0)
    assert (box[:, 1].min(), box[:, 1].max()) == pytest.approx((5, 15), abs=0.5)


def test_a_known_region_is_outlined_and_named(tmp_path):
    region = np.zeros((40, 30), dtype=bool)
    region[10:20, 10:20] = True
    figure = brain_slice(head(), np.zeros((40, 30)), outline=region)
    (line,) = figure.axes[1].collections
    assert tuple(line.get_edgecolor()[0, :3]) == pytest.approx(to_rgb(OUTLINE))
    assert "known region" in words(figure)
    assert "the map is empty: zero everywhere" in words(figure)
    save(figure, tmp_path / "a.png", dpi=40)


def test_sides_are_marked_only_where_they_are_known():
    assert {"R", "L"} <= set(words(brain_slice(head(), sides=("R", "L"))))
    assert {"R", "L"} <= set(words(brain_slice(head(metadata={"sides": ["R", "L"]}))))
    assert not {"R", "L"} & set(words(brain_slice(head())))


def test_another_grid_is_refused():
    with pytest.raises(
        InvalidInputError, match=r"relevance of head must have the slice's shape .*\(40, 30\); got \(30, 40\)"
    ):
        brain_slice(head(), np.zeros((30, 40)))
    with pytest.raises(InvalidInputError, match="outline of head must have the slice's shape"):
        brain_slice(head(), outline=np.zeros((2, 2)))
