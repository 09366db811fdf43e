from __future__ import annotations

import json

import numpy as np
import pytest
from explained import HOSTILE, explanation, place, slice_explanation

from pellucid.core.errors import InvalidInputError
from pellucid.reports.kinds import record as module
from pellucid.reports.kinds.record import Records, record


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_record_has_its_folder_and_all_have_one_page(tmp_path):
    page = record([explanation("a"), slice_explanation("b")], tmp_path / "out", picture_formats=("svg",))
    assert page == tmp_path / "out" / "report.html"
    assert files(tmp_path / "out") == [
        "a/explanation.json", "a/integrated_gradients-CRBBB.svg", "a/relevance.npz", "a/saliency-CRBBB.svg",
        "b/explanation.json", "b/grad_cam-CRBBB.svg", "b/relevance.npz", "report.html",
    ]  # fmt: skip


def test_arrays_are_named_by_the_summary(tmp_path):
    shown = explanation("a")
    record([shown], tmp_path, picture_formats=())
    content = json.loads((tmp_path / "a" / "explanation.json").read_text())
    with np.load(tmp_path / "a" / "relevance.npz") as arrays:
        for entry in content["attributions"]:
            own = shown[entry["method"], entry["target"]].relevance
            assert arrays[entry["array"]["name"]] == pytest.approx(own)
            assert entry["sum"] == pytest.approx(own.sum())


def test_the_same_explanations_give_the_same_bytes(tmp_path):
    for name in ("x", "y"):
        record([explanation("a")], tmp_path / name, picture_formats=())
    for path in files(tmp_path / "x"):
        assert (tmp_path / "x" / path).read_bytes() == (tmp_path / "y" / path).read_bytes()


def test_record_by_record_it_is_the_same_report(tmp_path):
    shown = [explanation("a"), explanation("a", (0.9, 0.2, 0.1))]
    record(shown, tmp_path / "x", title="t", picture_formats=())
    report = Records(tmp_path / "y", title="t", picture_formats=())
    assert not (tmp_path / "y").exists()
    assert [report.add(one).name for one in shown] == ["a", "a-2"]
    assert (tmp_path / "y" / "a-2" / "explanation.json").is_file()
    assert report.page() == tmp_path / "y" / "report.html"
    for path in files(tmp_path / "x"):
        assert (tmp_path / "x" / path).read_bytes() == (tmp_path / "y" / path).read_bytes()


def test_names_lead_to_no_other_folder_and_do_not_meet(tmp_path):
    names = ["../up", "up", HOSTILE, ""]
    record([explanation(name) for name in names], tmp_path / "out", picture_formats=())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len([path for path in (tmp_path / "out").iterdir() if path.is_dir()]) == 4


def test_truth_is_shown_beside_the_answer(tmp_path):
    shown = [explanation("a"), explanation("b"), explanation("c")]
    page = record(
        shown, tmp_path, picture_formats=(), truths=[{"CRBBB": place(shown[0].record)}, {"AFIB": None}, None]
    ).read_text()
    assert "Known to be there: CRBBB." in page
    assert "The network misses AFIB and finds CRBBB, which is not there." in page
    assert page.count('class="mark good"') == 1
    assert page.count('class="mark bad"') == 1


def test_a_page_that_would_grow_too_large_leaves_records_out(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_LETTERS", 10)
    page = record([explanation("a"), explanation("b")], tmp_path, picture_formats=()).read_text()
    assert page.count("application/json") == 1
    assert "left out of the viewer" in page
    assert (tmp_path / "b" / "explanation.json").is_file()


def test_nothing_and_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="at least one explanation"):
        record([], tmp_path)
    with pytest.raises(InvalidInputError, match="one for each of 1 explanations; got 2"):
        record([explanation()], tmp_path, truths=[None, None])
    with pytest.raises(InvalidInputError, match="got 'gif'"):
        record([explanation()], tmp_path, picture_formats=("gif",))
    assert list(tmp_path.iterdir()) == []


def test_an_explanation_saves_itself_by_this_report(tmp_path):
    assert explanation("a").save(tmp_path / "a").name == "report.html"
    assert (tmp_path / "a" / "a" / "saliency-CRBBB.png").stat().st_size > 10_000
