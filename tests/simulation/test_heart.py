from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pellucid.simulation import criteria
from pellucid.simulation.heart import Gains, Heart
from pellucid.simulation.intervals import Intervals

SEEDS = range(25)


def hearts(*diagnoses):
    for seed in SEEDS:
        intervals = Intervals.draw(seed, diagnoses, 70.0)
        yield intervals, Heart.draw(seed, diagnoses, intervals)


def test_normal_hearts_meet_the_rules():
    for _, heart in hearts():
        assert criteria.normal_qrs(heart.qrs[None]).all()
        assert criteria.upright_t(heart.t[None]).all()
        assert heart.right is heart.left is heart.t_left is None


def test_right_blocks_meet_the_rules_on_a_heart_that_is_normal_without():
    for intervals, heart in hearts("CRBBB"):
        args = heart.right[None], intervals.qrs, intervals.blocked, heart.gains.warp
        assert criteria.right_block(heart.qrs, *args).all()
        assert criteria.normal_qrs(heart.qrs[None]).all()


def test_left_blocks_meet_the_rules_on_a_heart_that_is_normal_without():
    for intervals, heart in hearts("CLBBB"):
        assert criteria.left_block(heart.left[None], intervals.blocked).all()
        assert criteria.normal_qrs(heart.qrs[None]).all()
        assert heart.t_left.shape == (7, 8)


def test_the_last_draw_stays_where_no_candidate_meets_its_rules(monkeypatch):
    monkeypatch.setattr(criteria, "normal_qrs", lambda tables: np.zeros(len(tables), dtype=bool))
    heart = Heart.draw(0, (), Intervals.draw(0, (), 70.0))
    assert np.isfinite(heart.qrs).all()


@pytest.mark.parametrize("diagnosis", ["CRBBB", "CLBBB"])
def test_the_same_heart_stands_behind_a_block(diagnosis):
    """P and gains do not hang on the diagnosis, but that the QRS under a right block is a little smaller."""
    for (_, normal), (_, blocked) in zip(hearts(), hearts(diagnosis), strict=True):
        np.testing.assert_array_equal(normal.p, blocked.p)
        ratio = 0.93 if diagnosis == "CRBBB" else 1.0
        assert blocked.gains == replace(normal.gains, qrs=ratio * normal.gains.qrs)


def test_worn_hearts_have_small_waves_unless_a_branch_is_blocked():
    sizes = {}
    for names in ((), ("1AVB",), ("AFIB",), ("AFIB", "CRBBB")):
        gains = [Gains.draw(seed, names) for seed in SEEDS]
        sizes[names] = np.median([one.t for one in gains])
        assert {one.worn for one in gains} == {names in (("1AVB",), ("AFIB",))}
    assert sizes["AFIB",] < sizes["1AVB",] < sizes[()] == sizes["AFIB", "CRBBB"]


def test_p_can_be_seen_where_pr_is_long():
    assert min(Gains.draw(seed, ("1AVB",)).p for seed in SEEDS) == 0.85
