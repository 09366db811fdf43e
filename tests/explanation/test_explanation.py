from __future__ import annotations

import json

import numpy as np
import pytest

from pellucid.core.errors import NotApplicableError, UnknownNameError
from pellucid.explanation.explain import explain
from pellucid.explanation.explanation import ClassExplanation


def explained(relevance, leads=("I", "II"), apart=True, waves=None):
    return ClassExplanation(
        target="AFIB",
        method="saliency",
        settings={},
        relevance=np.array(relevance, dtype=float),
        leads=leads,
        kind="signed",
        score=1.0,
        base=None,
        gap=None,
        outside=0.0,
        empty=False,
        leads_apart=apart,
        warnings=(),
        waves=waves,
    )


class OneWave:
    """Stands for a record whose samples are all P."""

    def table(self, relevance, leads):
        return relevance.tolist(), list(leads)


def test_a_table_by_lead():
    table = explained([[1, -2, 0], [3, 0, 2]]).by_lead()
    assert table.to_dict("list") == {
        "lead": ["I", "II"],
        "share": [3 / 8, 5 / 8],
        "positive": [1, 5],
        "negative": [-2, 0],
    }


def test_an_empty_map_has_no_shares():
    assert explained([[0, 0], [0, 0]]).by_lead()["share"].tolist() == [0, 0]


def test_a_map_for_all_leads_has_no_rows_and_a_slice_no_leads():
    assert list(explained([[1], [1]], apart=False).by_lead()) == ["lead", "share", "positive", "negative"]
    assert len(explained([[1], [1]], apart=False).by_lead()) == 0
    with pytest.raises(NotApplicableError, match="a slice has no leads"):
        explained([[1]], leads=()).by_lead()


def test_a_table_by_wave_has_the_leads_or_one_for_all():
    assert explained([[1, -2], [3, 0]], waves=OneWave()).by_wave() == ([[1, -2], [3, 0]], ["I", "II"])
    assert explained([[1, -2], [1, -2]], apart=False, waves=OneWave()).by_wave() == ([[2, -4]], ["all"])
    with pytest.raises(NotApplicableError, match="a slice has no waves"):
        explained([[1]], leads=()).by_wave()


def test_a_map_is_asked_for_by_method_and_class(record, additive):
    explanation = explain(record, additive, methods=["grad_cam", "saliency"], targets="all")
    assert explanation["saliency", "AFIB"] is explanation.maps["saliency", "AFIB"]
    assert explanation["grad-cam", "AFIB"].method == "grad_cam"
    with pytest.raises(UnknownNameError, match=r"'lrp' is not known; known: grad_cam, saliency.*\[method, class\]"):
        explanation["lrp", "AFIB"]
    with pytest.raises(UnknownNameError, match=r"'AFLT' is not known.*targets="):
        explanation["saliency", "AFLT"]
    with pytest.raises(UnknownNameError, match=r"explanation\[method, class\]"):
        explanation["saliency"]


def test_it_draws_itself(record, additive, picture, slices):
    page = explain(record, additive, methods="saliency", targets="AFIB")._repr_html_()
    assert "<svg" in page
    assert "sine: AFIB by saliency" in page
    assert "not a diagnosis" in page
    assert "<td>V6</td>" in page
    assert "<script" not in page
    page = explain(picture, slices, methods="saliency")._repr_html_()
    assert "<svg" in page
    assert "<td>" not in page


def test_it_is_saved_as_a_report(record, additive, tmp_path):
    explanation = explain(record, additive, methods="saliency", targets="AFIB")
    report = explanation.save(tmp_path)
    assert report == tmp_path / "report.html"
    assert "AFIB" in report.read_text(encoding="utf-8")
    saved = json.loads((tmp_path / "sine" / "explanation.json").read_text(encoding="utf-8"))
    assert saved["attributions"][0]["method"] == "saliency"
    assert saved["provenance"]["network"]["name"] == "add"
