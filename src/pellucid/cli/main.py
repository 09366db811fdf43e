"""The command `pellucid`: finds the commands, runs one, turns errors into words and exit codes.

A command is a file in `pellucid.cli.commands` with a function named like it. Its docstring is its
help: the first line stands in the list of commands, `Parameters` beside the options, `Examples` at
the end. Commands are registered by import string and their docstrings read from the source, so that
no command is imported before it runs.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from pellucid import __version__
from pellucid.cli import output
from pellucid.cli.bars import progress
from pellucid.core.errors import PellucidError, PellucidWarning, unknown_name
from pellucid.core.registry import Registry, normalised

if TYPE_CHECKING:
    from cyclopts import App

COMMANDS: Registry[object] = Registry("pellucid.cli.commands", "command")

_EPILOGUE = "--debug, or PELLUCID_DEBUG=1, shows where an error came from. For research only, not for diagnosis."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        What follows the program's name; by default what the shell gave.

    Returns
    -------
    :
        0 done, 1 some of the inputs failed (the others are done), 2 wrong use, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    words, debug = _without_debug([_same_spelling(word) for word in _before_dashes(given)])
    token = output.debugging.set(debug or os.environ.get("PELLUCID_DEBUG", "0") not in ("", "0"))
    try:
        with _warnings_in_words(), progress():
            code = _run([*words, *given[len(_before_dashes(given)) :]])
            sys.stdout.flush()
    except KeyboardInterrupt:
        output.say("interrupted")
        code = output.INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has gone; without this Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = output.SOME_FAILED
    except (PellucidError, OSError) as error:
        output.complain(error)
        code = output.WRONG_USE
    finally:
        output.debugging.reset(token)
    return code


def application(names: Sequence[str] | None = None) -> App:
    """Return the cyclopts application with the commands of these names, by default with all."""
    from cyclopts import App, Parameter

    from pellucid.cli.help import Drawn, documentation

    app = App(
        name="pellucid",
        help="Shows what a diagnostic network looks at, and whether that picture can be believed.",
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        help_formatter=Drawn(),
        version=f"pellucid {__version__}",
        default_parameter=Parameter(negative_iterable=()),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name in COMMANDS.names if names is None else names:
        module, function = COMMANDS.home(name)
        text, examples = documentation(module, function)
        app.command(f"{module}:{function}", name=_typed(name), help=text, help_epilogue=examples)
    return app


def _run(words: list[str]) -> int:
    from cyclopts import CycloptsError

    first = words[0] if words else "--help"
    if not first.startswith("-") and first not in COMMANDS:
        raise unknown_name("command", first, map(_typed, COMMANDS.names))
    try:
        if first in COMMANDS:
            # Only the one that runs is registered: reading the others' docstrings would take time for nothing.
            name = normalised(first)
            app = application([name])
            code = app([_typed(name), *_same_choices(words[1:], app[_typed(name)])])
        else:
            code = application()(words)
    except CycloptsError as error:
        asked = " ".join(["pellucid", *(error.command_chain or ()), "--help"])
        output.complain(error, hint=f"See: {asked}")
        return output.WRONG_USE
    return code if isinstance(code, int) else output.DONE


def _typed(name: str) -> str:
    """Return a registry's name as users type it."""
    return name.replace("_", "-")


def _before_dashes(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _same_spelling(word: str) -> str:
    """In what users type `-` and `_` are equal: in the name of an option here, in a registry's names there."""
    option, equals, value = word.partition("=")
    return option.replace("_", "-") + equals + value if word.startswith("--") else word


def _same_choices(words: list[str], command: App) -> list[str]:
    """Return the words with the values of options that take one of a few as the command spells them."""
    choices = {
        name: {normalised(choice): choice for choice in argument.get_choices() or ()}
        for argument in command.assemble_argument_collection()
        for name in argument.names
    }
    spelled: list[str] = []
    for word, before in zip(words, ["", *words], strict=False):
        option, equals, value = word.partition("=")
        if equals and option in choices:
            spelled.append(f"{option}={choices[option].get(normalised(value), value)}")
        else:
            spelled.append(choices.get(before, {}).get(normalised(word), word))
    return spelled


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    return [word for word in words if word != "--debug"], "--debug" in words


@contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Print pellucid's own warnings as a line; those of other packages only for who looks for an error."""
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, PellucidWarning):
            output.warn(str(message))
        elif output.debugging.get():
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
