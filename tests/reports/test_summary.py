from __future__ import annotations

import json
from pathlib import Path

import pytest
from explained import explanation, slice_explanation

from pellucid.core.provenance import array_hash
from pellucid.reports.maps import maps_of
from pellucid.reports.summary import provenance, summary

KEYS = ["record", "found", "probabilities", "thresholds", "attributions", "provenance"]


def written(shown):
    maps = list(maps_of(shown))
    return summary(shown, maps, [[Path("a/b.png")]] * len(maps))


def test_it_has_the_promised_keys_and_is_json():
    content = written(explanation("7"))
    assert list(content) == KEYS
    assert content["record"] == "7"
    assert content["found"] == ["CRBBB"]
    assert content["probabilities"] == {"AFIB": 0.2, "CRBBB": 0.93, "STACH": 0.35}
    assert content["thresholds"] == {"AFIB": 0.5, "CRBBB": 0.4, "STACH": 0.38}
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_an_attribution_holds_what_is_needed_to_judge_it():
    entry = written(explanation())["attributions"][1]
    assert (entry["method"], entry["target"], entry["settings"], entry["kind"]) == (
        "saliency",
        "CRBBB",
        {"steps": 16},
        "positive",
    )
    assert (entry["gap"], entry["outside"], entry["empty"], entry["warnings"]) == (
        None,
        0.2,
        False,
        ["gradients saturate"],
    )
    assert entry["array"] == {"file": "relevance.npz", "name": "relevance_1"}
    assert entry["pictures"] == ["b.png"]
    assert max(entry["leads"], key=lambda lead: entry["leads"][lead]["share"]) == "V1"
    assert sum(row["share"] for row in entry["leads"].values()) == pytest.approx(1)
    assert entry["sum"] == pytest.approx(entry["sum_of_sizes"])


def test_provenance_names_hashes_versions_and_settings():
    shown = explanation()
    made = provenance(shown)
    assert {"python", "pellucid", "torch"} <= set(made["versions"])
    assert made["network"] == {"name": "small", "weights": "ab" * 32}
    assert made["methods"] == {"saliency": {"signed": False}}
    assert made["record"]["sha256"] == array_hash(shown.record.signal)
    assert made["findings"] == ["V2 is flat."]


def test_a_slice_has_a_summary_without_leads():
    content = written(slice_explanation())
    assert list(content) == KEYS
    assert "leads" not in content["attributions"][0]
    assert content["provenance"]["record"]["spacing"] == (1.0, 1.5)
