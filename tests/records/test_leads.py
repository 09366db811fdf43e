from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.records.leads import DERIVED, STANDARD, canonical, missing


@pytest.mark.parametrize(
    ("given_name", "lead"),
    [
        ("AVR", "aVR"), (" avl ", "aVL"), ("lead ii", "II"), ("LEAD-II", "II"), ("Lead_aVF", "aVF"), ("ECG V1", "V1"),
        ("ecg_v6", "V6"), ("EKG iii", "III"), ("ECG Lead V1", "V1"), ("MDC_ECG_LEAD_AVF", "aVF"), ("V 1", "V1"),
        ("Lead I (Einthoven)", "I"), ("aVR (Goldberger)", "aVR"), ("DI", "I"), ("d2", "II"), ("DIII", "III"),
        ("L1", "I"), ("Lead 3", "III"),
    ],
)  # fmt: skip
def test_spellings_of_the_twelve(given_name, lead):
    assert canonical(given_name) == lead


@pytest.mark.parametrize(
    "name",
    [
        "-aVR",
        "Lead -aVR",
        "aVL-",
        "aVR (inverted)",
        "I+II",
        "V1-V2",
        "MLII",
        "ECG",
        "ECG1",
        "1",
        "V7",
        "V3R",
        "C1",
        "II_x",
    ],
)
def test_other_leads_stay_what_they_are(name):
    assert canonical(name) == name


@given(st.text(max_size=40))
def test_any_text_has_a_name_and_keeps_it(text):
    assert canonical(canonical(text)) == canonical(text)
    assert canonical(text) in (*STANDARD, text.strip())


def test_missing_counts_what_follows_from_one_and_two_as_there():
    assert missing(("I", "II", "V1")) == ("V2", "V3", "V4", "V5", "V6")
    assert missing(("I", "V1"), ("I", "III", "V1")) == ("III",)
    assert missing(STANDARD) == ()
    assert set(DERIVED) == {"III", "aVR", "aVL", "aVF"}
