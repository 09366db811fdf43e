from __future__ import annotations

import math

import pytest

from pellucid.attribution.panels import NODES, WEIGHTS, Course, Panel, first_panels


def walked(score, slope, *, tolerance=0.01, budget=2000, precision=2**-52, one_by_one=True):
    """Refine until it is done; return the course and all panels that were ever looked at."""
    course = Course(tolerance, one_by_one, budget, precision)
    seen, panels = [], list(first_panels())
    while panels:
        for panel in panels:
            total = sum(w * panel.width * slope(at) for w, at in zip(WEIGHTS, panel.nodes, strict=True))
            course.add(panel, total, score(panel.left), score(panel.right))
        seen += panels
        panels = [half for panel in course.halved() for half in panel.halves]
    return course, seen


def test_the_nodes_are_gauss_and_legendre_s():
    for power in range(6):
        assert sum(w * at**power for w, at in zip(WEIGHTS, NODES, strict=True)) == pytest.approx(1 / (power + 1))


def test_panels_are_exact_fractions():
    panel = Panel(3, 5)
    assert (panel.left, panel.middle, panel.right) == (0.625, 0.6875, 0.75)
    assert panel.nodes[1] == panel.middle
    assert panel.halves == (Panel(4, 10), Panel(4, 11))
    assert [half.left for half in panel.halves] == [panel.left, panel.middle]
    assert sum(panel.width for panel in first_panels()) == 1


def test_a_polynomial_of_the_fifth_degree_needs_no_halving():
    course, _ = walked(lambda a: a**6, lambda a: 6 * a**5)
    assert course.spent == 24
    assert course.gap < 1e-15
    assert course.variation == 1


def test_the_gap_is_the_sum_of_sizes_and_only_the_cliff_is_halved():
    def score(a):
        return 1 / (1 + math.exp(-300 * (a - 0.3)))

    course, seen = walked(score, lambda a: 300 * score(a) * (1 - score(a)))
    assert course.gap <= course.panel_gap <= 0.01
    assert course.ended == ""
    assert course.spent == 3 * len(seen) < 100
    assert all(panel.left < 0.3 < panel.right or abs(panel.middle - 0.3) < 0.05 for panel in seen if panel.level > 5)
    assert sum(panel.width for panel in course.gaps) == pytest.approx(1)


def test_rises_and_falls_do_not_make_good_for_each_other():
    course, _ = walked(lambda a: math.sin(math.pi * a) ** 2, lambda a: math.pi * math.sin(2 * math.pi * a))
    assert course.variation == pytest.approx(2)
    assert course.gap <= 0.02


def test_the_sum_alone_may_fit_while_the_panels_make_good_for_each_other():
    def slope(a):  # twice the score's own on the left half, nothing on the right
        return 2.0 if a < 0.5 else 0.0

    course, _ = walked(lambda a: a, slope, one_by_one=False)
    assert (course.spent, course.gap, course.panel_gap) == (24, pytest.approx(0), pytest.approx(1))


def test_for_the_sum_only_those_are_halved_without_which_it_fits():
    course = Course(0.01, one_by_one=False, budget=2000, precision=2**-52)
    gaps = (0.9, -0.9, 0.095, 0.001, 0.0, -0.3, 0.6, 0.0)  # the sum is .396
    for panel, gap in zip(first_panels(), gaps, strict=True):
        course.add(panel, panel.width + gap, panel.left, panel.right)
    assert [panel.index for panel in course.halved()] == [6, 5, 2]  # .396 - .6 + .3 - .095 = .001


def test_where_no_panel_brings_the_sum_nearer_the_worst_is_halved():
    course = Course(0.01, one_by_one=False, budget=2000, precision=2**-52)
    for panel in first_panels():
        course.add(panel, panel.width + (0.5, -0.3)[panel.index % 2] * (panel.index < 2), panel.left, panel.right)
    assert [panel.index for panel in course.halved()] == [0]


def test_the_budget_ends_it_and_is_kept():
    course, _ = walked(lambda a: float(a > 0.3), lambda a: 0.0, budget=100)
    assert course.ended == "budget"
    assert 94 <= course.spent <= 100


def test_a_jump_is_given_up_where_the_way_cannot_be_divided():
    course, seen = walked(lambda a: float(a > 0.3), lambda a: 0.0, precision=2**-23)
    assert course.ended == "rounding"
    assert course.gap == 1
    assert max(panel.level for panel in seen) == 17


def test_a_gap_within_the_rounding_of_the_scores_is_no_reason_to_go_on():
    course, _ = walked(lambda a: 1000 + 5e-13 * math.sin(50 * a), lambda a: 0.0)
    assert course.ended == "rounding"
    assert course.spent == 24


def test_what_does_not_move_is_done_at_once():
    course, _ = walked(lambda a: 3.0, lambda a: 0.0)
    assert (course.ended, course.spent, course.gap) == ("", 24, 0)
