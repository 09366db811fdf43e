from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from explained import explanation, of_class, place, slice_explanation

from pellucid.figures.scale import scale_of
from pellucid.reports.maps import Map, maps_of, shares, words


def first(**more):
    return next(iter(maps_of(explanation(**more))))


def test_the_likeliest_class_comes_first_and_methods_keep_their_order():
    maps = maps_of(explanation(targets=("STACH", "AFIB", "CRBBB")))
    assert [(shown.target, shown.method) for shown in maps] == [
        (target, method) for target in ("CRBBB", "STACH", "AFIB") for method in ("integrated_gradients", "saliency")
    ]


def test_a_map_has_the_scale_of_all_its_leads_and_its_own_kind():
    signed, positive = list(maps_of(explanation()))
    assert signed.scale.limit == pytest.approx(np.percentile(np.abs(signed.relevance), 99.5))
    assert (signed.scale.kind, positive.scale.kind) == ("signed", "positive")
    assert signed.title == "CRBBB: integrated gradients"


def test_shares_are_of_all_relevance_and_split_by_sign():
    relevance = np.array([[1.0, -1.0], [2.0, 0.0], [0.0, 0.0]])
    held = shares(of_class("A", "m", relevance, ("I", "II", "III")))
    assert [(row["total"], row["favour"]) for row in held] == [(0.5, 0.25), (0.5, 0.5), (0.0, 0.0)]


def test_shares_of_nothing_are_nothing_and_of_one_map_for_all_leads_unknown():
    assert [row["total"] for row in shares(of_class("A", "m", np.zeros((2, 3)), ("I", "II")))] == [0, 0]
    assert shares(of_class("A", "m", np.ones((2, 3)), ("I", "II"), leads_apart=False)) is None
    assert shares(next(iter(maps_of(slice_explanation()))).explained) is None


def test_words_say_sign_sum_padding_and_reserves():
    signed, positive = (words(shown) for shown in maps_of(explanation()))
    assert signed == [
        "Orange speaks for CRBBB and blue against it, by integrated gradients.",
        "The relevance adds up to the score that it explains, but for 0.4%.",
    ]
    assert positive == [
        "Saliency tells how strong a part weighs, not whether for or against CRBBB.",
        "20% of the relevance fell on padding, outside the recording, and is not shown.",
        "Gradients saturate.",
    ]


def test_words_say_when_there_is_nothing_or_only_when():
    shown = first()
    empty = of_class("CRBBB", "cam", np.zeros((12, 1000)), shown.explained.leads, gap=None)
    assert words(Map("cam", "CRBBB", empty, scale_of(empty.relevance))) == [
        "Cam finds nothing: this map is zero everywhere."
    ]
    together = replace(shown, explained=replace(shown.explained, leads_apart=False))
    assert "it says when, not in which lead" in " ".join(words(together))


def test_words_compare_with_where_the_class_is_known_to_show():
    shown = first()
    mask = place(explanation().record)
    inside = np.clip(shown.relevance, 0, None)[mask].sum() / np.clip(shown.relevance, 0, None).sum()
    (sentence,) = (text for text in words(shown, mask) if "known to show" in text)
    assert sentence.startswith(
        f"{inside:.0%} of what speaks for CRBBB lies where CRBBB is known to show, which is 4% of the"
    )
    assert f"{inside / (1 / 24):.1f} times chance" in sentence
    assert not any("known to show" in text for text in words(shown, np.ones_like(mask)))
