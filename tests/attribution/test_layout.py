from __future__ import annotations

import pytest

from pellucid.attribution.layout import (
    Atom,
    blank,
    has_batch,
    is_blank,
    lead_axis,
    of_input,
    regrouped,
    spatial,
    union,
)

BATCH, LEAD, TIME = Atom(3, 0), Atom(4, 1), Atom(24, 2)


def test_an_inputs_axes_are_its_own():
    assert of_input((3, 4, 24)) == ((BATCH,), (LEAD,), (TIME,))
    assert is_blank(blank((3,))[0])
    assert not is_blank((BATCH,))


def test_folding_and_unfolding_comes_back():
    folded = regrouped(of_input((3, 4, 24)), (12, 1, 24))
    assert folded == ((BATCH, LEAD), (Atom(1),), (TIME,))
    assert regrouped(folded, (3, 4, 1, 24)) == ((BATCH,), (LEAD,), (Atom(1),), (TIME,))


def test_heads_are_split_from_features_without_losing_time():
    layout = ((TIME,), (BATCH,), (Atom(16),))
    split = regrouped(layout, (24, 6, 8))
    assert split == ((TIME,), (BATCH, Atom(2)), (Atom(8),))


def test_patches_keep_the_outer_step():
    split = regrouped(of_input((3, 4, 24)), (3, 4, 6, 4))
    assert split[2] == (Atom(6, 2, 0.0, 3.0, 4.0),)
    assert split[3] == (Atom(4),)


def test_what_does_not_come_out_even_is_blank():
    assert all(is_blank(axis) for axis in regrouped(of_input((3, 4, 24)), (9, 32))[1:])


def test_a_batch_of_one_is_not_lost_sight_of():
    one = Atom(1, 0)
    folded = regrouped(of_input((1, 4, 24)), (4, 1, 24))
    assert folded == ((one, LEAD), (Atom(1),), (TIME,))
    assert regrouped(folded, (1, 4, 24)) == of_input((1, 4, 24))
    assert regrouped(((TIME,), (one,), (Atom(6),)), (24, 1, 2, 3)) == ((TIME,), (one,), (Atom(2),), (Atom(3),))


def test_the_receptive_field_of_a_convolution():
    atom = TIME.windowed(12, 7, 2, 3, 1).windowed(6, 3, 2, 0, 2)
    assert (atom.start, atom.end, atom.jump) == (-3, 3 + 8, 4)
    assert TIME.shifted(10, 5, 2) == Atom(10, 2, 5.0, 5.0, 2.0)


def test_two_branches_see_what_both_see():
    wide, narrow = Atom(12, 2, -4, 4, 2), Atom(12, 2, 0, 0, 2)
    assert union((wide,), (narrow,)) == (wide,)
    assert union((Atom(12),), (narrow,)) == (narrow,)
    assert union((wide,), (Atom(12, 2, 0, 0, 1),)) == (Atom(12),)


@pytest.mark.parametrize(
    ("layout", "extended"),
    [
        (of_input((3, 4, 24)), True),
        (of_input((3, 4, 1)), False),
        (((BATCH,), (Atom(5), TIME)), True),
        (((BATCH,), (Atom(5),)), False),
    ],
)
def test_whether_a_value_still_extends_in_time(layout, extended):
    assert spatial(layout, [2]) is extended


def test_leads_are_apart_only_where_nothing_else_was_seen():
    assert lead_axis(((BATCH,), (LEAD,), (Atom(5),), (TIME,)), (3, 4, 24)) is LEAD
    assert lead_axis(((BATCH,), (Atom(4, 1, -1, 1, 1),), (TIME,)), (3, 4, 24)) is None
    assert lead_axis(of_input((3, 1, 24)), (3, 1, 24)) is None


def test_a_folded_batch_is_none():
    assert has_batch(((BATCH,), (TIME,)), (3, 24), 3)
    assert not has_batch(((BATCH, LEAD), (TIME,)), (12, 24), 3)
    assert has_batch(((Atom(1),), (TIME,)), (1, 24), 1)
    assert not has_batch(((Atom(1, 0), LEAD), (Atom(1),), (TIME,)), (4, 1, 24), 1)
    assert not has_batch(((Atom(1, 0),), (TIME,)), (1, 24), 3)
    assert not has_batch(((LEAD,), (TIME,)), (4, 24), 1)


@pytest.mark.parametrize("batch", [1, 2])
def test_leads_outside_of_the_batch_are_folded_alike_whatever_its_size(batch):
    whole = ((Atom(batch, 0),), (LEAD,), (TIME,))
    turned = (whole[1], whole[0], whole[2])
    folded = regrouped(turned, (4 * batch, 24))
    assert folded == ((*whole[1], *whole[0]), whole[2])
