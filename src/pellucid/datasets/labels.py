"""Names of classes, in one table: PTB-XL's codes, other sets' names for them, and the sets they form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.core.errors import UnknownNameError, unknown_name

SIX: tuple[str, ...] = ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")

# The same six as the CODE study's annotation columns name them.
CODE_NAMES: dict[str, str] = {
    "1AVB": "1dAVb",
    "CRBBB": "RBBB",
    "CLBBB": "LBBB",
    "SBRAD": "SB",
    "AFIB": "AF",
    "STACH": "ST",
}

DESCRIPTIONS: dict[str, str] = {
    "1AVB": "first degree AV block",
    "CRBBB": "complete right bundle branch block",
    "CLBBB": "complete left bundle branch block",
    "SBRAD": "sinus bradycardia",
    "AFIB": "atrial fibrillation",
    "STACH": "sinus tachycardia",
    "NORM": "normal ECG",
}


class UnknownClassError(UnknownNameError):
    """A data set has no class, or set of classes, of that name."""


@dataclass(frozen=True, slots=True)
class ClassSet:
    """Classes in order, each the union of member codes: a record has the class when it has any member."""

    name: str
    members: dict[str, tuple[str, ...]]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, in order."""
        return tuple(self.members)


def of_codes(codes: Sequence[str], known: Sequence[str]) -> ClassSet:
    """Return the set of these codes, each a class of its own.

    Raises
    ------
    UnknownClassError
        Naming the first unknown code and the nearest known one.
    """
    by_lower = {code.lower(): code for code in known}
    by_lower |= {other.lower(): code for code, other in CODE_NAMES.items() if code in known}
    chosen = []
    for code in codes:
        if code.strip().lower() not in by_lower:
            raise UnknownClassError(str(unknown_name("class", code, known)))
        chosen.append(by_lower[code.strip().lower()])
    return ClassSet(",".join(chosen), {code: (code,) for code in chosen})
