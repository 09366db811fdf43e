"""The twelve standard leads: their order, their other names, and the four that follow from I and II."""

from __future__ import annotations

import re
from collections.abc import Sequence

STANDARD: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
INDEPENDENT: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")

# Einthoven's and Goldberger's identities as coefficients of (I, II).
DERIVED: dict[str, tuple[float, float]] = {
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}

_BY_LOWER = {name.lower(): name for name in STANDARD}
_NUMERALS = {"1": "I", "2": "II", "3": "III"}

# A hyphen joins only right behind its word: `lead-II` is II, `lead -aVR` the inverted lead, which is another one.
_WORDS = r"(?:mdc[\s_]*)?(?P<words>(?:(?:lead|ecg|ekg)(?:-|[\s_:.]*))*)"
_REMARK = r"(?:\s*\((?:einthoven|goldberger|wilson)\))?"
_SPELLING = re.compile(
    _WORDS + r"(?:(?P<name>i{1,3}|av[rlf]|v\s?[1-6])|d(?P<roman>i{1,3})|(?P<letter>[ld]?)(?P<digit>[123]))" + _REMARK
)


def canonical(name: str) -> str:
    """Return the standard spelling of a lead's name, or the name itself where it names none of the twelve.

    Known are any case, `lead`, `ECG` or `MDC_ECG_LEAD` in front, `DI` and `L1` for I, and the physiologist's name
    behind. `-aVR`, `MLII` and Holter channels such as `ECG1` are no standard leads and stay what they are.

    >>> canonical("AVR"), canonical("Lead II (Einthoven)"), canonical("MLII")
    ('aVR', 'II', 'MLII')
    """
    plain = name.strip()
    match = _SPELLING.fullmatch(plain.lower())
    if match is None:
        return plain
    if match["name"]:
        return _BY_LOWER["".join(match["name"].split())]
    if match["roman"]:
        return match["roman"].upper()
    if match["letter"] or "lead" in match["words"]:
        return _NUMERALS[match["digit"]]
    return plain


def missing(have: Sequence[str], wanted: Sequence[str] = STANDARD) -> tuple[str, ...]:
    """Return the wanted leads that neither stand in `have` nor follow from its I and II."""
    derivable = set(DERIVED) if {"I", "II"} <= set(have) else set()
    return tuple(lead for lead in wanted if lead not in have and lead not in derivable)
