from __future__ import annotations

from explained import explanation, place, slice_explanation

from pellucid.reports.description import describe
from pellucid.reports.maps import maps_of


def described(shown, **more):
    return describe(shown, list(maps_of(shown)), number=3, folder="x", **more)


def test_it_says_what_the_record_is_and_what_was_found():
    page = described(explanation("7"))
    assert (page["id"], page["name"], page["facts"]) == ("record-3", "7", ["12 leads", "10 s", "100 Hz"])
    assert page["headline"] == "Found: complete right bundle branch block (CRBBB)"
    assert page["top"] == {"name": "CRBBB", "percent": "93\xa0%"}
    assert page["findings"] == ["V2 is flat."]
    assert page["known"] is None
    assert len(page["map_words"]) == 2


def test_what_is_known_is_compared():
    shown = explanation(targets=("CRBBB",))
    page = described(shown, truth={"CRBBB": place(shown.record), "AFIB": None})
    assert page["known"]["words"] == "Known to be there: AFIB and CRBBB. The network misses AFIB."
    assert any("known to show" in text for text in page["map_words"][0])
    assert described(shown, truth={})["known"]["short"] == "wrong"


def test_provenance_is_flat_lines():
    lines = dict(described(explanation())["provenance"])
    assert lines["network weights"] == "ab" * 32
    assert lines["methods saliency signed"] == "False"
    assert lines["record leads"].startswith("I, II, III")
    assert "notes" not in lines


def test_a_slice_is_described():
    page = described(slice_explanation())
    assert page["facts"] == ["16 x 24 pixels"]
    assert page["exclusive"] is True
    assert page["is_ecg"] is False
