from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from pellucid.cli import output
from pellucid.core.errors import InvalidInputError, UnreadableFileError


def test_a_result_is_printed_as_it_is(capsys):
    path = "a/" + "very/" * 60 + "long path [with] brackets.html"
    output.result(path)
    assert capsys.readouterr() == (path + "\n", "")


def test_what_is_said_goes_to_stderr(capsys):
    output.say("reading")
    output.warn("lead V1 is flat")
    assert capsys.readouterr() == ("", "reading\nwarning: lead V1 is flat\n")


def test_json_is_read_back(capsys):
    output.result_json({"µ": [1, None, "x"]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"µ": [1, None, "x"]}
    assert "µ" in out


@pytest.mark.parametrize("content", [math.nan, {"a": object()}])
def test_what_json_cannot_hold_is_refused(content, capsys):
    with pytest.raises(InvalidInputError, match="JSON"):
        output.result_json(content)
    assert capsys.readouterr().out == ""


def test_a_piped_table_is_aligned_and_never_cut(capsys):
    output.table(
        [{"name": "a", "words": "x" * 200, "n": 1.23456789}, {"name": "bcd", "words": "y", "n": None}], title="T"
    )
    assert capsys.readouterr().out.splitlines() == [
        "T",
        "name  words" + " " * 197 + "n",
        "a     " + "x" * 200 + "  1.235",
        "bcd   y",
    ]


def test_a_pandas_table_shows_its_index_where_it_is_named(capsys):
    frame = pd.DataFrame({"auc": [0.9, math.nan]}, index=pd.Index(["AFIB", "1AVB"], name="class"))
    output.table(frame)
    assert capsys.readouterr().out.splitlines() == ["class  auc", "AFIB   0.9", "1AVB"]
    output.table(frame.rename_axis(None))
    assert capsys.readouterr().out.splitlines() == ["auc", "0.9", ""]


def test_an_empty_table_is_its_header(capsys):
    output.table(pd.DataFrame({"a": [], "b": []}))
    output.table([])
    assert capsys.readouterr().out == "a  b\n\n"


def test_on_a_terminal_the_table_is_drawn(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.table([{"lead": "V1", "share": 0.5, "where": ["P", "QRS"]}], title="Leads")
    out = capsys.readouterr().out
    assert "Leads" in out
    assert "─" in out
    assert "P, QRS" in out


def test_failures_are_named_and_counted(capsys):
    failures = output.Failures()
    done = []
    for name in ("a.hea", "b.hea", "c.hea"):
        with failures.skipping(name):
            if name == "b.hea":
                raise UnreadableFileError("header b.hea has no\n  line for lead II.")
            done.append(name)
    assert done == ["a.hea", "c.hea"]
    assert failures.names == ["b.hea"]
    assert failures.exit_code == output.SOME_FAILED == 1
    assert capsys.readouterr().err == "error: b.hea skipped: header b.hea has no line for lead II.\n"


def test_without_failures_the_exit_code_is_zero():
    failures = output.Failures()
    with failures.skipping("a"):
        pass
    assert failures.exit_code == output.DONE == 0


@pytest.mark.parametrize("error", [ZeroDivisionError, BrokenPipeError, KeyboardInterrupt])
def test_what_is_not_the_inputs_fault_ends_the_work(error):
    failures = output.Failures()
    with pytest.raises(error), failures.skipping("a"):
        raise error


def test_an_error_without_words_is_named(capsys):
    output.complain(ValueError())
    assert capsys.readouterr().err == "error: ValueError\n"
