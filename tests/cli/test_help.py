from __future__ import annotations

import io

import pytest
from rich.console import Console

from pellucid.cli.help import Drawn, documentation, reflowed

COMMAND = '''
"""A file of a command."""

import nothing_of_that_name


def other():
    """Not this one."""


def count(files):
    """Count what is
    in files.

    One paragraph
    over two lines.

    - a list
    - stays

    Parameters
    ----------
    files
        Which.

    Examples
    --------
    pellucid count a
    pellucid count b
    """


def silent(): ...
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    name = f"documented_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(COMMAND)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_description_and_examples_are_read_without_importing(module):
    assert documentation(module, "count") == (
        "Count what is in files.\n\nOne paragraph over two lines.\n\n- a list\n- stays",
        "Examples:\n\npellucid count a\npellucid count b",
    )


@pytest.mark.parametrize("function", ["silent", "not_there"])
def test_what_has_no_docstring_has_no_help(function, module):
    assert documentation(module, function) == ("", "")


def test_a_module_that_is_not_there_has_no_help():
    assert documentation("no_module_of_that_name", "count") == ("", "")


def test_paragraphs_are_joined_and_indented_ones_kept():
    assert reflowed("a\nb\n\n    c\n    d\n") == "a b\n\n    c\n    d"


def test_texts_of_parameters_are_wrapped_at_the_width_of_the_terminal():
    from cyclopts import App

    app = App(name="count", help_format="plaintext", help_formatter=Drawn())

    @app.default
    def count(*, files: str = "a"):
        """Count.

        Parameters
        ----------
        files
            Some words that stand on
            two lines.
        """

    screen = io.StringIO()
    app.help_print([], console=Console(file=screen, width=90))
    assert screen.getvalue().startswith("Usage: count [OPTIONS]\n")
    assert "Some words that stand on two lines. [default: a]" in screen.getvalue()
