from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.figures.scale import scale_of


def test_limit_is_the_percentile_of_the_sizes_and_says_so():
    scale = scale_of(np.r_[-1000.0, np.linspace(-1, 1, 1999)])
    assert scale.limit == pytest.approx(0.9955, abs=0.002)
    assert (scale.kind, scale.empty, scale.chosen) == ("signed", False, False)
    assert "99.5th percentile" in scale.words
    assert "0.996" in scale.words


def test_a_map_that_is_nearly_all_zero_is_scaled_to_its_largest_value():
    values = np.zeros(10_000)
    values[3] = 0.2
    assert scale_of(values).limit == 0.2


def test_an_empty_map_says_so():
    scale = scale_of(np.zeros((2, 5)))
    assert scale.empty
    assert scale.words == "the map is empty: zero everywhere"


def test_kind_follows_the_values_unless_it_is_given():
    assert scale_of(np.array([0.0, 1.0])).kind == "positive"
    assert scale_of(np.array([0.0, 1.0]), kind="signed").kind == "signed"


def test_a_given_limit_is_kept_and_named():
    scale = scale_of(np.array([-1.0, 1.0]), limit=5)
    assert scale.limit == 5
    assert "as chosen" in scale.words


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([np.nan], {}, "must be finite"),
        ([-1.0], {"kind": "positive"}, "must not be below 0; got -1"),
        ([1.0], {"kind": "both"}, "'signed' or 'positive'; got 'both'"),
        ([1.0], {"limit": 0.0}, "scale must be a relevance above 0; got 0.0"),
        ([1.0], {"limit": float("nan")}, "scale must be a relevance above 0"),
    ],
)
def test_what_cannot_be_scaled_is_refused(values, options, message):
    with pytest.raises(InvalidInputError, match=message):
        scale_of(np.array(values), **options)
