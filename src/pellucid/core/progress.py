"""Progress of long work, on stderr; silent unless a door (the command line) has opened a display."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Display = Callable[[str, int | None], "Tick"]
Tick = Callable[[int], None]

_display: ContextVar[Display | None] = ContextVar("display", default=None)


@contextmanager
def shown_by(display: Display) -> Iterator[None]:
    """Let `display` show the progress of all work inside the block.

    `display(title, total)` opens a bar and returns a function that takes the number of steps done.
    """
    token = _display.set(display)
    try:
        yield
    finally:
        _display.reset(token)


def opened(title: str, total: int | None) -> Tick:
    """Open a bar and return what takes the number of steps done; none where nobody shows it, or nothing is to do."""
    display = _display.get()
    return display(title, total) if display is not None and total != 0 else lambda done: None


def track(items: Iterable[Item], title: str, total: int | None = None) -> Iterator[Item]:
    """Yield `items`, reporting each under `title` to whoever shows progress."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    tick = opened(title, total)
    for done, item in enumerate(items, start=1):
        yield item
        tick(done)
