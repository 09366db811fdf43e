from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pellucid import EcgRecord, read
from pellucid.records.leads import DERIVED
from pellucid.records.limb_leads import LIMB_LEADS, breaks, repair

CHANCE = np.random.default_rng(1)
ONE, TWO = np.cumsum(CHANCE.normal(size=(2, 1000)), axis=1) * 0.05


def limbs():
    rows = {"I": ONE, "II": TWO} | {lead: a * ONE + b * TWO for lead, (a, b) in DERIVED.items()}
    return np.stack([rows[lead] for lead in LIMB_LEADS])


def record(rows, leads=LIMB_LEADS):
    return EcgRecord(signal=rows.round(3), sampling_rate=100, leads=leads)


def test_lawful_leads_break_nothing_whatever_their_offsets():
    offsets = np.arange(6)[:, None] * 0.3
    assert breaks(record(limbs() + offsets), 0.01) == ()


def test_a_broken_law_is_named_with_place_and_size():
    rows = limbs()
    rows[3, 250:260] += 0.4
    (broken,) = breaks(record(rows), 0.05)
    assert broken.lead == LIMB_LEADS[3]
    assert broken.deviation == pytest.approx(0.4, abs=0.005)
    assert 2.5 <= broken.second < 2.6


def test_the_worst_comes_first_and_gaps_are_passed_over():
    rows = limbs()
    rows[2, 100], rows[5, 200], rows[4, 300] = rows[2, 100] + 0.2, rows[5, 200] + 0.7, np.nan
    assert [item.lead for item in breaks(record(rows), 0.05)] == [LIMB_LEADS[5], LIMB_LEADS[2]]


def test_only_laws_whose_leads_are_there_are_asked():
    rows = limbs()
    rows[2] += np.linspace(0, 1, 1000)
    assert len(breaks(record(rows[:3], LIMB_LEADS[:3]), 0.05)) == 1
    assert breaks(record(rows[1:], LIMB_LEADS[1:]), 0.05) == ()
    assert repair(record(rows[:3], LIMB_LEADS[:3])) is None


@pytest.mark.parametrize(("first", "second"), list(combinations(range(6), 2)))
def test_two_exchanged_leads_are_found(first, second):
    names = list(LIMB_LEADS)
    names[first], names[second] = names[second], names[first]
    found = repair(record(limbs(), names))
    assert found.sources == tuple(names)
    assert set(found.factors) == {1.0}


@pytest.mark.parametrize("row", range(6))
def test_a_wrong_sign_is_found(row):
    rows = limbs()
    rows[row] *= -1
    found = repair(record(rows))
    assert found.sources == LIMB_LEADS
    assert [index for index, factor in enumerate(found.factors) if factor == -1] == [row]


@given(st.lists(st.floats(0.4, 2.5), min_size=6, max_size=6))
@settings(deadline=None, max_examples=30)
def test_wrong_gains_are_found_relative_to_lead_one(gains):
    gains = np.array(gains)
    rows = limbs() / gains[:, None]
    assume(breaks(record(rows), 0.3))
    found = repair(record(rows))
    assert found.sources == LIMB_LEADS
    np.testing.assert_allclose(found.factors, gains / gains[0], rtol=0.05)


def test_noise_in_one_lead_cannot_be_mended():
    rows = limbs()
    rows[3] += CHANCE.normal(size=1000)
    assert repair(record(rows)) is None


def test_leads_that_show_nothing_are_left_alone():
    rows = limbs()
    rows[1] = 0
    assert repair(record(rows)) is None


def test_ptb_xl_2166_and_the_gains_of_ludb(ptbxl, ludb):
    broken = breaks(read(ptbxl / "records100/02000/02166_lr"), 0.05)
    assert max(item.deviation for item in broken) == pytest.approx(0.83, abs=0.01)
    assert repair(read(ptbxl / "records100/02000/02166_lr")) is None
    # Each lead of LUDB has a gain of its own in the header, and they do not fit each other.
    found = repair(read(ludb / "112"))
    assert found.sources == LIMB_LEADS
    np.testing.assert_allclose(found.factors, [1, 1.56, 1.43, 1.06, 1.0, 1.48], atol=0.01)
