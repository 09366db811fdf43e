"""What the command line says and where: results on stdout, all else on stderr.

rich is imported only when something is drawn, so that plain answers stay quick.
"""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pellucid.cli import bars
from pellucid.core.errors import InvalidInputError, PellucidError

if TYPE_CHECKING:
    import pandas as pd

DONE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

debugging: ContextVar[bool] = ContextVar("debugging", default=False)

_CELL_GAP = "  "


def result(text: str) -> None:
    """Print a result to stdout, as it is: no wrapping, no colour."""
    bars.hide()
    print(text, flush=True)


def result_json(content: object) -> None:
    """Print a result to stdout as indented JSON; NaN is refused, for JSON has none."""
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"result must be what JSON can hold; {error}.") from error
    result(text)


def say(text: str) -> None:
    """Print a line to stderr: what is being done, what comes next."""
    print(text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Print a reserve to stderr."""
    say(f"warning: {text}")


def complain(error: BaseException, *, about: str = "", hint: str = "") -> None:
    """Print an error to stderr in one line, `about: error hint`; with `--debug` its traceback stands before it."""
    if debugging.get():
        traceback.print_exception(error)
    text = " ".join(str(error).split()) or type(error).__name__
    say("error: " + (f"{about}: " if about else "") + text + (f" {hint}" if hint else ""))


def table(rows: pd.DataFrame | Sequence[Mapping[str, object]], *, title: str = "") -> None:
    """Print a table to stdout: drawn on a terminal, in plain aligned columns when piped.

    Parameters
    ----------
    rows
        A pandas table (its index is left out unless it is named), or one mapping a row with the same keys.
    title
        A line above it.
    """
    names, cells = _cells(rows)
    bars.hide()
    if sys.stdout.isatty():
        _draw(names, cells, title)
        return
    lines = [title] if title else []
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for line in (names, *cells):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        lines.append(_CELL_GAP.join(padded).rstrip())
    result("\n".join(lines))


def _draw(names: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left")
    for name in names:
        drawn.add_column(Text(name), overflow="fold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def _cells(rows: pd.DataFrame | Sequence[Mapping[str, object]]) -> tuple[list[str], list[list[str]]]:
    if isinstance(rows, Sequence):
        names = list(rows[0]) if rows else []
        return names, [[_text(row[name]) for name in names] for row in rows]
    frame = rows.reset_index() if any(name is not None for name in rows.index.names) else rows
    lines = frame.itertuples(index=False, name=None)
    return [str(name) for name in frame.columns], [[_text(value) for value in line] for line in lines]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)


class Failures:
    """Counts the inputs that failed, so that one bad file among many is named and skipped.

    Examples
    --------
    >>> failures = Failures()
    >>> for path in ["a.hea", "b.hea"]:
    ...     with failures.skipping(path):
    ...         pass
    >>> failures.exit_code
    0
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def skipping(self, name: object) -> Iterator[None]:
        """Let an error that pellucid or the file system raises inside the block end only this input."""
        try:
            yield
        except BrokenPipeError:  # the reader of stdout has gone: that ends the command, not this input
            raise
        except (PellucidError, OSError) as error:
            self.names.append(str(name))
            complain(error, about=f"{name} skipped")

    @property
    def exit_code(self) -> int:
        """What the command returns: 0, or 1 where an input failed."""
        return SOME_FAILED if self.names else DONE
