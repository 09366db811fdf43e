from __future__ import annotations

import itertools

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.records.leads import STANDARD
from pellucid.simulation.diagnoses import DIAGNOSES, checked, places


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([], ()),
        ("", ()),
        (["NORM"], ()),
        ("norm", ()),
        ("afib, crbbb", ("CRBBB", "AFIB")),
        (["AFIB", "CRBBB", "afib"], ("CRBBB", "AFIB")),
        (("sbrad", "1avb", "Clbbb"), ("1AVB", "CLBBB", "SBRAD")),
    ],
)
def test_names_in_any_case_and_order(given, names):
    assert checked(given) == names


def test_what_physiology_allows():
    impossible = {("1AVB", "AFIB"), ("CRBBB", "CLBBB"), ("SBRAD", "AFIB"), ("AFIB", "STACH"), ("SBRAD", "STACH")}
    for pair in itertools.combinations(DIAGNOSES, 2):
        if pair in impossible:
            with pytest.raises(InvalidInputError, match=f"{pair[0]} and {pair[1]}: .+ Leave one out"):
                checked(pair)
        else:
            assert checked(pair) == pair


def test_normal_stands_alone():
    with pytest.raises(InvalidInputError, match="NORM and AFIB"):
        checked(["norm", "AFIB"])


def test_an_unknown_name_is_guessed():
    with pytest.raises(UnknownNameError, match="Did you mean 'CRBBB'"):
        checked(["CRBB"])
    with pytest.raises(UnknownNameError, match=r"known: 1AVB, .*, NORM"):
        checked([7])


EVENTS = {
    "p_onset": np.array([0.1, 1.1]),
    "p_end": np.array([0.2, 1.2]),
    "qrs_onset": np.array([0.3, 1.3]),
    "qrs_end": np.array([0.4, 1.4]),
    "t_onset": np.array([0.5, 1.5]),
    "t_end": np.array([0.7, 1.7]),
}


def stretches(mask, lead):
    """Return the True samples of one lead at 100 Hz as [first, last] pairs."""
    edges = np.flatnonzero(np.diff(mask[STANDARD.index(lead)], prepend=False, append=False))
    return [(a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_places_by_hand():
    places_of = {name: places(name, EVENTS, 150, 100.0) for name in DIAGNOSES}
    assert stretches(places_of["1AVB"], "V4") == [(10, 29), (110, 129)]
    assert stretches(places_of["CRBBB"], "V1") == [(34, 69), (134, 149)]  # cut at the record's end
    assert stretches(places_of["CRBBB"], "I") == [(34, 39), (134, 139)]
    assert stretches(places_of["CRBBB"], "II") == []
    assert stretches(places_of["CLBBB"], "V6") == [(30, 69), (130, 149)]
    assert stretches(places_of["CLBBB"], "V4") == []
    assert stretches(places_of["AFIB"], "II") == [(30, 39), (70, 139)]
    assert stretches(places_of["SBRAD"], "aVR") == stretches(places_of["STACH"], "aVR") == [(70, 139)]


def test_masks_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        places("1AVB", EVENTS, 150, 100.0)[0, 0] = True
