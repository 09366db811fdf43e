from __future__ import annotations

import numpy as np
import pytest
from explained import explanation, prediction

from pellucid.explanation import words as spoken
from pellucid.records.finding import Finding
from pellucid.reports import words


@pytest.mark.parametrize(
    ("probabilities", "line"),
    [
        ((0.2, 0.93, 0.1), "Found: complete right bundle branch block (CRBBB)"),
        ((0.6, 0.93, 0.1), "Found: complete right bundle branch block (CRBBB) and atrial fibrillation (AFIB)"),
        ((0.6, 0.93, 0.9), "Found: CRBBB, STACH and AFIB"),
        ((0.1, 0.1, 0.1), "None of the 3 classes found"),
    ],
)
def test_the_answer_comes_first(probabilities, line):
    assert words.headline(prediction(probabilities)) == line


def test_of_classes_that_exclude_each_other_one_is_most_probable():
    assert words.headline(prediction(exclusive=True)).startswith("Most probable: complete right bundle")


def test_numbers_and_doubt_are_said():
    said = words.said(prediction((0.2, 0.93, 0.35)))
    assert said.replace("\xa0", " ") == (
        "Network small gives CRBBB a probability of 93 %. It is not sure about STACH: close to the threshold."
    )
    assert "AFIB a probability of 30" in words.said(prediction((0.3, 0.1, 0.01)))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "under 0.1"),
        (0.0031, "0.3"),
        (0.05, "5.0"),
        (0.41, "41"),
        (0.986, "99"),
        (0.995, "99.5"),
        (1.0, "over 99.9"),
    ],
)
def test_percent_never_pretends_certainty(share, text):
    assert words.percent(share) == f"{text}\xa0%"


@pytest.mark.parametrize(
    ("known", "short", "part"),
    [
        ({"CRBBB"}, "right", "Known to be there: CRBBB."),
        ({"CRBBB", "NORM"}, "right", "CRBBB and NORM"),
        ({"CRBBB", "AFIB"}, "wrong", "The network misses AFIB."),
        (set(), "wrong", "Known to have none of these. The network finds CRBBB, which is not there."),
        ({"AFIB"}, "wrong", "misses AFIB and finds CRBBB, which is not there."),
    ],
)
def test_what_is_known_judges_the_answer(known, short, part):
    judged = words.judged(prediction((0.2, 0.93, 0.1)), known)
    assert judged["short"] == short
    assert part in judged["words"]
    assert judged["tone"] == ("good" if short == "right" else "bad")


def test_notes_stand_once_and_where_they_belong():
    nothing = prediction((0.1, 0.1, 0.1))
    flat = Finding("flat", ("V2",), "V2 is flat.")
    notes = (
        spoken.nothing_found(nothing), "Padded to 10 s.", "saliency, STACH: gradients saturate.",
        spoken.one_map_for_all("saliency"), flat.text, "Trained in one country.", spoken.NOT_A_DIAGNOSIS,
    )  # fmt: skip
    shown = explanation(probabilities=(0.1, 0.1, 0.1), targets=("STACH",), notes=notes, findings=(flat,))
    answer, others = words.notes(shown)
    assert answer == [spoken.nothing_found(nothing)]
    assert others == ["Padded to 10 s.", "Trained in one country."]
    assert words.limits(shown)[1:3] == others
    assert "does not make a record normal" in words.limits(shown)[0]


def test_rows_are_ordered_and_hold_bar_and_threshold():
    rows = words.prediction_rows(prediction((0.2, 0.93, 0.35)))
    assert [row["name"] for row in rows] == ["CRBBB", "STACH", "AFIB"]
    assert (rows[0]["width"], rows[0]["limit"], rows[0]["verdict"]) == (93.0, 40.0, "found")
    assert rows[1]["verdict"] == "not sure"
    assert {row["limit"] for row in words.prediction_rows(prediction(exclusive=True))} == {None}
    assert np.isclose(rows[2]["width"], 20)
