from __future__ import annotations

from dataclasses import replace

import pytest
from audited import audited

from pellucid.datasets.confounds import Confound
from pellucid.datasets.duplicates import Pair
from pellucid.reports import audit_words as words


@pytest.fixture(scope="module")
def found():
    return audited("glioma")


def test_what_leaks_is_said_by_class_and_what_it_means(found):
    assert words.headline(found) == "1 of 10 test records has a twin in training."
    assert words.leaks(found) == [
        "Of 5 glioma test records 1 has a twin in training (1 equal): a score on this split is too good."
    ]
    more = replace(found, exact={"glioma": 1}, near={"glioma": 3})
    assert "3 have a twin in training (1 equal, 2 nearly equal)" in words.leaks(more)[0]


def test_patients_on_both_sides_and_unlike_labels_are_said(found):
    pair = Pair(0, 1, 1.0, exact=True)
    worse = replace(found, torn={"anna": ["test", "training"]}, conflicts=(pair, pair))
    torn, unlike = words.leaks(worse)[1:3]
    assert torn.startswith("1 patient is on several sides, anna (test, training) for instance")
    assert unlike.startswith("2 pairs of copies have unlike labels")
    none = {**found.leaking, "near": 0}
    assert words.headline(replace(worse, leaking=none)) == "1 patient is on several sides."


def test_classes_on_one_side_alone_are_said(found):
    names = list("abcdefg")
    counts = {"test": dict.fromkeys(names, 2) | {"h": 0, "none": 0, "(none)": 3}}
    counts["training"] = dict.fromkeys(names, 0) | {"h": 4, "none": 0, "(none)": 0}
    alone = replace(found, balance=counts, tests=counts["test"], near=dict.fromkeys(counts["test"], 0))
    assert words.leaks(alone) == [
        "No training record of a, b, c, d, e and 2 more classes: nothing can be learned of them.",
        "No test record of h: a score says nothing about it.",
    ]


def test_what_tells_the_class_stands_against_the_majority():
    found = audited(leaking=False)
    first, *_ = words.telltale(found)
    assert first == (
        "Brightness alone (brightness, contrast) gives the class of 100.0% of records; naming always the largest "
        "class gives 50.0%. A network can learn this in place of the disease."
    )
    assert words.headline(found).endswith("but the way of recording tells the class.")
    nothing = replace(found, confounds={"size": Confound(("width",), 0.5, 0.5, 0.1, {})})
    assert words.telltale(nothing) == [
        "Nothing that was asked tells clearly more about the class than knowing nothing."
    ]
    assert words.headline(nothing) == "No test record has a twin in training."


def test_the_cleaned_split_and_the_method(found):
    assert words.cleaned(found, "out/split.csv") == [
        "The cleaned split keeps 39 of 40 records (1 left out: twin or patient in the test).",
        "train and evaluate take it as in-memory:PATH,split=out/split.csv.",
    ]
    near = words.method(found)[1]
    assert near.startswith("Near: correlation above 0.97, the mirror image too; ")
    assert near.endswith("0 near pairs, 0 of them mirrored.")


def test_of_ecgs_no_mirror_image_is_looked_for(found):
    near = words.method(replace(found, read=replace(found.read, mirrored=None)))[1]
    assert "mirror" not in near
    assert near.endswith("are found. 0 near pairs.")


def test_a_cleaned_split_without_patients_is_scored_only_on_demand(found, monkeypatch):
    monkeypatch.setattr(type(found.read.source), "untestable", "names no patients")
    assert words.cleaned(found, "split.csv")[1].endswith(
        "split=split.csv (evaluate with --by-slice: whose they are is still not known)."
    )
