"""Every error of pellucid, in one tree. Each is also the fitting builtin.

PellucidError
├── InvalidInputError     (ValueError)    an argument, a field or a value in a file is not what it must be
│   └── SettingError      (ValueError)    a key of a configuration is unknown, missing or out of range
├── UnknownNameError      (KeyError)      no method, network, lead, class ... of that name
├── UnreadableFileError   (OSError)       a file is missing, damaged, too large or of no known format
├── NotApplicableError    (RuntimeError)  the method is right, but not for this module or record
└── MissingExtraError     (ImportError)   an optional dependency is not installed

PellucidWarning           (UserWarning)   the result stands, with the stated reserve

Interrupted               (KeyboardInterrupt)   Ctrl-C in long work, with what was finished

Wording: *what, where* must be *want, with its unit*; got *value*. *Remedy.*
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

_LISTED = 40  # names in a message


class PellucidError(Exception):
    """The root: `except PellucidError` catches whatever pellucid raises on purpose."""


class InvalidInputError(PellucidError, ValueError):
    """An argument, a field or a value in a file is not what it must be."""


class SettingError(InvalidInputError):
    """A key of a configuration is unknown, missing or out of range."""


class UnknownNameError(PellucidError, KeyError):
    """Nothing of that name is known."""

    def __str__(self) -> str:  # KeyError would print its repr, quotes and all
        return str(self.args[0]) if self.args else ""


class UnreadableFileError(PellucidError, OSError):
    """A file is missing, damaged, too large or of no known format."""


class NotApplicableError(PellucidError, RuntimeError):
    """The question makes no sense for this module or record; the message says what would."""


class MissingExtraError(PellucidError, ImportError):
    """An optional dependency is not installed."""


class PellucidWarning(UserWarning):
    """The result stands, with the stated reserve."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of long work; a `KeyboardInterrupt`, so that nothing takes it for a failure and goes on.

    Attributes
    ----------
    finished
        What the call would have returned for what was done by then; None where there is nothing.
    """

    def __init__(self, message: str = "", finished: Any = None) -> None:
        super().__init__(message)
        self.finished = finished


def unknown_name(kind: str, name: object, known: Iterable[str], *, remedy: str = "") -> UnknownNameError:
    """Return the error for a name that is not among `known`, with a guess at what was meant."""
    names = list(known)
    near = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    guess = next((f" Did you mean {n!r}?" for n in names if near and n.lower() == near[0]), "")
    listed = ", ".join(names[:_LISTED]) if names else "none"
    listed += f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    advice = f" {remedy}" if remedy else ""
    return UnknownNameError(f"{kind} {name!r} is not known; known: {listed}.{guess}{advice}")


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """Return the error that names the extra which brings `package`."""
    return MissingExtraError(
        f"{purpose} needs {package}, which is not installed. Run: pip install 'pellucid[{extra}]'."
    )


def interrupted(done: str, held: str, finished: object) -> Interrupted:
    """Return the interrupt after `done`, whose `finished` holds what is named by `held`."""
    return Interrupted(
        f"interrupted after {done}; the exception's .finished holds {held} "
        "(in a notebook or at the prompt: import sys; sys.last_value.finished).",
        finished,
    )
