from __future__ import annotations

import io
import re

import pytest

from pellucid.cli import bars, output
from pellucid.core.progress import track

ESCAPES = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Make stderr a terminal and return it; called inside a test, for pytest sets stderr anew before each."""

    def made():
        screen = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr("sys.stderr", screen)
        return screen

    return made


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    clock = iter([0.0, 4.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr(bars.time, "monotonic", lambda: next(clock))
    with bars.progress():
        assert list(track("abcd", "reading")) == list("abcd")
    assert capsys.readouterr() == ("", "reading: 2 of 4\nreading: 4 of 4\n")


def test_a_log_of_short_work_stays_empty(capsys):
    with bars.progress():
        list(track(range(1000), "reading"))
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_goes_away(terminal, capsys):
    screen = terminal()
    with bars.progress():
        for _ in track(range(3), "reading"):
            assert bars._shown.get().live.live.is_started
        assert not bars._shown.get().live.live.is_started
    assert "reading" in ESCAPES.sub("", screen.getvalue())
    assert capsys.readouterr().out == ""
    assert bars._shown.get() is None


def test_a_result_takes_the_bar_away_and_the_next_step_brings_it_back(terminal, capsys):
    terminal()
    with bars.progress():
        live = []
        for item in track(range(3), "reading"):
            live.append(bars._shown.get().live.live.is_started)
            if item == 1:
                output.result("between")
                assert not bars._shown.get().live.live.is_started
        assert live == [True, True, True]
    assert capsys.readouterr().out == "between\n"


def test_work_of_unknown_length_is_counted(terminal):
    terminal()
    with bars.progress():
        assert sum(track(iter([1, 2, 3]), "streaming")) == 6
        (task,) = bars._shown.get().live.tasks
        assert (task.completed, task.total) == (3, None)


def test_hiding_without_a_display_does_nothing():
    bars.hide()
    assert bars._shown.get() is None
