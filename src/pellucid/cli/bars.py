"""Progress on stderr: bars on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pellucid.core.progress import Tick, shown_by

if TYPE_CHECKING:
    from rich.progress import Progress

LOG_SECONDS = 10.0


@contextmanager
def progress() -> Iterator[None]:
    """Show the progress of all work inside the block."""
    if not sys.stderr.isatty():
        with shown_by(_logged):
            yield
        return
    bars = _Bars()
    token = _shown.set(bars)
    try:
        with shown_by(bars.open):
            yield
    finally:
        _shown.reset(token)
        bars.hide()


def hide() -> None:
    """Take the bars off the terminal, so that a result can be printed; the next step of the work brings them back."""
    bars = _shown.get()
    if bars is not None:
        bars.hide()


def _logged(title: str, total: int | None) -> Tick:
    last = time.monotonic()
    whole = "" if total is None else f" of {total}"

    def tick(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_SECONDS:
            last = now
            print(f"{title}: {done}{whole}", file=sys.stderr, flush=True)

    return tick


class _Bars:
    """rich's bars, imported with the first of them."""

    def __init__(self) -> None:
        self.live: Progress | None = None

    def open(self, title: str, total: int | None) -> Tick:
        bars = self._visible()
        task = bars.add_task(title, total=total)

        def tick(done: int) -> None:
            self._visible().update(task, completed=done, visible=total is None or done < total)
            if bars.finished:
                self.hide()

        return tick

    def _visible(self) -> Progress:
        if self.live is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            # stdout is a result's: rich must not draw what is printed there onto stderr.
            self.live = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        self.live.start()
        return self.live

    def hide(self) -> None:
        if self.live is not None:
            self.live.stop()


_shown: ContextVar[_Bars | None] = ContextVar("shown", default=None)
