"""What is drawn, in millimetres on the page: an artist's place is taken back from the page's pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from pellucid.core.errors import InvalidInputError
from pellucid.figures.ecg_paper import ecg_paper
from pellucid.figures.style import RESEARCH_USE, TRUTH, save


def on_page(figure, artist, points):
    """Points of an artist's own coordinates in mm from the lower left corner of the printed page."""
    return artist.get_transform().transform(np.asarray(points)) / figure.dpi * 25.4


def labelled(figure, label):
    return [artist for artist in figure.axes[0].get_children() if artist.get_label() == label]


def lead(figure, name, what="trace"):
    (line,) = labelled(figure, f"{what} {name}")
    return on_page(figure, line, line.get_xydata())


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def signed(record):
    relevance = np.zeros(record.signal.shape)
    relevance[1, 200:300] = 2.0
    relevance[7, 500:600] = -1.0
    return relevance


@pytest.mark.parametrize("layout", ["12x1", "6x2", "3x4"])
@pytest.mark.parametrize("rate", [100.0, 257.0, 500.0])
def test_a_second_is_25_mm_and_a_millivolt_10_mm(pulses, layout, rate):
    drawn = lead(ecg_paper(pulses(1.3, 0.4, rate=rate), layout=layout), "I")
    line = np.median(drawn[:, 1])
    assert drawn[:, 1].max() - line == pytest.approx(13.0)
    assert line - drawn[:, 1].min() == pytest.approx(4.0)
    peaks = drawn[drawn[:, 1].argmin(), 0] - drawn[drawn[:, 1].argmax(), 0]
    assert peaks == pytest.approx(25 * (round(0.6 * rate) - round(0.3 * rate)) / rate)


def test_the_scale_survives_the_picture(pulses, tmp_path):
    from PIL import Image

    figure = ecg_paper(pulses())
    with Image.open(save(figure, tmp_path / "a.png", dpi=100)) as picture:
        assert np.array(picture.size) / 100 * 25.4 == pytest.approx(figure.get_size_inches() * 25.4, abs=0.3)


def test_grid_has_a_fine_line_each_mm_and_a_bold_one_every_5(pulses):
    figure = ecg_paper(pulses())
    found = {}
    for kind in ("fine", "bold"):
        (grid,) = labelled(figure, f"grid, {kind}")
        points = on_page(figure, grid, grid.get_path().vertices).reshape(-1, 2, 2)
        upright = points[points[:, 0, 0] == points[:, 1, 0]]
        found[kind] = np.sort(upright[:, 0, 0])
    assert np.diff(found["bold"]) == pytest.approx(5.0)
    assert np.diff(np.sort(np.r_[found["fine"], found["bold"]])) == pytest.approx(1.0)
    # The record starts on a bold line, and each lead's line is one.
    assert np.abs(found["bold"] - lead(figure, "I")[0, 0]).min() == pytest.approx(0, abs=1e-6)


def test_calibration_pulse_is_a_millivolt_for_a_fifth_of_a_second_in_every_row(pulses):
    figure = ecg_paper(pulses())
    (pulse_artist,) = labelled(figure, "calibration pulse, 1 mV and 0.2 s")
    pulses_drawn = [on_page(figure, pulse_artist, path.vertices) for path in pulse_artist.get_paths()]
    assert len(pulses_drawn) == 12
    for drawn, name in zip(pulses_drawn, pulses().leads, strict=True):
        assert np.ptp(drawn[:, 1]) == pytest.approx(10.0)
        top = drawn[drawn[:, 1] == drawn[:, 1].max(), 0]
        assert np.ptp(top) == pytest.approx(5.0)
        assert drawn[0, 1] == pytest.approx(np.median(lead(figure, name)[:, 1]))
        assert drawn[:, 0].max() < lead(figure, name)[0, 0]


def test_every_lead_is_named_once_and_twice_where_it_is_the_rhythm_strip(pulses):
    for layout, of_two in (("12x1", 1), ("6x2", 1), ("3x4", 2)):
        words = texts(ecg_paper(pulses(), layout=layout))
        assert [words.count(name) for name in pulses().leads] == [1, of_two] + [1] * 10


def test_rhythm_strip_runs_through(pulses):
    drawn = lead(ecg_paper(pulses(), layout="3x4"), "II", "rhythm strip")
    assert np.ptp(drawn[:, 0]) == pytest.approx(25 * 9.99)


def test_band_lies_behind_its_lead_at_its_time_with_one_scale_for_all(pulses):
    record = pulses()
    figure = ecg_paper(record, signed(record), scale=2.0)
    meshes = {name: labelled(figure, f"relevance {name}")[0] for name in record.leads}
    corners = on_page(figure, meshes["II"], meshes["II"].get_coordinates().reshape(-1, 2))
    drawn = lead(figure, "II")
    line = np.median(drawn[:, 1])
    assert (corners[:, 1].min(), corners[:, 1].max()) == pytest.approx((line - 5.5, line + 5.5))
    values = meshes["II"].get_array().ravel()
    columns = np.sort(np.unique(corners[:, 0].round(6)))
    lit = columns[:-1][values > 0]
    assert (lit.min(), lit.max()) == pytest.approx((drawn[0, 0] + 50, drawn[0, 0] + 75), abs=0.3)
    assert values.max() == pytest.approx(1.0)
    assert meshes["V2"].get_array().min() == pytest.approx(-0.5)
    assert {(mesh.norm.vmin, mesh.norm.vmax) for mesh in meshes.values()} == {(-1.0, 1.0)}
    assert meshes["II"].get_zorder() < labelled(figure, "trace II")[0].get_zorder()


def test_trace_style_colours_the_trace_itself(pulses):
    record = pulses()
    figure = ecg_paper(record, signed(record), style="trace", scale=2.0)
    (halo,) = labelled(figure, "relevance II")
    points = np.concatenate([on_page(figure, halo, path.vertices) for path in halo.get_paths()])
    drawn = lead(figure, "II")
    assert (points[:, 0].min(), points[:, 0].max()) == pytest.approx((drawn[200, 0], drawn[300, 0]), abs=0.3)
    assert points[:, 1] == pytest.approx(np.interp(points[:, 0], *drawn.T))
    assert labelled(figure, "relevance I")[0].get_paths() == []


def test_bar_names_its_ends_and_its_scale(pulses):
    record = pulses()
    words = " ".join(texts(ecg_paper(record, signed(record))))
    assert "against" in words
    assert "99.5th percentile" in words
    positive = " ".join(texts(ecg_paper(record, np.abs(signed(record)))))
    assert "strong" in positive
    assert "against" not in positive
    assert "the map is empty" in " ".join(texts(ecg_paper(record, np.zeros(record.signal.shape))))


def test_truth_is_a_bracket_above_the_trace_and_no_ribbon(pulses):
    record = pulses()
    truth = np.zeros(record.signal.shape, dtype=bool)
    truth[3, 20:40] = truth[3, 700:] = True
    figure = ecg_paper(record, signed(record), truth=truth)
    (drawn,) = labelled(figure, "truth aVR")
    assert isinstance(drawn, LineCollection)
    brackets = [on_page(figure, drawn, path.vertices) for path in drawn.get_paths()]
    trace = lead(figure, "aVR")
    start = trace[0, 0]
    assert [(b[:, 0].min() - start, b[:, 0].max() - start) for b in brackets] == [
        pytest.approx((5, 10)),
        pytest.approx((175, 250)),
    ]
    assert brackets[0][:, 1].min() > trace[20:40, 1].max() + 1  # over the pulse of 10 mm
    assert brackets[1][:, 1].min() == pytest.approx(np.median(trace[:, 1]) + 5.5 + 1.2)
    assert np.ptp(brackets[0][:, 1]) == pytest.approx(1.0)
    above = lead(figure, "III")[:, 1].min()
    assert brackets[0][:, 1].max() < above
    assert len(labelled(figure, "truth legend")) == 1
    assert tuple(drawn.get_edgecolor()[0, :3]) == pytest.approx(to_rgb(TRUTH))


def test_page_says_what_it_is_and_what_was_done(pulses):
    record = replace(pulses(up=8.0), name="patient 7")
    relevance = np.zeros(record.signal.shape)
    relevance[1, 450:600] = 1.0  # lead II shows its first 500 samples
    words = texts(ecg_paper(record, relevance, layout="6x2", title="CRBBB: saliency"))
    assert RESEARCH_USE in words
    assert "CRBBB: saliency" in words
    assert "patient 7  ·  25 mm/s  ·  10 mm/mV  ·  100 Hz  ·  10 s" in words
    (remarks,) = (text for text in words if "parts shown" in text)
    assert (
        remarks
        == f"{', '.join(record.leads[:6])} cut at 4 mV from the line.  33% of |relevance| lies in the parts shown"
    )
    shifted = texts(ecg_paper(replace(record, signal=pulses().signal + 2)))
    assert "all leads drawn around the median (over 0.5 mV from zero)" in shifted


def test_names_of_strangers_are_drawn_as_they_are(pulses, tmp_path):
    record = pulses(name="$\\frac{x}$ 心 <b>")
    figure = ecg_paper(record, title="cost: $5 \\alpha_{")
    save(figure, tmp_path / "a.png", dpi=40)
    assert "cost: $5 \\alpha_{" in texts(figure)


def test_gaps_in_a_recording_stay_gaps(pulses, tmp_path):
    record = pulses()
    signal = record.signal.copy()
    signal[0, 300:400] = np.nan
    signal[5] = np.nan
    figure = ecg_paper(replace(record, signal=signal), signed(record), style="trace", truth=signed(record) > 0)
    assert np.isnan(labelled(figure, "trace I")[0].get_ydata()[300:400]).all()
    save(figure, tmp_path / "a.png", dpi=40)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"relevance": np.zeros((12, 5))},
            r"relevance of pulses must have the record's shape .*\(12, 1000\); got \(12, 5\)",
        ),
        ({"truth": np.zeros((1, 1000))}, r"truth of pulses must have the record's shape"),
        ({"style": "heat"}, "style must be 'band' or 'trace'; got 'heat'"),
    ],
)
def test_what_does_not_fit_is_refused(pulses, options, message):
    with pytest.raises(InvalidInputError, match=message):
        ecg_paper(pulses(), **options)


def test_few_artists_are_drawn_for_many_samples(pulses):
    record = pulses(rate=500.0)
    noise = np.random.default_rng(0).normal(size=record.signal.shape)
    for style in ("band", "trace"):
        assert len(ecg_paper(record, noise, style=style).axes[0].get_children()) < 100
