"""SNOMED CT codes of the PhysioNet Challenges 2020 and 2021, by the names that this package uses.

Codes that the challenges score as one stand behind one name.
"""

from __future__ import annotations

CODES: dict[str, tuple[str, ...]] = {
    "NORM": ("426783006",),
    "1AVB": ("270492004",),
    "CRBBB": ("713427006", "59118001"),
    "IRBBB": ("713426002",),
    "CLBBB": ("733534002", "164909002"),
    "SBRAD": ("426177001",),
    "BRADY": ("426627000",),
    "STACH": ("427084000",),
    "SARRH": ("427393009",),
    "AFIB": ("164889003",),
    "AFLT": ("164890007",),
    "PAC": ("284470004", "63593006"),
    "PVC": ("427172004", "17338001", "164884008"),
    "STD_": ("429622005",),
    "STE_": ("164931005",),
    "LAD": ("39732003",),
    "RAD": ("47665007",),
    "LAFB": ("445118002",),
    "IVCD": ("698252002",),
    "LPR": ("164947007",),
    "LQT": ("111975006",),
    "LQRSV": ("251146004",),
    "QWAVE": ("164917005",),
    "TAB_": ("164934002",),
    "INVT": ("59931005",),
    "PACE": ("10370003",),
}
"""The name, then the codes: CRBBB holds right bundle branch block, complete or not said; PVC ventricular ectopics."""

NAMES: dict[str, str] = {code: name for name, codes in CODES.items() for code in codes}
"""The name of each code."""
