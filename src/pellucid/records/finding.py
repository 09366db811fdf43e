"""What a check of a record says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a record, or worth knowing before its explanation is believed.

    Parameters
    ----------
    kind
        A short name for tables and filters: `flat`, `amplitude unit`, `limb leads` and the others of `quality`.
    leads
        The leads concerned; empty where it is the whole record.
    text
        A plain sentence, with numbers and units.
    """

    kind: str
    leads: tuple[str, ...]
    text: str
