from __future__ import annotations

from pellucid.core.progress import opened, shown_by, track


class Seen:
    """A display that writes down what it is told."""

    def __init__(self):
        self.told = []

    def __call__(self, title, total):
        self.told.append((title, total))
        return lambda done: self.told.append((title, done))


def test_without_a_display_the_items_come_through():
    assert list(track("abc", "reading")) == ["a", "b", "c"]
    opened("training", 3)(1)


def test_a_display_is_told_title_total_and_each_step_when_it_is_done():
    seen = Seen()
    with shown_by(seen):
        for item in track("ab", "reading"):
            seen.told.append(item)
    assert seen.told == [("reading", 2), "a", ("reading", 1), "b", ("reading", 2)]


def test_the_length_is_asked_for_given_or_unknown():
    seen = Seen()
    with shown_by(seen):
        list(track(iter("ab"), "stream"))
        list(track(iter("ab"), "known", 2))
    assert seen.told[0] == ("stream", None)
    assert seen.told[3] == ("known", 2)


def test_the_display_is_gone_after_the_block_and_the_inner_one_wins():
    outer, inner = Seen(), Seen()
    with shown_by(outer):
        with shown_by(inner):
            list(track("a", "inside"))
        list(track("a", "outside"))
    list(track("a", "after"))
    assert {title for title, _ in inner.told} == {"inside"}
    assert {title for title, _ in outer.told} == {"outside"}


def test_work_that_is_not_a_loop_reports_by_itself():
    seen = Seen()
    with shown_by(seen):
        opened("training", 10)(4)
    assert seen.told == [("training", 10), ("training", 4)]


def test_of_nothing_no_bar_is_shown():
    shown = []
    with shown_by(lambda title, total: shown.append(title) or (lambda done: None)):
        opened("none", 0)(0)
        opened("unknown", None)(1)
    assert shown == ["unknown"]
