from __future__ import annotations

import pytest
from matplotlib.colors import to_rgb

from pellucid.figures.legend import BAR_HEIGHT, BAR_WIDTH, draw_colour_bar
from pellucid.figures.scale import Scale
from pellucid.figures.style import AGAINST, FOR, drawing, page


def bar(scale, **options):
    with drawing():
        figure = page(200, 50)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 200), ylim=(0, 50))
        draw_colour_bar(axes, scale, left=20, bottom=10, **options)
    return axes


def placed(axes):
    return {text.get_text(): text.get_position()[0] for text in axes.texts}


def test_a_signed_bar_runs_from_against_over_nothing_to_for():
    axes = bar(Scale(0.0123))
    words = placed(axes)
    assert words["against"] < 20
    assert words["for"] > 20 + BAR_WIDTH
    assert (words["−0.012"], words["0"], words["+0.012"]) == (20, 20 + BAR_WIDTH / 2, 20 + BAR_WIDTH)
    (image,) = axes.images
    assert image.get_extent() == [20, 20 + BAR_WIDTH, 10, 10 + BAR_HEIGHT]
    colours = image.cmap(image.norm(image.get_array()))[0]
    assert tuple(colours[0, :3]) == to_rgb(AGAINST)
    assert tuple(colours[-1, :3]) == to_rgb(FOR)
    assert colours[128, 3] == pytest.approx(0, abs=0.01)


def test_a_positive_bar_starts_at_nothing():
    words = placed(bar(Scale(3.0, "positive"), words=False))
    assert (words["0"], words["3"]) == (20, 20 + BAR_WIDTH)
    assert {"none", "strong"} <= set(words)
    assert not any("full colour" in text for text in words)


def test_an_empty_map_has_no_numbers():
    assert [text for text in placed(bar(Scale(0.0), words=False)) if any(map(str.isdigit, text))] == ["0"]


def test_relevance_lies_on_what_it_lies_on_in_the_picture():
    axes = bar(Scale(1.0), behind="#6b6b6b")
    assert axes.patches[0].get_facecolor()[:3] == to_rgb("#6b6b6b")
    assert axes.patches[0].get_zorder() < axes.images[0].get_zorder()
