from __future__ import annotations

from pellucid.datasets.labels import SIX
from pellucid.datasets.snomed import CODES, NAMES


def test_a_code_has_one_name_and_codes_scored_as_one_share_it():
    assert len(NAMES) == sum(map(len, CODES.values()))
    assert set(SIX) <= set(CODES)
    assert NAMES["59118001"] == NAMES["713427006"] == "CRBBB"
    assert NAMES["427172004"] == NAMES["17338001"] == "PVC"
    assert NAMES["284470004"] == NAMES["63593006"] == "PAC"


def test_names_are_those_of_the_published_table(shared):
    import pandas as pd

    table = pd.read_csv(shared / "data" / "cinc2020" / "diagnoses.csv", dtype=str).set_index("snomed")["name"]
    expected = {
        "NORM": "sinus rhythm", "1AVB": "1st degree av block", "SBRAD": "sinus bradycardia",
        "LPR": "prolonged pr interval",
        "AFIB": "atrial fibrillation", "STACH": "sinus tachycardia", "LAFB": "left anterior fascicular block",
        "STD_": "st depression", "QWAVE": "qwave abnormal", "LAD": "left axis deviation",
    }  # fmt: skip
    assert {name: table[CODES[name][0]] for name in expected} == expected
