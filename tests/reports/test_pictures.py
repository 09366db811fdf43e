from __future__ import annotations

import pytest
from explained import explanation, place, slice_explanation

from pellucid.core.errors import InvalidInputError
from pellucid.reports.maps import maps_of
from pellucid.reports.pictures import check_formats, draw, write_pictures


def labels(figure):
    return {artist.get_label() for artist in figure.axes[0].get_children()}


def test_each_map_is_written_in_each_format(tmp_path):
    shown = slice_explanation()
    files = write_pictures(shown.record, list(maps_of(shown)), tmp_path, ("png", "svg"))
    assert [[path.name for path in paths] for paths in files] == [["grad_cam-CRBBB.png", "grad_cam-CRBBB.svg"]]
    assert all(path.stat().st_size > 1000 for path in files[0])


def test_without_formats_nothing_is_drawn(tmp_path):
    shown = explanation()
    assert write_pictures(shown.record, list(maps_of(shown)), tmp_path, ()) == [[], []]
    assert list(tmp_path.iterdir()) == []


def test_truth_of_the_maps_own_class_is_drawn():
    shown = explanation()
    (own, _) = maps_of(shown)
    assert "truth V1" in labels(draw(shown.record, own, {"CRBBB": place(shown.record)}))
    assert "truth V1" not in labels(draw(shown.record, own, {"AFIB": place(shown.record), "CRBBB": None}))


def test_of_a_long_record_the_strongest_20_s_are_drawn():
    shown = explanation(samples=5000)
    for own in maps_of(shown):
        own.explained.relevance[:, :3000] = 0
    own = next(iter(maps_of(shown)))
    figure = draw(shown.record, own)
    (trace,) = (line for line in figure.axes[0].lines if line.get_label() == "trace I")
    assert len(trace.get_xdata()) == 2000
    assert "CRBBB: integrated gradients, from 30 s on" in [text.get_text() for text in figure.axes[0].texts]


def test_an_unknown_format_is_refused():
    check_formats(("png", "svg", "pdf"))
    with pytest.raises(InvalidInputError, match="picture format must be one of png, svg, pdf; got 'gif'"):
        check_formats(("png", "gif"))
