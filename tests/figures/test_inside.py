from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pellucid.core.errors import InvalidInputError
from pellucid.figures import inside
from pellucid.figures.inside import Excerpt, Layer
from pellucid.figures.style import RESEARCH_USE

LEADS = ("I", "II", "V1")


def words(figure):
    axes = [text.get_text() for one in figure.axes for text in [*one.texts, one.title, *one.get_xticklabels()]]
    return axes + [text.get_text() for text in figure.texts]


def drawn(figure):
    """Return the figure after a full drawing pass: what cannot be drawn fails here."""
    FigureCanvasAgg(figure).draw()
    return figure


def boxes(figure):
    """Return each axes' place in mm: left, bottom, right, top."""
    wide, high = figure.get_figwidth() * 25.4, figure.get_figheight() * 25.4
    return [np.array(axes.get_position().extents) * [wide, high, wide, high] for axes in figure.axes]


@pytest.fixture
def record(pulses):
    return pulses(leads=LEADS, seconds=4.0)


@pytest.fixture
def layer():
    values = np.array([[0.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 4.0]])
    return Layer(values=values, offset=(30.0,), jump=(100.0,), name="layer two")


def test_a_channel_is_drawn_at_the_true_centres_under_the_trace(layer, record):
    figure = drawn(inside.layer_of_ecg(layer, record))
    trace, first = figure.axes[:2]
    assert trace.lines[0].get_xydata() == pytest.approx(np.column_stack([record.times, record.lead("II")]))
    assert first.lines[0].get_xdata() == pytest.approx([0.3, 1.3, 2.3, 3.3])
    assert first.lines[0].get_drawstyle() == "steps-mid"
    assert {axes.get_xlim() for axes in figure.axes} == {(0.0, 4.0)}


@pytest.mark.parametrize(("scaling", "tops", "said"), [
    ("channel", [1, 0, 1], "its own largest value"), ("layer", [0.5, 0, 1], "One scale for the whole layer"),
])  # fmt: skip
def test_the_scale_is_the_channels_or_the_layers_and_is_said(layer, record, scaling, tops, said):
    figure = drawn(inside.layer_of_ecg(layer, record, scaling=scaling))
    panels = [axes for axes in figure.axes if any(line.get_drawstyle() == "steps-mid" for line in axes.lines)]
    assert [axes.lines[0].get_ydata().max() for axes in panels] == pytest.approx(tops)
    assert any(said in text for text in words(figure))
    assert {"2", "silent", "4"} <= set(words(figure))
    assert any("1 silent · cells at their true centres" in text for text in words(figure))
    even = replace(layer, guessed=True)
    assert any("divide the input evenly" in text for text in words(inside.layer_of_ecg(even, record)))
    assert RESEARCH_USE in words(figure)


def test_of_many_channels_the_strongest_are_drawn_in_their_order_and_no_two_panels_meet(record):
    values = np.zeros((40, 5))
    values[:, 2] = np.random.default_rng(0).permutation(40) - 20.0
    layer = Layer(values=values, offset=(0.0,), jump=(80.0,))
    expected = sorted(np.argsort(-np.abs(values[:, 2]), kind="stable")[:24].tolist())
    assert layer.shown() == expected
    figure = drawn(inside.layer_of_ecg(layer, record))
    assert "the 24 strongest of 40 channels" in " ".join(words(figure))
    places = boxes(figure)
    for i, one in enumerate(places):
        for two in places[i + 1 :]:
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] + 1e-6 or two[3] <= one[1] + 1e-6
            assert apart


def test_leads_that_are_apart_are_strips_of_colour_between_the_cells_edges(record):
    values = np.arange(24.0).reshape(2, 3, 4)
    layer = Layer(values=values, offset=(50.0,), jump=(100.0,), leads=LEADS)
    figure = drawn(inside.layer_of_ecg(layer, record))
    meshes = [axes.collections[0] for axes in figure.axes if axes.collections]
    assert len(meshes) == 2
    assert np.asarray(meshes[1].get_array()).reshape(3, 4) == pytest.approx(values[1] / 23)
    assert meshes[0].get_coordinates()[0, :, 0].tolist() == pytest.approx([0, 1, 2, 3, 4])
    assert "a strip for each lead" in " ".join(words(figure))


def test_over_a_picture_cells_lie_in_its_frame():
    picture = np.random.default_rng(0).random((12, 16))
    values = -np.ones((3, 3, 4))
    layer = Layer(values=values, offset=(1.5, 1.5), jump=(4.0, 4.0))
    figure = drawn(inside.layer_of_slice(layer, picture, name="slice"))
    first, second = figure.axes[:2]
    assert np.asarray(first.images[0].get_array()) == pytest.approx(picture)
    assert second.collections[0].get_coordinates()[0, :, 0].tolist() == pytest.approx([-0.5, 3.5, 7.5, 11.5, 15.5])
    assert second.get_xlim() == (-0.5, 15.5)
    assert second.get_ylim() == (11.5, -0.5)
    assert np.asarray(second.collections[0].get_array()).reshape(3, 4) == pytest.approx(-np.ones((3, 4)))
    foot = [text.get_position()[1] for text in figure.texts if "largest value" in text.get_text()]
    assert foot[0] * figure.get_figheight() * 25.4 < min(box[1] for box in boxes(figure)) - 2


def dots(axes):
    return next(line for line in axes.lines if line.get_marker() == "." and line.get_linestyle() == "None")


def test_the_switches_of_a_max_pool_are_dots_where_it_answers(layer, record):
    switches = np.array([[[10.0, 90.0, 260.0, 370.0]] * 3])
    figure = drawn(inside.layer_of_ecg(replace(layer, switches=switches), record))
    panels = [axes for axes in figure.axes if any(line.get_drawstyle() == "steps-mid" for line in axes.lines)]
    assert dots(panels[0]).get_xydata().ravel() == pytest.approx([0.9, 1.0, 2.6, 0.5])
    assert dots(panels[1]).get_xydata().size == 0
    assert any("Dots: the switches, where in each cell the largest value stood" in text for text in words(figure))
    assert not any("Dots" in text for text in words(inside.layer_of_ecg(layer, record)))
    values = np.zeros((1, 3, 4))
    values[0, 2, 1] = 5.0
    switches = np.stack([np.full((1, 3, 4), 9.0), np.full((1, 3, 4), 6.0)])  # rows, then columns
    over = Layer(values=values, offset=(1.5, 1.5), jump=(4.0, 4.0), switches=switches)
    figure = drawn(inside.layer_of_slice(over, np.zeros((12, 16)), name="slice"))
    assert dots(figure.axes[1]).get_xydata().tolist() == [[6, 9]]


def test_an_ecg_made_by_ascent_stands_over_the_rise_of_its_value(record):
    figure = drawn(inside.ascent_of_ecg(record, [0.0, 2.0, 1.5], raised="class AFIB", value=2.0))
    paper, rise = figure.axes
    assert rise.lines[0].get_xydata().tolist() == [[0, 0], [1, 2], [2, 1.5]]
    assert [line.get_label() for line in paper.lines if "trace" in line.get_label()] == [f"trace {n}" for n in LEADS]
    assert "kept: 2" in words(figure)
    assert any("no patient's" in text for text in words(figure))
    assert boxes(figure)[1][3] < 45


def test_a_picture_made_by_ascent_is_stretched():
    figure = drawn(inside.ascent_of_slice(np.array([[2.0, 4.0], [3.0, 6.0]]), [1.0], raised="channel 3", value=1.0))
    assert figure.axes[0].images[0].get_array().tolist() == [[0, 0.5], [0.25, 1]]


def test_excerpts_share_a_scale_and_mark_the_centre():
    pieces = [
        Excerpt(values=np.array([[0.0, 1.0, 0.0]]), caption="a", start=1.0, centre=1.5, rate=2.0, leads=("II",)),
        Excerpt(values=np.array([[0.0, 4.0, 0.0]]), caption="b", start=0.0, centre=0.5, rate=2.0, leads=("V1",)),
    ]
    figure = drawn(inside.excerpts(pieces, raised="channel 1"))
    one, two = figure.axes
    assert one.lines[0].get_xdata()[0] == 1.5
    assert one.lines[1].get_xdata().tolist() == [1.0, 1.5, 2.0]
    assert [np.ptp(axes.lines[1].get_ydata()) for axes in (one, two)] == pytest.approx([0.25, 1])
    assert [label.get_text() for label in one.get_yticklabels()] == ["II"]
    assert any("4 mV high" in text for text in words(figure))
    pictures = inside.excerpts([Excerpt(values=np.eye(3), caption="c")], raised="channel 1")
    assert drawn(pictures).axes[0].images[0].get_array().shape == (3, 3)


def test_wrong_use_is_said_in_words(layer, record):
    with pytest.raises(InvalidInputError, match="'channel' or 'layer'; got 'all'"):
        inside.layer_of_ecg(layer, record, scaling="all")
    with pytest.raises(InvalidInputError, match="at least one excerpt"):
        inside.excerpts([], raised="channel 1")
