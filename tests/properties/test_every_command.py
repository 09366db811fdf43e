"""What every command promises: help with an example, one spelling for names, words instead of tracebacks."""

from __future__ import annotations

import re
import shlex

import pytest

from pellucid.cli.main import COMMANDS, application, main

every_command = pytest.mark.parametrize("name", COMMANDS.names)


def typed(name):
    return name.replace("_", "-")


@every_command
def test_help_says_what_it_does_with_every_parameter_and_an_example(name, capsys):
    assert main([typed(name), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: pellucid {typed(name)}" in shown
    assert "Example" in shown
    assert f"pellucid {typed(name)}" in shown.partition("Example")[2], "the example is a line to type"


@every_command
def test_every_parameter_is_explained(name):
    app = application([name])[typed(name)]
    arguments = app.assemble_argument_collection(parse_docstring=True)
    silent = [
        argument.name for argument in arguments if argument.show and not str(argument.parameter.help or "").strip()
    ]
    assert silent == []


@every_command
def test_examples_parse(name):
    docstring = COMMANDS[name].__doc__
    lines = re.findall(r"^ *(?:\$ )?(pellucid .+)$", docstring.partition("Examples")[2], re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[1] == typed(name)
        command, _, _ = application([name]).parse_args(words[1:], exit_on_error=False, print_error=False)
        assert command is COMMANDS[name]


@every_command
def test_the_list_has_its_first_line(name, capsys):
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    first = " ".join(COMMANDS[name].__doc__.partition("\n\n")[0].split())
    assert f"{typed(name)} {first}" in shown


@every_command
def test_an_unknown_option_is_an_error_in_words(name, capsys):
    assert main([typed(name), "--no-such-option-at-all"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert f"See: pellucid {typed(name)} --help" in err
